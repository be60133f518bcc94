import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { colored, plain, type Paint } from './output/paint.ts';

/** A second Ctrl-C within this time is the same one: npm passes on what the terminal already delivered. */
const SAME_SIGNAL_MS = 1000;
const INTERRUPTED = 130;

/** What a command knows of the world around it; tests bring their own. */
export interface Context {
  /** Writes to standard output. */
  out: (text: string) => void;
  /** Writes to standard error. */
  err: (text: string) => void;
  /** Colours for standard output. */
  paint: Paint;
  /** Writes to standard error if that is a terminal, for what is to be taken away again; undefined elsewhere. */
  draw: ((text: string) => void) | undefined;
  /** How wide the terminal is; absent where standard output is none. */
  columns?: number;
  env: NodeJS.ProcessEnv;
  /** Reads standard input to its end. */
  readInput: () => Promise<string>;
  /** Asks whoever sits at the terminal for a line; undefined where nobody does. */
  ask: ((question: string) => Promise<string>) | undefined;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Aborts at the first Ctrl-C or SIGTERM after the call; a later one ends the process. */
  untilInterrupted: () => AbortSignal;
  /** Calls `work` at each SIGHUP; of a process on a terminal, it is the terminal that has gone, and ends it. */
  onHangUp: (work: () => void) => void;
  /** What the process is to end with; a command sets it. */
  exitCode: number;
  /** The query as the user wrote it, to point at a mistake in it; a command sets it. */
  query: string | undefined;
  /** The exit status matters although nobody reads the output any more. */
  mustFinish: boolean;
}

/** The context of this process. */
export function processContext(): Context {
  const { env } = process;
  const context: Context = {
    out: (chunk) => process.stdout.write(chunk),
    err: (chunk) => process.stderr.write(chunk),
    paint: wantsColor(process.stdout, env) ? colored : plain,
    draw: process.stderr.isTTY ? (chunk) => process.stderr.write(chunk) : undefined,
    ...(process.stdout.isTTY && process.stdout.columns > 0 && { columns: process.stdout.columns }),
    env,
    readInput: () => text(process.stdin),
    ask: process.stdin.isTTY && process.stderr.isTTY ? ask : undefined,
    now: Date.now,
    untilInterrupted,
    onHangUp: (work) => {
      if (!process.stdin.isTTY) process.on('SIGHUP', work);
    },
    exitCode: 0,
    query: undefined,
    mustFinish: false,
  };
  quietBrokenPipe(process.stdout, context);
  quietBrokenPipe(process.stderr, context);
  return context;
}

async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}

/** https://no-color.org: set and not empty means no colour. */
function wantsColor(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}

/** `spanledger search … | head`: whoever has read enough closes the pipe, and that is no error. */
function quietBrokenPipe(stream: NodeJS.WriteStream, context: Context): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (!context.mustFinish) process.exit(0);
  });
}

function untilInterrupted(): AbortSignal {
  const stop = new AbortController();
  let firstMs: number | undefined;
  const onSignal = (): void => {
    firstMs ??= performance.now();
    if (stop.signal.aborted && performance.now() - firstMs > SAME_SIGNAL_MS) process.exit(INTERRUPTED);
    stop.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return stop.signal;
}
