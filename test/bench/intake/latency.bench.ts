import { join } from 'node:path';
import { onTestFinished, test } from 'vitest';
import { makeDataDirectory } from '../../support/exporter/service.ts';
import { describeMachine, median, printLines, quantile } from '../statistics.ts';
import { residentMebibytes } from './process-meter.ts';
import { RequestBatch } from './requests.ts';
import { type AnsweredRequest, sendOnSchedule } from './schedule.ts';
import { sendAll } from './sender.ts';
import { type RunningSide, startCollectorSide, startServiceSide } from './sides.ts';

/** SPANLEDGER_BENCH_ROUNDS: fewer for a first look. */
const ROUNDS = Number(process.env['SPANLEDGER_BENCH_ROUNDS'] ?? 7);
/** SPANLEDGER_BENCH_SECONDS: how long a round lasts at most. */
const SECONDS = Math.min(10, Number(process.env['SPANLEDGER_BENCH_SECONDS'] ?? 5));
const SHARE_OF_PEAK = 0.8;
const SPANS_PER_REQUEST = 512;
const CONNECTIONS = 8;
/** So many that nobody who is asked waits for a connection of the sender. */
const MAX_CONNECTIONS = 128;
/** Whoever keeps up has answered the last request so soon after it was due. */
const MAX_TAIL_MS = 500;

/** What was measured of one side at one rate. */
interface Figures {
  latencies: number[];
  taken: number[];
  late: number;
  refused: number;
}

test("how long a request takes at 80 % of the Collector's peak rate, by a schedule that waits for nobody", async () => {
  const data = await makeDataDirectory();
  onTestFinished(() => data.remove());
  const batch = RequestBatch.uniform({ requests: 60, spans: SPANS_PER_REQUEST, form: 'protobuf' });
  await using collector = await startCollectorSide(data.path);
  await using service = await startServiceSide(join(data.path, 'service'));
  const peaks = new Map<RunningSide, number[]>([
    [service, []],
    [collector, []],
  ]);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [side, rates] of peaks) {
      const { seconds } = await sendAll(side.port, batch.headers, batch.renew(), CONNECTIONS);
      await side.rest();
      // The first round warms up and is not counted.
      if (round > 0) rates.push(batch.spans / seconds);
    }
    await collector.clear();
  }
  const ourPeak = median(peaks.get(service) ?? []);
  const theirPeak = median(peaks.get(collector) ?? []);
  const lines = [
    describeMachine(),
    `${SPANS_PER_REQUEST} spans of 20 attributes a request, closed loop, ${CONNECTIONS} connections: Spanledger ${thousands(ourPeak)} spans/s, Collector ${thousands(theirPeak)}`,
  ];
  const rates: [string, number][] = [['80 % of the Collector’s peak', SHARE_OF_PEAK * theirPeak]];
  if (ourPeak < theirPeak) rates.push(['80 % of Spanledger’s own peak', SHARE_OF_PEAK * ourPeak]);
  for (const [what, spansPerSecond] of rates) {
    const ours = newFigures();
    const theirs = newFigures();
    const both: [RunningSide, Figures][] = [
      [service, ours],
      [collector, theirs],
    ];
    for (let round = 0; round < ROUNDS; round++) {
      for (const [side, figures] of round % 2 === 0 ? both : both.toReversed()) {
        await measure(side, batch, spansPerSecond, figures);
        await side.rest();
      }
      await collector.clear();
    }
    lines.push(
      `${what}, ${thousands(spansPerSecond)} spans/s for ${SECONDS} s, ${ROUNDS} rounds, alternating:`,
      describe('  Spanledger', ours, spansPerSecond),
      describe('  Collector ', theirs, spansPerSecond),
    );
  }
  const memory = await Promise.all([service, collector].map(({ pid }) => residentMebibytes(pid)));
  lines.push(`resident: ${memory.map((mebibytes) => `${mebibytes.toFixed(0)} MiB`).join(', ')}`);
  printLines(lines);
}, 1_800_000);

function newFigures(): Figures {
  return { latencies: [], taken: [], late: 0, refused: 0 };
}

async function measure(
  { port }: RunningSide,
  batch: RequestBatch,
  spansPerSecond: number,
  figures: Figures,
): Promise<void> {
  const { answered, late } = await sendOnSchedule({
    port,
    batch,
    spansPerSecond,
    seconds: SECONDS,
    maxConnections: MAX_CONNECTIONS,
  });
  const accepted = answered.filter(({ status }: AnsweredRequest) => status === 200);
  figures.latencies.push(...accepted.map(({ latencyMs }) => latencyMs));
  const inTime = accepted.filter(({ atMs }) => atMs < SECONDS * 1000 + MAX_TAIL_MS);
  figures.taken.push(inTime.reduce((sum, { spans }) => sum + spans, 0) / SECONDS);
  figures.late += late;
  figures.refused += answered.length - accepted.length;
}

function describe(name: string, { latencies, taken, late, refused }: Figures, asked: number): string {
  const reached = median(taken);
  const keepsUp = late === 0 && refused === 0 && reached > 0.97 * asked;
  return [
    `${name} p50 ${median(latencies).toFixed(1)} ms, p99 ${quantile(latencies, 0.99).toFixed(1)} ms of ${latencies.length} acknowledged requests`,
    keepsUp
      ? 'keeps up'
      : `DOES NOT TAKE THAT RATE: ${thousands(reached)} spans/s, ${late} requests without an answer in time, ${refused} refused`,
  ].join('; ');
}

function thousands(value: number): string {
  return `${(value / 1000).toFixed(1)}k`;
}
