import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { orAborted } from './abort.ts';
import { DemoError } from './errors.ts';

/** A program to run beside the demo. */
export interface ChildProgram {
  /** How messages name it. */
  readonly name: string;
  /** Arguments of node: options, script, arguments of the script. */
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Finds, in a line of its output, the address it listens on (the first group). */
  readonly ready: RegExp;
}

/** A program that runs and has said where it listens. */
export interface RunningChild {
  readonly url: string;
  readonly pid: number;
  /** Rejects if the program ends before {@link RunningChild.stop} was called; never resolves. */
  readonly failed: Promise<never>;
  /** Asks the program to end, and makes it end if it does not. */
  stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 5_000;
/** Lines of output that are kept for the message when a program fails. */
const KEPT_LINES = 20;

/**
 * Starts a program and waits until it listens.
 *
 * @param signal gives up waiting, and ends the program
 * @throws DemoError `child_failed` if it ends first, `child_timeout` if it says nothing for a minute, `interrupted`
 */
export async function startChild(program: ChildProgram, signal: AbortSignal): Promise<RunningChild> {
  const { args, cwd, env } = program;
  const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  let stopping = false;
  const failed = watchEnd(child, program.name, lines, () => stopping);
  // Whoever waits for something else at that moment hears of the failure through what stops working.
  failed.catch(() => undefined);
  const stop = async (): Promise<void> => {
    stopping = true;
    await endChild(child);
  };
  const timeout = new AbortController();
  try {
    const ready = Promise.race([
      readAddress(child, program.ready, lines),
      failed,
      expire(program, timeout.signal),
    ]);
    const url = await orAborted(ready, signal);
    return { url, pid: child.pid ?? 0, failed, stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    timeout.abort();
  }
}

function readAddress(child: ChildProcess, ready: RegExp, lines: string[]): Promise<string> {
  return new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        if (lines.length > KEPT_LINES) lines.shift();
        const url = ready.exec(line)?.[1];
        if (url !== undefined) resolve(url);
      });
    }
  });
}

async function watchEnd(
  child: ChildProcess,
  name: string,
  lines: readonly string[],
  isStopping: () => boolean,
): Promise<never> {
  const [code, signal] = await once(child, 'close');
  if (isStopping()) return new Promise<never>(() => undefined);
  throw new DemoError(
    'child_failed',
    `${name} ended with ${signal ?? `status ${code}`}:\n${lines.join('\n')}`,
  );
}

async function expire(program: ChildProgram, signal: AbortSignal): Promise<never> {
  await new Promise((resolve) => {
    const timer = setTimeout(resolve, READY_TIMEOUT_MS);
    signal.addEventListener('abort', () => clearTimeout(timer));
  });
  throw new DemoError('child_timeout', `${program.name} did not say within a minute where it listens`);
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, 'close');
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(force);
}
