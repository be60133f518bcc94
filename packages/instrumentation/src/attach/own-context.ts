import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * The context of the work at hand where the application has no context manager. Nothing ever enters it unless our own
 * provider is at work, and an unused one costs nothing.
 */
export const ownContext: AsyncLocalStorage<unknown> = new AsyncLocalStorage();
