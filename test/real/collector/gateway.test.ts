import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SpanStatusCode } from '@opentelemetry/api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Load } from '../../support/exporter/load.ts';
import { ServiceProcess } from '../../support/exporter/service-process.ts';
import {
  makeDataDirectory,
  readEntries,
  sendTraces,
  verifyDirectory,
  waitFor,
} from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf } from '../../support/exporter/spans.ts';
import { issueCertificate, makeAuthority } from '../../support/tls/certificates.ts';
import { postStatus } from '../../support/tls/post.ts';
import { type Collector, freeAddresses } from './collector.ts';
import { publishedSpans, settle, waitForRecords } from './ledger-size.ts';
import { makeSenderToken } from './secured.ts';
import { shippedCollector, shippedConfig } from './shipped.ts';
import { readTelemetry } from './telemetry-file.ts';

const stack = new AsyncDisposableStack();
const paths: string[] = [];
const services: ServiceProcess[] = [];
let agent: Awaited<ReturnType<typeof shippedCollector>>;
let gateway: Awaited<ReturnType<typeof shippedCollector>>;
let running: Collector;

beforeAll(async () => {
  const addresses = await freeAddresses(2);
  for (const address of addresses) {
    const data = await makeDataDirectory();
    stack.defer(() => data.remove());
    paths.push(data.path);
    const service = stack.use(new ServiceProcess(data.path, [], Number(address.split(':')[1])));
    await service.start();
    services.push(service);
  }
  gateway = stack.use(
    await shippedCollector('gateway.yaml', {
      AUDIT_0_ENDPOINT: `http://${addresses[0]}`,
      AUDIT_1_ENDPOINT: `http://${addresses[1]}`,
      SAMPLING_WAIT: '1s',
    }),
  );
  const authority = await makeAuthority(gateway.directory);
  const { certFile, keyFile } = await issueCertificate(gateway.directory, authority, 'gateway');
  const tokenOf = async (name: string, token: string): Promise<string> => {
    const file = join(gateway.directory, name);
    await writeFile(file, `${token}\n`, { mode: 0o600 });
    return file;
  };
  gateway.env['GATEWAY_CERT_FILE'] = certFile;
  gateway.env['GATEWAY_KEY_FILE'] = keyFile;
  gateway.env['AGENT_TOKENS_FILE'] = await tokenOf('agents', 'of-another-agent\nof-this-agent');
  gateway.env['AUDIT_0_TOKEN_FILE'] = await makeSenderToken(paths[0] ?? '');
  gateway.env['AUDIT_1_TOKEN_FILE'] = await makeSenderToken(paths[1] ?? '');
  const agentToken = await tokenOf('agent', 'of-this-agent');
  running = await gateway.start();
  agent = stack.use(
    await shippedCollector(
      'agent.yaml',
      {
        AUDIT_ENDPOINT: `https://${gateway.env['AUDIT_HTTP_ENDPOINT']}`,
        AUDIT_CA_FILE: authority.certFile,
        AUDIT_TOKEN_FILE: agentToken,
        GATEWAY_ENDPOINT: `https://${gateway.env['OTLP_HTTP_ENDPOINT']}`,
        GATEWAY_CA_FILE: authority.certFile,
        GATEWAY_TOKEN_FILE: agentToken,
      },
      [shippedConfig('telemetry-to-gateway.yaml')],
    ),
  );
  await agent.start();
});

afterAll(() => stack.disposeAsync());

test('telemetry is sampled by whole traces, and the audit path has all of it', async () => {
  const before = await sizes();
  const sender = createSender('reports', false);
  const spans = Array.from({ length: 200 }, (_, i) =>
    sender.span({
      name: i % 10 === 0 ? 'failed' : 'fine',
      attributes: { 'user.id': `user ${i % 7}`, 'session.id': `session ${i % 7}` },
      status: { code: i % 10 === 0 ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
    }),
  );
  expect((await sendTraces(agent.url('BOTH_HTTP_ENDPOINT'), toProtobuf(spans))).status).toBe(200);
  await waitForRecords(before + spans.length, ...paths);
  expect(await sizes()).toBe(before + spans.length);

  const isSampled = async (): Promise<boolean> =>
    (await readTelemetry(gateway.telemetryFile)).filter(({ name }) => name === 'failed').length === 20;
  await waitFor('the failed traces', isSampled, 20_000);
  const fine = (await readTelemetry(gateway.telemetryFile)).filter(({ name }) => name === 'fine').length;
  expect(fine, 'a tenth of 180').toBeGreaterThan(2);
  expect(fine).toBeLessThan(60);
});

test('kill -9 of the gateway and of one service in mid-flow: each span is in one of the logs, once; a session is in one log', async () => {
  const before = await Promise.all(paths.map(publishedSpans));
  const load = new Load({ url: agent.url('AUDIT_HTTP_ENDPOINT') }, 4);
  load.start();
  for (const service of services) {
    await delay(200);
    await running.kill();
    await service.kill();
    await delay(200);
    running = await gateway.start();
    await delay(300);
    await service.start();
  }
  await load.stop();
  await waitForRecords(
    before.reduce((sum, size) => sum + size, load.acknowledged),
    ...paths,
  );
  await running.close();
  for (const [i, service] of services.entries()) await settle(service, paths[i] ?? '');

  const seen = new Map<string, { log: number; numbers: number[] }>();
  for (const [log, path] of paths.entries()) {
    expect((await verifyDirectory(path)).failures).toEqual([]);
    for (const { stream, number } of (await readEntries(path)).map(placeOf)) {
      if (stream === undefined) continue;
      const one = seen.get(stream) ?? { log, numbers: [] };
      expect(one.log, 'a session is in one log').toBe(log);
      one.numbers.push(number);
      seen.set(stream, one);
    }
  }
  for (const { sender, acknowledged } of load.senders) {
    expect(acknowledged).toBeGreaterThan(0);
    const numbers = seen.get(sender.streamId)?.numbers.toSorted((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: acknowledged }, (_, i) => i + 1));
  }
  expect(new Set([...seen.values()].map(({ log }) => log)), 'both have some').toEqual(new Set([0, 1]));
});

test('the gateway lets nobody in without a token of its file', async () => {
  running = await gateway.start();
  const url = `https://${gateway.env['AUDIT_HTTP_ENDPOINT']}/v1/traces`;
  const body = toProtobuf([createSender('shop').span({ attributes: sessionAttributes('al', 'sid') })]);
  const statusOf = (token?: string): Promise<number> =>
    postStatus(url, agent.env['AUDIT_CA_FILE'] ?? '', body, token);
  expect(await statusOf()).toBe(401);
  expect(await statusOf('of-nobody')).toBe(401);
  expect(await statusOf('of-another-agent')).toBe(200);
});

async function sizes(): Promise<number> {
  return (await Promise.all(paths.map(publishedSpans))).reduce((sum, size) => sum + size, 0);
}

function placeOf(entry: Record<string, unknown>): { stream: string | undefined; number: number } {
  const { sequence } = JSON.parse(JSON.stringify(entry['audit']));
  return { stream: sequence?.stream_id, number: sequence?.number ?? 0 };
}
