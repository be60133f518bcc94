import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { FixtureProcess } from './fixture-process.ts';
import { decodeTraceRequest } from './otlp-decoder.ts';
import { TestReceiver, type Answer } from './receiver.ts';
import { scratchDirectory } from './scratch.ts';

/** What is wrong with a receiver, for a time. */
export interface Trouble {
  readonly name: string;
  /** How it answers; absent where it does not even listen. */
  readonly answer?: Answer;
  /** For how long, from the first span on; for ever if it is Infinity. */
  readonly forMs: number;
}

/** How much of what an application made became of it. */
export interface Losses {
  readonly missing: number;
  /** Spans that came more than once. */
  readonly twice: number;
  /** Spans in `rejected/`. */
  readonly aside: number;
}

export interface LossRun {
  readonly perSecond: number;
  readonly seconds: number;
  /** How long to wait for what is late. */
  readonly patienceMs: number;
  /** How long the application's own exporter gets to flush; 0 where nobody asks how it did. */
  readonly flushMs: number;
}

/** Lets an application make traces while its receivers are in trouble: ours, and the one of its own exporter. */
export async function runWithTrouble(
  trouble: Trouble,
  { perSecond, seconds, patienceMs, flushMs }: LossRun,
): Promise<{ made: number; ours: Losses; batch: Losses }> {
  await using stack = new AsyncDisposableStack();
  const audit = stack.use(await new TestReceiver().listen());
  const telemetry = stack.use(await new TestReceiver().listen());
  const { path: spool } = stack.use(await scratchDirectory());
  const receivers = [audit, telemetry];
  const { answer, forMs } = trouble;
  for (const receiver of receivers) {
    if (answer === undefined) await receiver.close();
    else receiver.answer = () => answer;
  }
  const app = stack.use(
    new FixtureProcess('trees.mjs', {
      args: [String(perSecond), String(seconds)],
      env: {
        SPANLEDGER_ENDPOINT: audit.url,
        SPANLEDGER_SPOOL_DIR: spool,
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: telemetry.url,
        // The processor's own default.
        OTEL_BSP_SCHEDULE_DELAY: '5000',
      },
    }),
  );
  await app.line(/^begun$/m);
  const mended = forMs === Infinity ? Promise.resolve() : pause(forMs).then(() => mend(receivers, answer));
  const made = Number((await app.line(/^made (\d+)$/m, seconds * 2_000 + 20_000))[1]);
  await mended;
  const deadline = Date.now() + patienceMs;
  let ours = await lossesOf(audit, made, spool);
  while (ours.missing > ours.aside && Date.now() < deadline) {
    await pause(100);
    ours = await lossesOf(audit, made, spool);
  }
  if (flushMs > 0) {
    // The SDK of auto-instrumentations flushes what it has, and goes on.
    app.child.kill('SIGTERM');
    await pause(flushMs);
  }
  return {
    made,
    ours: await lossesOf(audit, made, spool),
    batch: await lossesOf(telemetry, made, undefined),
  };
}

async function mend(receivers: readonly TestReceiver[], answer: Answer | undefined): Promise<void> {
  for (const receiver of receivers) {
    receiver.answer = () => ({ status: 200 });
    if (answer === undefined) await receiver.listen();
  }
}

async function lossesOf(receiver: TestReceiver, made: number, spool: string | undefined): Promise<Losses> {
  const names = receiver.spans.map(({ name }) => name);
  const unique = new Set(names).size;
  return { missing: made - unique, twice: names.length - unique, aside: await spansAside(spool) };
}

async function spansAside(spool: string | undefined): Promise<number> {
  if (spool === undefined) return 0;
  const folder = join(spool, 'rejected');
  const files = await readdir(folder).catch(() => []);
  const names = new Set<string>();
  for (const file of files) {
    for (const { name } of decodeTraceRequest(await readFile(join(folder, file)))) names.add(name);
  }
  return names.size;
}
