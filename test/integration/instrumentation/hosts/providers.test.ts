import { describe, expect, test } from 'vitest';
import {
  AUTO_INSTRUMENTATIONS,
  REGISTER,
  STANDALONE,
} from '../../../support/instrumentation/fixture-process.ts';
import { get, startShop } from '../shop-world.ts';
import { expectEachOnce, requests, traceOf } from './expectations.ts';

const SDK_IN_CODE = '../hosts/fixtures/sdk-in-code.mjs';
const SHOP = 'shop.mjs';

describe.each([
  ['auto-instrumentations, after ours', SHOP, [REGISTER, AUTO_INSTRUMENTATIONS]],
  ['auto-instrumentations, before ours', SHOP, [AUTO_INSTRUMENTATIONS, REGISTER]],
  ['auto-instrumentations, standalone', SHOP, [STANDALONE, AUTO_INSTRUMENTATIONS]],
  ['NodeSDK in code', SDK_IN_CODE, [REGISTER]],
  ['NodeSDK in code, standalone', SDK_IN_CODE, [STANDALONE]],
])('%s', (_name, fixture, imports) => {
  test.each([['otlp'], ['none']])('exporting to %s', async (exporter) => {
    await using world = await startShop({ imports, env: { OTEL_TRACES_EXPORTER: exporter } }, fixture);
    const token = await world.provider.accessToken({ sub: 'alice', sid: 'session-1' });
    for (let round = 0; round < 3; round++) await get(`${world.url}/orders`, token);
    await get(`${world.url}/open`);
    const spans = await world.audit.waitFor(
      (all) => requests(all, '/orders').length >= 3 && requests(all, '/open').length > 0,
      'the requests',
    );
    expect(requests(spans, '/orders')).toHaveLength(3);
    for (const root of requests(spans, '/orders')) {
      const trace = traceOf(spans, root);
      expect(trace.filter(({ kind }) => kind === 2)).toHaveLength(1);
      expect(trace.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['before-authentication', 'after-authentication']),
      );
      for (const span of trace) {
        expect(span.attributes, span.name).toMatchObject({ 'session.id': 'session-1', 'user.id': 'alice' });
      }
      expect(root.resource).toMatchObject({ 'service.name': 'fixture' });
    }
    for (const span of traceOf(spans, requests(spans, '/open')[0])) {
      expect(span.attributes).not.toHaveProperty('session.id');
    }
    expectEachOnce(spans);
    expect(world.shop.stderr).not.toMatch(/SPANLEDGER/);
    if (exporter === 'none') {
      expect(world.telemetry.seen).toEqual([]);
    } else {
      const own = await world.telemetry.waitFor((all) => requests(all, '/open').length > 0, 'its own export');
      expect(requests(own, '/orders')).toHaveLength(3);
    }
  });
});

test('an application that registers its provider while it serves', async () => {
  await using world = await startShop({ imports: [STANDALONE] }, '../hosts/fixtures/sdk-late.cjs');
  for (const path of ['/first', '/start', '/second', '/third']) await get(`${world.url}${path}`);
  const spans = await world.audit.waitFor((all) => requests(all, '/third').length > 0, 'the last request');
  for (const path of ['/first', '/start', '/second', '/third']) {
    const roots = requests(spans, path);
    expect(roots, path).toHaveLength(1);
    // What the application does in the request that makes its provider is the first of its own traces.
    const expected = path === '/start' ? ['GET'] : ['GET', 'work'];
    const names = traceOf(spans, roots[0]).map(({ name }) => name);
    expect(names.toSorted(), path).toEqual(expected);
  }
  expectEachOnce(spans);
  const own = await world.telemetry.waitFor((all) => requests(all, '/third').length > 0, 'its own export');
  expect(own.filter(({ name }) => name === 'work')).toHaveLength(3);
  expect(requests(own, '/first')).toEqual([]);
});

test.each([[[REGISTER, AUTO_INSTRUMENTATIONS]], [[AUTO_INSTRUMENTATIONS, REGISTER]]])(
  'OTEL_TRACES_EXPORTER=none, and an application that does not import the API: %j',
  async (imports) => {
    await using world = await startShop({ imports, env: { OTEL_TRACES_EXPORTER: 'none' } }, 'requires.cjs');
    const token = await world.provider.accessToken({ sub: 'alice', sid: 'session-1' });
    await get(`${world.url}/`, token);
    const spans = await world.audit.waitFor((all) => requests(all, '/').length > 0, 'the request');
    expect(requests(spans, '/')).toHaveLength(1);
    expect(requests(spans, '/')[0]?.attributes).toMatchObject({ 'session.id': 'session-1' });
    expectEachOnce(spans);
    expect(world.telemetry.seen).toEqual([]);
  },
);
