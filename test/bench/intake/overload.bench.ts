import { expect, onTestFinished, test } from 'vitest';
import { makeDataDirectory, publishedEntries, verifyDirectory } from '../../support/exporter/service.ts';
import { describeMachine, median, printLines, quantile } from '../statistics.ts';
import { watchMemory } from './process-meter.ts';
import { RequestBatch } from './requests.ts';
import { sendOnSchedule } from './schedule.ts';
import { sendAll } from './sender.ts';
import { startServiceSide } from './sides.ts';

/** SPANLEDGER_BENCH_SECONDS: shorter for a first look. */
const SECONDS = Number(process.env['SPANLEDGER_BENCH_SECONDS'] ?? 60);
const PEAK_ROUNDS = 3;
const SPANS_PER_REQUEST = 512;
const CONNECTIONS = 8;
/** So many that the service has to refuse: together their bodies are larger than what it lets in. */
const MAX_CONNECTIONS = 1_024;

test('twice as much as the service takes: what it refuses says so, what it acknowledged is there once, and its memory is bounded', async () => {
  const data = await makeDataDirectory();
  onTestFinished(() => data.remove());
  await using service = await startServiceSide(data.path);
  const batch = RequestBatch.uniform({ requests: 60, spans: SPANS_PER_REQUEST, form: 'protobuf' });
  const peaks: number[] = [];
  for (let round = 0; round <= PEAK_ROUNDS; round++) {
    const { seconds } = await sendAll(service.port, batch.headers, batch.renew(), CONNECTIONS);
    await service.rest();
    if (round > 0) peaks.push(batch.spans / seconds);
  }
  const spansPerSecond = 2 * median(peaks);
  const memory = watchMemory(service.pid);
  const { answered, late } = await sendOnSchedule({
    port: service.port,
    batch,
    spansPerSecond,
    seconds: SECONDS,
    maxConnections: MAX_CONNECTIONS,
  });
  const resident = memory.stop();
  const accepted = answered.filter(({ status }) => status === 200);
  const refused = answered.filter(({ status }) => status !== 200);
  const drained = await service.rest();
  await service.stop();
  const acknowledged = new Map(
    accepted.flatMap(({ streamIds, spans }) => streamIds.map((id) => [id, spans])),
  );
  const found = await countNumbers(data.path, acknowledged);
  const latencies = accepted.map(({ latencyMs }) => latencyMs);
  const spans = accepted.reduce((sum, one) => sum + one.spans, 0);
  const statuses = [...new Set(refused.map(({ status }) => status))].sort((a, b) => a - b);
  const sampled = resident.filter((_, at) => at % Math.ceil(resident.length / 12) === 0);
  expect(found.twice, 'no span twice').toBe(0);
  expect([...acknowledged].filter(([id, count]) => found.counts.get(id) !== count)).toEqual([]);
  expect(statuses.filter((status) => status !== 429 && status !== 503)).toEqual([]);
  expect(refused.filter(({ retryAfter }) => retryAfter === undefined)).toEqual([]);
  expect((await verifyDirectory(data.path)).failures).toEqual([]);
  printLines([
    describeMachine(),
    `asked ${(spansPerSecond / 1000).toFixed(1)}k spans/s for ${SECONDS} s, twice the peak of ${(median(peaks) / 1000).toFixed(1)}k, over up to ${MAX_CONNECTIONS} connections`,
    `acknowledged ${spans} spans in ${accepted.length} requests (${(spans / SECONDS / 1000).toFixed(1)}k spans/s), p50 ${median(latencies).toFixed(0)} ms, p99 ${quantile(latencies, 0.99).toFixed(0)} ms`,
    `refused ${refused.length} requests${refused.length > 0 ? `, all with Retry-After: ${statuses.join(', ')}` : ''}; ${late} without an answer in time`,
    `resident at most ${Math.max(...resident).toFixed(0)} MiB; over time ${sampled.map((mebibytes) => mebibytes.toFixed(0)).join(' ')}`,
    `all ${acknowledged.size} acknowledged requests are in the log, each span once; the followers took ${drained.toFixed(0)} s more`,
  ]);
}, 1_800_000);

/** How many different numbers each of some producers has in the log, and how many came twice. */
async function countNumbers(
  directory: string,
  wanted: ReadonlyMap<string, number>,
): Promise<{ counts: Map<string, number>; twice: number }> {
  const counts = new Map<string, number>();
  const seen = new Map<string, Set<number>>();
  let twice = 0;
  for await (const { audit } of publishedEntries(directory)) {
    const { sequence } = JSON.parse(JSON.stringify(audit));
    if (sequence === undefined || !wanted.has(sequence.stream_id)) continue;
    const numbers = seen.get(sequence.stream_id) ?? new Set();
    if (numbers.has(sequence.number)) twice++;
    seen.set(sequence.stream_id, numbers.add(sequence.number));
    counts.set(sequence.stream_id, numbers.size);
  }
  return { counts, twice };
}
