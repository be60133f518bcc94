import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  makeDataDirectory,
  sendTraces,
  startTestService,
  verifyDirectory,
} from '../../support/exporter/service.ts';
import { createSender, toProtobuf } from '../../support/exporter/spans.ts';

let data: Awaited<ReturnType<typeof makeDataDirectory>>;

beforeEach(async () => {
  data = await makeDataDirectory();
});

afterEach(async () => {
  await data.remove();
});

test('repeats are recognised after a restart, with the state file, without it, and with a broken one', async () => {
  const numbered = createSender('shop');
  const unnumbered = createSender('collector', false);
  const fixed = unnumbered.span();
  const context = fixed.spanContext();
  const body = toProtobuf([numbered.span(), numbered.span(), { ...fixed, spanContext: () => context }]);
  const file = join(data.path, 'state', 'producers.json');
  const tamper = [
    () => Promise.resolve(),
    () => rm(file),
    () => writeFile(file, '{"version":1,"position":3,'),
    () => writeFile(file, '{"version":1,"position":99,"unsequenced":false,"streams":[]}'),
    async () => writeFile(file, (await readFile(file, 'utf8')).replace('"position":3', '"position":0')),
  ];
  for (const change of tamper) {
    const service = await startTestService(data.path);
    expect((await sendTraces(service.url, body)).status).toBe(200);
    expect(service.sizes().durable).toBe(3);
    await service.close();
    await change();
  }
  expect((await verifyDirectory(data.path)).failures).toEqual([]);
});

test('origin and key are drawn once and kept; another origin is refused', async () => {
  const first = await startTestService(data.path);
  await first.close();
  expect(first.origin).toMatch(/^spanledger\.local\/[0-9a-f]{16}$/);
  const second = await startTestService(data.path);
  expect([second.origin, second.vkey]).toEqual([first.origin, first.vkey]);
  await second.close();
  await expect(startTestService(data.path, { SPANLEDGER_ORIGIN: 'other.example' })).rejects.toMatchObject({
    code: 'config_invalid',
  });
});

test('one directory, one service', async () => {
  const first = await startTestService(data.path);
  await expect(startTestService(data.path)).rejects.toMatchObject({
    code: 'data_directory_locked',
    message: `The data directory ${data.path} is already being written by process ${process.pid}`,
  });
  expect((await sendTraces(first.url, toProtobuf([createSender('shop').span()]))).status).toBe(200);
  await first.close();
  await first.close();
  await (await startTestService(data.path)).close();
});

test('a port that is taken', async () => {
  const first = await startTestService(data.path);
  const other = await makeDataDirectory();
  const port = new URL(first.url).port;
  const { loadConfig, startService } = await import('@spanledger/audit-exporter');
  const config = loadConfig({
    directory: other.path,
    env: { SPANLEDGER_LOG_LEVEL: 'silent' },
    flags: { dataDirectory: other.path, port: Number(port) },
  });
  await expect(startService(config)).rejects.toMatchObject({ code: 'listen_failed' });
  await first.close();
  await (await startTestService(other.path)).close();
  await other.remove();
});

test('requests under way when it stops are answered', async () => {
  const service = await startTestService(data.path);
  const sender = createSender('shop');
  const sent = Array.from({ length: 50 }, () => sendTraces(service.url, toProtobuf([sender.span()])));
  await sent[0];
  const stopped = service.close();
  const answers = await Promise.allSettled(sent);
  await stopped;
  const accepted = answers.filter((answer) => answer.status === 'fulfilled' && answer.value.status === 200);
  expect(service.sizes().durable).toBeGreaterThanOrEqual(accepted.length);
  expect(service.sizes().published).toBe(service.sizes().durable);
});
