/**
 * Loader hooks for a Node whose synchronous ones do not suffice; they run on the loader's thread. Not
 * import-in-the-middle's own module of hooks: that is one per thread, and restricting it to our files would restrict it
 * for OpenTelemetry's instrumentations, which register it for all.
 */
import { createHook, type Hook } from 'import-in-the-middle/create-hook.mjs';

/** What {@link initialize} is told by the application's thread. */
export interface LoaderThreadData {
  /** URL of a module of import-in-the-middle, next to which it finds its parts. */
  readonly hookUrl: string;
  /** The files to hook. */
  readonly include: RegExp[];
}

let hook: Hook | undefined;

/** Called by Node when the hooks are registered. */
export function initialize({ hookUrl, include }: LoaderThreadData): void {
  hook = createHook({ url: hookUrl });
  hook.applyOptions({ include });
}

/** Node's `resolve` hook. */
export const resolve: Hook['resolve'] = (specifier, context, next) =>
  hook === undefined ? next(specifier, context) : hook.resolve(specifier, context, next);

/** Node's `load` hook. */
export const load: Hook['load'] = (url, context, next) =>
  hook === undefined ? next(url, context) : hook.load(url, context, next);
