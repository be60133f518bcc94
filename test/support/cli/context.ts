import type { Context } from '../../../packages/cli/src/context.ts';
import { plain } from '../../../packages/cli/src/output/paint.ts';
import { run } from '../../../packages/cli/src/run.ts';

/** A context that keeps what is written. */
export interface TestContext extends Context {
  written: { out: string; err: string };
}

/** A context without terminal, input and environment, at a fixed time. */
export function testContext(changes: Partial<Context> = {}): TestContext {
  const written = { out: '', err: '' };
  return {
    written,
    out: (text) => {
      written.out += text;
    },
    err: (text) => {
      written.err += text;
    },
    paint: plain,
    draw: undefined,
    env: {},
    readInput: () => Promise.resolve(''),
    ask: undefined,
    now: () => Date.parse('2026-11-21T12:00:00Z'),
    untilInterrupted: () => new AbortController().signal,
    onHangUp: () => undefined,
    exitCode: 0,
    query: undefined,
    mustFinish: false,
    ...changes,
  };
}

/** Runs a command line in this process. */
export async function runHere(
  args: string[],
  changes: Partial<Context> = {},
): Promise<{ status: number; stdout: string; stderr: string }> {
  const context = testContext(changes);
  const status = await run(args, context);
  return { status, stdout: context.written.out, stderr: context.written.err };
}
