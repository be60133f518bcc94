import { DemoError } from './errors.ts';

/** The exit status after Ctrl-C, as shells have it. */
const INTERRUPTED = 130;

/**
 * Says on standard error why the demo could not be shown.
 *
 * @returns the status to exit with
 */
export function describeFailure(error: unknown): number {
  if (error instanceof DemoError) {
    if (error.code === 'interrupted') return INTERRUPTED;
    const hint = error.hint === undefined ? '' : `\n${error.hint}`;
    process.stderr.write(`${error.message}${hint}\n`);
    return 1;
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 1;
}
