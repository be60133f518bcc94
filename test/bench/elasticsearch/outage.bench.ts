import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readStatus } from '../../support/elasticsearch/caught-up.ts';
import { startFaultProxy } from '../../support/elasticsearch/fault-proxy.ts';
import { countIds, makeTestStream } from '../../support/elasticsearch/stream.ts';
import { ServiceProcess } from '../../support/exporter/service-process.ts';
import { makeDataDirectory, sendTraces, waitFor } from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf } from '../../support/exporter/spans.ts';
import { type ElasticsearchNode, startElasticsearch } from '../../real/elasticsearch/node.ts';
import { describeMachine, printLines } from '../statistics.ts';

/** Records that are taken in while Elasticsearch is gone. */
const RECORDS = 220_000;
const SPANS_PER_REQUEST = 500;
const SAMPLE_EVERY = 20_000;
const KIB_PER_MIB = 1024;

/** What a follower that waits may hold: its client, one request under way and one prepared, and what they were made of. */
const MAX_MORE_MIB = 160;

const FIRST_RECORDS = 2_000;

let node: ElasticsearchNode | undefined;
let url = process.env['SPANLEDGER_TEST_ELASTICSEARCH'] ?? '';

beforeAll(async () => {
  if (url === '') {
    node = await startElasticsearch();
    url = node.url;
  }
});

afterAll(async () => {
  await node?.close();
});

/** Resident memory of a process, MiB. */
async function residentMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / KIB_PER_MIB);
}

/** Sends records; resident memory after every {@link SAMPLE_EVERY}, MiB. */
async function sendAll(service: ServiceProcess, records: number): Promise<number[]> {
  const sender = createSender('shop');
  const samples: number[] = [];
  for (let sent = 0; sent < records; sent += SPANS_PER_REQUEST) {
    const spans = Array.from({ length: SPANS_PER_REQUEST }, (_, i) =>
      sender.span({
        attributes: {
          ...sessionAttributes(`person ${i % 50}`, `session ${i % 90}`),
          'url.path': `/orders/${sent + i}`,
          'client.address': `10.1.${i % 200}.7`,
        },
      }),
    );
    const body = toProtobuf(spans);
    while ((await sendTraces(service.url ?? '', body)).status !== 200);
    if (sent % SAMPLE_EVERY === 0 && sent > 0) samples.push(await residentMib(service.pid));
  }
  return samples;
}

/** The most that a service without Elasticsearch holds, MiB. */
async function withoutElasticsearch(): Promise<number[]> {
  const data = await makeDataDirectory();
  const service = new ServiceProcess(data.path);
  try {
    await service.start();
    return await sendAll(service, RECORDS);
  } finally {
    await service.kill();
    await data.remove();
  }
}

test('memory while records pile up and Elasticsearch is gone, and how long it takes to catch up', async () => {
  const alone = await withoutElasticsearch();
  await using stream = await makeTestStream(url);
  await using proxy = await startFaultProxy(stream.url);
  const data = await makeDataDirectory();
  await using service = new ServiceProcess(data.path, [], 0, {
    SPANLEDGER_ELASTICSEARCH_URL: proxy.url,
    SPANLEDGER_ELASTICSEARCH_NAMESPACE: stream.namespace,
  });
  try {
    await service.start();
    const lag = async (): Promise<number> => {
      const { sizes, elasticsearch } = await readStatus(service.url ?? '');
      return (elasticsearch?.lag ?? 0) + sizes.durable - sizes.published;
    };
    await sendAll(service, FIRST_RECORDS);
    await waitFor('the first records', async () => (await lag()) === 0, 30_000);
    let asked = 0;
    proxy.onRequest = () => (asked++ % 2 === 0 ? { kind: 'cut_before' } : { kind: 'answer', status: 503 });
    const during = await sendAll(service, RECORDS);
    const waiting = await lag();
    const before = await residentMib(service.pid);
    proxy.onRequest = undefined;
    const started = performance.now();
    let most = before;
    await waitFor(
      'the rest',
      async () => {
        most = Math.max(most, await residentMib(service.pid));
        return (await lag()) === 0;
      },
      300_000,
    );
    const seconds = (performance.now() - started) / 1000;
    const counts = await countIds(stream);
    printLines([
      describeMachine(),
      `without Elasticsearch, MiB after every ${SAMPLE_EVERY} records: ${alone.join(' ')}`,
      `while it is gone, MiB after every ${SAMPLE_EVERY} records: ${during.join(' ')}`,
      `records that wait: ${waiting}; attempts to send: ${asked}`,
      `caught up after ${seconds.toFixed(1)} s, ${Math.round(waiting / seconds)}/s; ${most} MiB at most meanwhile`,
    ]);
    expect(waiting).toBeGreaterThanOrEqual(RECORDS);
    expect(counts.size).toBe(FIRST_RECORDS + RECORDS);
    expect([...counts.values()].every((count) => count === 1)).toBe(true);
    // However many wait: a follower that keeps them would hold their 400 MB.
    expect(Math.max(...during)).toBeLessThan(Math.max(...alone) + MAX_MORE_MIB);
    expect(most).toBeLessThan(Math.max(...alone) + MAX_MORE_MIB);
  } finally {
    await service.kill();
    await data.remove();
  }
});
