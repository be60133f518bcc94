import { join } from 'node:path';
import { onTestFinished, test } from 'vitest';
import { makeDataDirectory } from '../../support/exporter/service.ts';
import { describeMachine, median, printLines } from '../statistics.ts';
import { describeFigures, type Figures, figuresOf, measureRound } from './figures.ts';
import { measureRecords } from './floor-sizes.ts';
import { RequestBatch } from './requests.ts';
import { startCollectorSide, startFloorSide } from './sides.ts';

const ROUNDS = Number(process.env['SPANLEDGER_BENCH_ROUNDS'] ?? 7);
const SPANS = 512;
const REQUESTS = 60;

test('what cannot be left out of an intake of these records, beside the OpenTelemetry Collector', async () => {
  const data = await makeDataDirectory();
  onTestFinished(() => data.remove());
  const batch = RequestBatch.uniform({ requests: REQUESTS, spans: SPANS, form: 'protobuf' });
  const sizes = await measureRecords(batch.renewOne(0).bytes);
  await using collector = await startCollectorSide(data.path);
  await using floor = await startFloorSide({ ...sizes, directory: join(data.path, 'floor') }, SPANS);
  const lines = [
    describeMachine(),
    `${SPANS} spans of 20 attributes a request: of each, ${sizes.entryBytes} bytes are hashed, checked and written twice, ${sizes.openingBytes} sealed, checked and written, in ${sizes.groupBytes.length} groups that are hashed`,
  ];
  for (const connections of [4, 8]) {
    const [least, theirs] = [figuresOf(floor), figuresOf(collector)];
    for (let round = 0; round <= ROUNDS; round++) {
      for (const one of round % 2 === 0 ? [least, theirs] : [theirs, least]) {
        await measureRound(one, batch, connections, round > 0);
        await one.side.rest();
      }
      await collector.clear();
    }
    lines.push(`${REQUESTS} requests, ${connections} connections; ${ROUNDS} rounds, alternating`);
    lines.push(describeFigures(least), describeFigures(theirs));
    const [leastCost, theirCost] = [costOf(least), costOf(theirs)];
    lines.push(
      `  ratio ${(median(least.rates) / median(theirs.rates)).toFixed(2)}x; ${leastCost.toFixed(1)} and ${theirCost.toFixed(1)} us of the processor a span, ${(theirCost / leastCost).toFixed(2)}x`,
    );
  }
  printLines(lines);
}, 600_000);

/** Processor time, microseconds a span. */
function costOf({ cores, rates }: Figures): number {
  return median(cores.map((share, round) => (share / (rates[round] ?? 1)) * 1e6));
}
