import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A program that runs until it is told to end. */
export interface ChildProgram extends AsyncDisposable {
  /** Writes a line to its standard input. */
  tell: (line: string) => void;
  /** The next line of its standard output. */
  line: () => Promise<string>;
}

/**
 * Starts a program that talks in lines.
 *
 * Disposing of it closes its standard input and ends it. What it writes to standard error is in the error that `line`
 * rejects with once it has ended.
 */
export function startProgram(file: string, args: readonly string[]): ChildProgram {
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const closed = once(child, 'close');
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  // One that has ended takes nothing more; `line` tells why.
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    tell: (line) => child.stdin.write(`${line}\n`),
    line: async () => {
      const next = await lines.next();
      if (next.done !== true) return next.value;
      await closed;
      throw new Error(`${file} ended with ${child.exitCode ?? child.signalCode}: ${stderr}`);
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      child.kill();
      await closed;
    },
  };
}
