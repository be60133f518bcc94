import { DemoError } from './errors.ts';

/** Resolves when the signal is aborted. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/**
 * @returns what the work comes to
 * @throws DemoError `interrupted` as soon as the signal is aborted
 */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const interrupted = untilAborted(signal).then((): never => {
    throw new DemoError('interrupted', 'interrupted');
  });
  return Promise.race([work, interrupted]);
}
