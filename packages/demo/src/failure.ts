import { DemoError } from './errors.ts';

/** The exit status after Ctrl-C, as shells have it. */
const INTERRUPTED = 130;

const USAGE = 2;

/**
 * Says on standard error why the demo could not be shown.
 *
 * @param json - as one line of JSON, as the command line does
 * @returns the status to exit with
 */
export function describeFailure(error: unknown, json: boolean): number {
  if (error instanceof DemoError) {
    if (error.code === 'interrupted') return INTERRUPTED;
    const { code, message, hint } = error;
    const lines = hint === undefined ? message : `${message}\n${hint}`;
    process.stderr.write(`${json ? JSON.stringify({ error: { code, message, hint } }) : lines}\n`);
    return code === 'directory_unusable' ? USAGE : 1;
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 1;
}
