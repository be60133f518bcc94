import { join } from 'node:path';
import { onTestFinished, test } from 'vitest';
import { makeDataDirectory } from '../../support/exporter/service.ts';
import { describeMachine, median, printLines } from '../statistics.ts';
import { captureRequests } from './captured-requests.ts';
import { describeFigures, type Figures, figuresOf, measureRound } from './figures.ts';
import { measureRecords } from './floor-sizes.ts';
import { makeJavaRequest } from './java-request.ts';
import { RequestBatch } from './requests.ts';
import { type RunningSide, startCollectorSide, startFloorSide } from './sides.ts';

const ROUNDS = Number(process.env['SPANLEDGER_BENCH_ROUNDS'] ?? 7);
const MIXED_TIMES = 10;

/** Requests that are compared, and what they are without compression. */
interface Load {
  name: string;
  batch: RequestBatch;
  bodies: readonly Buffer[];
  connections: number;
}

test('what cannot be left out of an intake of these records, beside the OpenTelemetry Collector', async () => {
  const data = await makeDataDirectory();
  onTestFinished(() => data.remove());
  const loads = await makeLoads();
  await using collector = await startCollectorSide(data.path);
  const lines = [describeMachine()];
  for (const [at, load] of loads.entries()) {
    const sizes = await measureRecords(load.bodies);
    const { spans, requests } = load.batch;
    await using floor = await startFloorSide(
      { ...sizes, directory: join(data.path, `floor-${at}`) },
      Math.round(spans / requests),
    );
    lines.push(
      `${load.name}: ${requests} requests of ${Math.round(spans / requests)} spans, ${load.connections} connections; ${ROUNDS} rounds, alternating`,
      `  of a span, ${sizes.entryBytes} bytes are hashed, checked and written twice, ${sizes.openingBytes} sealed, checked and written, in ${sizes.groupBytes.length} groups that are hashed`,
      ...(await compare(floor, collector, load)),
    );
  }
  printLines(lines);
}, 900_000);

async function makeLoads(): Promise<Load[]> {
  const large = { requests: 60, spans: 512 } as const;
  const plain = RequestBatch.uniform({ ...large, form: 'protobuf' });
  const small = RequestBatch.uniform({ requests: 1_920, spans: 8, form: 'protobuf' });
  const captured = [...(await captureRequests()), makeJavaRequest()].map(({ bytes }) => bytes);
  const [one, few] = [[plain.renewOne(0).bytes], [small.renewOne(0).bytes]];
  return [
    { name: 'uniform', batch: plain, bodies: one, connections: 4 },
    { name: 'uniform', batch: plain, bodies: one, connections: 8 },
    { name: 'small requests', batch: small, bodies: few, connections: 64 },
    {
      name: 'gzip',
      batch: RequestBatch.uniform({ ...large, form: 'gzip' }),
      bodies: one,
      connections: 4,
    },
    {
      name: 'mixed shapes',
      batch: RequestBatch.of(captured, MIXED_TIMES),
      bodies: captured,
      connections: 4,
    },
  ];
}

async function compare(floor: RunningSide, collector: RunningSide, load: Load): Promise<string[]> {
  const [least, theirs] = [figuresOf(floor), figuresOf(collector)];
  // The first round warms up and is not counted.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const one of round % 2 === 0 ? [least, theirs] : [theirs, least]) {
      await measureRound(one, load.batch, load.connections, round > 0);
      await one.side.rest();
    }
    await collector.clear();
  }
  const [leastCost, theirCost] = [costOf(least), costOf(theirs)];
  return [
    describeFigures(least),
    describeFigures(theirs),
    `  ratio ${(median(least.rates) / median(theirs.rates)).toFixed(2)}x; ${leastCost.toFixed(1)} and ${theirCost.toFixed(1)} us of the processor a span, ${(theirCost / leastCost).toFixed(2)}x`,
  ];
}

/** Processor time, microseconds a span. */
function costOf({ cores, rates }: Figures): number {
  return median(cores.map((share, round) => (share / (rates[round] ?? 1)) * 1e6));
}
