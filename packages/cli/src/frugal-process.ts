import { existsSync } from 'node:fs';

/**
 * glibc keeps what was freed: an area of its own for each thread, and in them, once one large block was freed, the next
 * large ones. A service has ten threads, and bodies and batches that come and go: it is twice as large for it.
 */
const ALLOCATOR: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: '2',
  // What is larger than most bodies is given back as soon as it is freed, and goes on being so. What is as large as a body
  // is used again by the next: to have the system clear new memory for each of them takes longer than to receive it.
  MALLOC_MMAP_THRESHOLD_: '1048576',
  MALLOC_TRIM_THRESHOLD_: '8388608',
};

/** The young part of the memory of the thread that takes in requests may not grow to 128 MB: it is never given back. */
const FLAGS = ['--max-semi-space-size=8'] as const;

/** What a process was started with. */
export interface StartedProcess {
  readonly platform: NodeJS.Platform;
  readonly execPath: string;
  readonly execArgv: readonly string[];
  /** The interpreter, the script and its arguments. */
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Whether it talks with the process that started it, which nothing else could go on with. */
  readonly connected: boolean;
  /** Becomes another program; absent where there is no such thing. */
  execve?(file: string, args: readonly string[], env: NodeJS.ProcessEnv): unknown;
}

/**
 * Begins a process that is going to serve anew, as the same process, with a C library and a V8 that keep little memory: both
 * are told before they start, or not at all. What somebody has set already stays. Returns where that was done, or
 * cannot be: on anything but Linux, and beneath a process that talks with this one.
 */
export function startFrugally(started: StartedProcess): void {
  const { platform, execPath, execArgv, argv, env, connected } = started;
  const isDone = Object.keys(ALLOCATOR).every((name) => env[name] !== undefined);
  // Once it has begun, there is no way back.
  if (isDone || connected || platform !== 'linux' || !existsSync(execPath)) return;
  try {
    started.execve?.(execPath, [execPath, ...FLAGS, ...execArgv, ...argv.slice(1)], { ...ALLOCATOR, ...env });
  } catch {
    // Not allowed here: it is a larger process, and nothing else.
  }
}
