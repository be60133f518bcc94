import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { AppProcess } from '../../../support/apps/app-process.ts';
import { installApp } from '../../../support/apps/install-app.ts';
import { startLibraryApp, type LibraryAppOptions } from '../../../support/apps/library-world.ts';
import { REGISTER } from '../../../support/instrumentation/fixture-process.ts';
import { TestReceiver } from '../../../support/instrumentation/receiver.ts';
import { scratchDirectory } from '../../../support/instrumentation/scratch.ts';
import { expectEachOnce, requests, traceOf } from './expectations.ts';

const OLD_NODE = fileURLToPath(new URL('../fixtures/old-node.mjs', import.meta.url));
const EDOT = '@elastic/opentelemetry-node';
/** Nothing but spans, and those to the address that the test gives. */
const EDOT_ENVIRONMENT = {
  ELASTIC_OTEL_METRICS_ENABLED: 'false',
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
};

const HOSTS: [host: string, app: string, telemetry: string | undefined, env: Record<string, string>][] = [
  ['SDK 1.30', 'sdk-1', undefined, {}],
  ['SDK 2.12', 'sdk-2', undefined, {}],
  ['EDOT 1.18', 'edot', EDOT, EDOT_ENVIRONMENT],
];

/** Options that load ours before, or after, what sets up OpenTelemetry. */
function inOrder(order: string, telemetry = './telemetry.mjs'): LibraryAppOptions {
  return order === 'before'
    ? { telemetry }
    : { register: false, telemetry, nodeOptions: `--import ${REGISTER}` };
}

describe.each(HOSTS)('%s', (_host, app, telemetry, environment) => {
  test.each([
    ['before', 'always_on', 'otlp'],
    ['after', 'always_off', 'otlp'],
    ['before', 'always_on', 'none'],
    ['after', 'always_on', 'none'],
  ])('loaded %s it, sampler %s, exporting to %s', async (order, sampler, exporter) => {
    await using world = await startLibraryApp(app, 'traced-server.mjs', {
      ...inOrder(order, telemetry),
      env: { ...environment, OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_EXPORTER: exporter },
    });
    const token = await world.provider.tokens.mint({ sub: 'alice', sid: 'session-1' });
    for (let round = 0; round < 3; round++) {
      expect((await world.get('/orders', token)).status).toBe(200);
    }
    await world.get('/open');
    const spans = await world.spans();
    expect(requests(spans, '/orders')).toHaveLength(3);
    for (const root of requests(spans, '/orders')) {
      const trace = traceOf(spans, root);
      expect(trace.map(({ name }) => name)).toEqual(expect.arrayContaining(['before', 'after']));
      for (const { name, attributes, flags } of trace) {
        expect(attributes, name).toMatchObject({ 'session.id': 'session-1', 'user.id': 'alice' });
        expect(flags & 1, 'the sampled flag').toBe(sampler === 'always_on' ? 1 : 0);
      }
    }
    for (const { attributes } of traceOf(spans, requests(spans, '/open')[0])) {
      expect(attributes).not.toHaveProperty('session.id');
    }
    expectEachOnce(spans);
    expect(world.app.stderr).not.toMatch(/SPANLEDGER/);
    if (sampler === 'always_on' && exporter === 'otlp') {
      const own = await world.telemetry.waitFor((all) => requests(all, '/open').length > 0, 'its own export');
      expect(requests(own, '/orders')).toHaveLength(3);
    } else {
      expect(world.telemetry.accepted).toEqual([]);
    }
  });
});

test('SDK 1.30’s loader hook, on a Node without sufficient synchronous hooks', async () => {
  await using world = await startLibraryApp('sdk-1', 'traced-server.mjs', {
    register: false,
    nodeOptions: `--import ${OLD_NODE} --import ${REGISTER}`,
  });
  await world.get('/orders', await world.provider.tokens.mint({ sub: 'alice', sid: 'session-1' }));
  const spans = await world.spans();
  expect(requests(spans, '/orders')[0]?.attributes).toMatchObject({ 'session.id': 'session-1' });
});

test.each([
  ['SDK 1.30', 'sdk-1', '@opentelemetry/sdk-trace-node'],
  ['SDK 2.12', 'sdk-2', '@opentelemetry/sdk-trace-node'],
  ['SDK 3.x', 'jose-6', '@opentelemetry/sdk-trace'],
])('%s: several providers, twice, disabled, again', async (_host, app, sdk) => {
  await using audit = await new TestReceiver().listen();
  await using spool = await scratchDirectory();
  await using script = new AppProcess(await installApp(app), 'provider-life.mjs', {
    telemetry: false,
    env: { SDK: sdk, SPANLEDGER_ENDPOINT: audit.url, SPANLEDGER_SPOOL_DIR: spool.path },
  });
  expect(await script.exited).toEqual({ code: 0, signal: null });
  expect(script.stderr).toBe('');
  const names = [
    'after shutdown',
    'the first provider again',
    'the first provider, beside the second',
    'the same provider twice',
    'the second provider',
    'tracer from before',
    'tracer of the provider, from before',
  ];
  // One request holds the spans by tracer.
  expect(audit.spans.map(({ name }) => name).toSorted()).toEqual(names);
  expectEachOnce(audit.spans);
});
