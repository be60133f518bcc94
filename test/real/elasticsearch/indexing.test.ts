import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { caughtUp, readStatus } from '../../support/elasticsearch/caught-up.ts';
import { startFaultProxy } from '../../support/elasticsearch/fault-proxy.ts';
import { countIds, makeTestStream, type TestStream } from '../../support/elasticsearch/stream.ts';
import { Load } from '../../support/exporter/load.ts';
import { ServiceProcess } from '../../support/exporter/service-process.ts';
import {
  makeDataDirectory,
  readEntries,
  sendTraces,
  startTestService,
  waitFor,
} from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf } from '../../support/exporter/spans.ts';
import { startElasticsearch } from './node.ts';
import { sharedElasticsearch } from './shared.ts';

const KILLS = 4;

/** The configuration that sends to a stream, by way of `url`. */
function environment({ namespace }: TestStream, url: string): NodeJS.ProcessEnv {
  return { SPANLEDGER_ELASTICSEARCH_URL: url, SPANLEDGER_ELASTICSEARCH_NAMESPACE: namespace };
}

test('the document is what the archive answers, field for field, and verifies alone', async () => {
  await using stream = await makeTestStream(await sharedElasticsearch());
  const data = await makeDataDirectory();
  onTestFinished(() => data.remove());
  const service = await startTestService(data.path, environment(stream, stream.url));
  const sender = createSender('shop');
  const spans = Array.from({ length: 30 }, () =>
    sender.span({ attributes: sessionAttributes('alice', 's-1') }),
  );
  await sendTraces(service.url, toProtobuf(spans));
  await caughtUp(service.url);
  await stream.client.indices.refresh({ index: stream.stream });
  const { hits } = await stream.client.search({
    index: stream.stream,
    size: 100,
    sort: 'audit.ledger.index',
  });
  const answered = await (await fetch(`${service.url}/api/records?limit=100&order=asc`)).json();
  await service.close();
  expect(hits.hits).toHaveLength(30);
  expect({ records: hits.hits.map(({ _source }) => _source) }).toEqual(answered);
  expect(JSON.stringify(hits.hits[0]?._source)).toContain('alice');
});

test(`kill -9 of the service, ${KILLS} times under load, and of Elasticsearch: every record is there once`, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'spanledger-killed-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  let node = await startElasticsearch({ directory, heap: '512m' });
  onTestFinished(() => node.close());
  await using stream = await makeTestStream(node.url);
  const data = await makeDataDirectory();
  onTestFinished(() => data.remove());
  await using service = new ServiceProcess(data.path, [], 0, environment(stream, node.url));
  await service.start();
  const load = new Load(service, 2);
  load.start();
  for (let kill = 0; kill < KILLS; kill++) {
    await delay(300 + Math.random() * 700);
    await service.kill();
    // The same `_id` is no conflict in the next backing index.
    if (kill % 2 === 0) await stream.client.indices.rollover({ alias: stream.stream }).catch(() => undefined);
    await service.start();
    if (kill === 1) {
      await node.kill();
      node = await startElasticsearch({ directory, heap: '512m', port: node.port });
    }
  }
  await load.stop();
  await caughtUp(service.url ?? '');
  await service.kill();
  const entries = await readEntries(data.path);
  const counts = await countIds(stream);
  expect(entries.length).toBeGreaterThanOrEqual(load.acknowledged);
  expect(counts.size).toBe(entries.length);
  expect([...counts].filter(([, count]) => count !== 1)).toEqual([]);
}, 180_000);

test('while Elasticsearch is down, spans are taken in, a stop is quick, and nothing is lost', async () => {
  await using stream = await makeTestStream(await sharedElasticsearch());
  await using proxy = await startFaultProxy(stream.url);
  const data = await makeDataDirectory();
  onTestFinished(() => data.remove());
  proxy.onRequest = () => ({ kind: 'cut_before' });
  const first = await startTestService(data.path, environment(stream, proxy.url));
  const sender = createSender('shop');
  const send = async (url: string): Promise<void> => {
    const spans = Array.from({ length: 50 }, () => sender.span());
    expect((await sendTraces(url, toProtobuf(spans))).status).toBe(200);
  };
  await send(first.url);
  await waitFor('the trouble', async () => {
    const { sizes, followers, elasticsearch } = await readStatus(first.url);
    return sizes.published === 50 && followers.index === 0 && elasticsearch?.trouble !== undefined;
  });
  const ready = await fetch(`${first.url}/readyz`);
  expect(ready.status).toBe(200);
  expect(await ready.json()).toMatchObject({
    status: 'ready',
    warnings: [{ code: 'elasticsearch_unreachable', message: expect.stringContaining('50 records wait') }],
  });
  const metrics = await (await fetch(`${first.url}/metrics`)).text();
  expect(metrics).toContain('spanledger_elasticsearch_lag 50\n');
  expect(metrics).toContain('spanledger_elasticsearch_up 0\n');
  expect(metrics).toContain('spanledger_follower_lag{follower="index"} 0\n');
  const stopped = performance.now();
  await first.close();
  expect(performance.now() - stopped).toBeLessThan(3_000);

  const second = await startTestService(data.path, environment(stream, proxy.url));
  await send(second.url);
  proxy.onRequest = undefined;
  await caughtUp(second.url);
  expect((await readStatus(second.url)).elasticsearch).toMatchObject({ failures: 0 });
  expect((await readStatus(second.url)).elasticsearch?.trouble).toBeUndefined();
  expect(await (await fetch(`${second.url}/readyz`)).json()).toEqual({ status: 'ready' });
  await second.close();
  const counts = await countIds(stream);
  expect(counts.size).toBe(100);
  expect([...counts.values()].every((count) => count === 1)).toBe(true);
});
