import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { anchorFileName, type AnchorTarget } from './anchored-checkpoint.ts';

/** How much of what a command prints is kept for the message about its failure, in bytes. */
export const MAX_OUTPUT_BYTES = 4096;

/** How long a command that was told to end is given before it is killed, in milliseconds. */
const KILL_AFTER_MS = 2_000;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** What a {@link commandTarget} needs. */
export interface CommandTargetOptions {
  /** Program and arguments; no shell looks at them. */
  command: readonly [string, ...string[]];
  /** The longest time that it may take, in milliseconds. */
  timeoutMs: number;
  /** The log's folder, which the command may want to copy from. */
  ledger: string;
  /** What else the command finds in its environment. */
  env: NodeJS.ProcessEnv;
}

/**
 * Runs a command for each checkpoint: the signed note is its standard input, and it has done its work if it ends with 0.
 * `SPANLEDGER_ANCHOR_SIZE`, `_ORIGIN`, `_NAME` (the size in 20 digits) and `_PATH` (the log's folder) tell it more.
 */
export function commandTarget({ command, timeoutMs, ledger, env }: CommandTargetOptions): AnchorTarget {
  const [program, ...args] = command;
  return {
    async hand({ note, size, origin }, signal) {
      const own = {
        SPANLEDGER_ANCHOR_SIZE: `${size}`,
        SPANLEDGER_ANCHOR_ORIGIN: origin,
        SPANLEDGER_ANCHOR_NAME: anchorFileName(size),
        SPANLEDGER_ANCHOR_PATH: ledger,
      };
      // A group of its own, so that all that it has started ends with it.
      const child = spawn(program, args, {
        env: { ...env, ...own },
        stdio: ['pipe', 'pipe', 'pipe'],
        detached: true,
      });
      await watch(child, { program, note, timeoutMs, signal });
    },
  };
}

/** Resolves if a command ends with 0 in time. */
async function watch(
  child: Child,
  {
    program,
    note,
    timeoutMs,
    signal,
  }: { program: string; note: string; timeoutMs: number; signal: AbortSignal },
): Promise<void> {
  const output = gather(child);
  let reason: string | undefined;
  const end = (why: string): void => {
    reason ??= why;
    signalGroup(child, 'SIGTERM');
    setTimeout(() => {
      signalGroup(child, 'SIGKILL');
    }, KILL_AFTER_MS).unref();
  };
  const timer = setTimeout(() => {
    end(`did not end within ${timeoutMs} ms and was stopped`);
  }, timeoutMs);
  const onAbort = (): void => {
    end('was stopped with the service');
  };
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    const ended = await new Promise<string | undefined>((resolve, reject) => {
      child.once('error', (cause) => {
        reject(new Error(`${program} cannot be started: ${cause.message}`, { cause }));
      });
      // A command need not read what it is given.
      child.stdin.on('error', () => undefined);
      child.stdin.end(note);
      // Its exit and not the end of its output: something that it left running may hold that open.
      child.once('exit', (code, name) => {
        resolve(code === 0 ? undefined : name === null ? `ended with ${code}` : `was ended by ${name}`);
      });
    });
    const trouble = reason ?? ended;
    if (trouble === undefined) return;
    const said = output().trim();
    throw new Error(`${program} ${trouble}${said === '' ? '' : `: ${said}`}`);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    // What it has left running in its group would only add up.
    if (child.pid !== undefined) signalGroup(child, 'SIGTERM');
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

/** Reads all that a command prints, so that it never waits, and keeps the beginning. */
function gather(child: Child): () => string {
  let kept = Buffer.alloc(0);
  for (const stream of [child.stderr, child.stdout]) {
    stream.on('data', (chunk: Buffer) => {
      if (kept.length < MAX_OUTPUT_BYTES)
        kept = Buffer.concat([kept, chunk.subarray(0, MAX_OUTPUT_BYTES - kept.length)]);
    });
    stream.on('error', () => undefined);
  }
  return () => kept.toString('utf8');
}

function signalGroup({ pid }: Child, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch {
    // It has ended.
  }
}
