import { onTestFinished, test } from 'vitest';
import { makeDataDirectory } from '../../support/exporter/service.ts';
import { describeMachine, printLines } from '../statistics.ts';
import { type Progress, readProgress, untilCaughtUp } from './follower-progress.ts';
import { watchMemory } from './process-meter.ts';
import { RequestBatch } from './requests.ts';
import { sendOnSchedule } from './schedule.ts';
import { sendAll } from './sender.ts';
import { startServiceSide } from './sides.ts';

/** SPANLEDGER_BENCH_SECONDS: shorter for a first look. */
const SECONDS = Number(process.env['SPANLEDGER_BENCH_SECONDS'] ?? 60);
const ASKED = 100_000;
const SPANS_PER_REQUEST = 512;
/** As many as it takes to keep the service busy, and too few to make it refuse. */
const CONNECTIONS = 16;
const LOOK_MS = 1_000;
const MAX_WAIT_MS = 600_000;

test(`index and vault behind the log, at ${ASKED} spans a second or as many as are taken`, async () => {
  const data = await makeDataDirectory();
  onTestFinished(() => data.remove());
  await using service = await startServiceSide(data.path);
  const batch = RequestBatch.uniform({ requests: 60, spans: SPANS_PER_REQUEST, form: 'protobuf' });
  await sendAll(service.port, batch.headers, batch.renew(), CONNECTIONS);
  await service.rest();

  const looks: Progress[] = [];
  const look = async (): Promise<void> => void looks.push(await readProgress(service.port, data.path));
  await look();
  const memory = watchMemory(service.pid);
  const timer = setInterval(() => void look().catch(() => undefined), LOOK_MS);
  const { answered, late } = await sendOnSchedule({
    port: service.port,
    batch,
    spansPerSecond: ASKED,
    seconds: SECONDS,
    maxConnections: CONNECTIONS,
  });
  clearInterval(timer);
  const end = await readProgress(service.port, data.path);
  const resident = memory.stop();
  const caughtUp = await untilCaughtUp(service.port, MAX_WAIT_MS, data.path);

  const [first] = looks;
  if (first === undefined) throw new Error('nothing was seen');
  const accepted = answered.filter(({ status }) => status === 200).reduce((sum, { spans }) => sum + spans, 0);
  const lines = [
    describeMachine(),
    `asked ${ASKED} spans/s for ${SECONDS} s over ${CONNECTIONS} connections: acknowledged ${accepted}, ${perSecond(accepted, SECONDS)}; ${late} requests found no turn, ${answered.length} were answered`,
    `published ${perSecond(end.published - first.published, (end.atMs - first.atMs) / 1000)}; resident at most ${Math.max(...resident).toFixed(0)} MiB`,
  ];
  for (const name of Object.keys(first.lags)) {
    const taken = takenIn(end, name) - takenIn(first, name);
    const seconds = (end.atMs - first.atMs) / 1000;
    const sampled = looks.filter((_, at) => at % Math.ceil(looks.length / 12) === 0);
    const after = caughtUp.get(name);
    const lag = end.lags[name] ?? 0;
    lines.push(
      `${name}: ${perSecond(taken, seconds)} meanwhile; lag at the end ${lag} records, over time ${sampled.map(({ lags }) => lags[name] ?? 0).join(' ')}`,
      after === undefined
        ? `  has not caught up ${MAX_WAIT_MS / 1000} s after the load`
        : `  caught up ${after.toFixed(1)} s after the load: ${perSecond(lag, after)}`,
    );
  }
  printLines(lines);
}, 1_800_000);

function takenIn({ published, lags }: Progress, name: string): number {
  return published - (lags[name] ?? 0);
}

function perSecond(count: number, seconds: number): string {
  return `${(count / seconds / 1000).toFixed(1)}k a second`;
}
