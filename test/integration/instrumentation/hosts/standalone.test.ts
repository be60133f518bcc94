import { describe, expect, test } from 'vitest';
import { REGISTER, STANDALONE } from '../../../support/instrumentation/fixture-process.ts';
import { get, startShop } from '../shop-world.ts';
import { expectEachOnce, requests, traceOf } from './expectations.ts';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT_ID = 'b7ad6b7169203331';
const PLAIN = '../hosts/fixtures/plain.mjs';

describe('an application without OpenTelemetry', () => {
  test.each([['01'], ['00']])('its requests are recorded; the caller’s flags are %s', async (flags) => {
    await using world = await startShop({ imports: [STANDALONE] }, PLAIN);
    const token = await world.provider.accessToken({ sub: 'alice', sid: 'session-1' });
    const path = '/orders/5?who=alice&access_token=not-to-be-seen';
    expect(
      await get(`${world.url}${path}`, token, {
        traceparent: `00-${TRACE_ID}-${PARENT_ID}-${flags}`,
        'x-forwarded-for': '192.0.2.7, 10.0.0.1',
        'user-agent': 'a-browser/1',
      }),
    ).toEqual({ status: 200, body: { subject: 'alice' } });
    await get(`${world.url}/open`);
    const spans = await world.audit.waitFor((all) => all.length === 2, 'two requests');
    const [root] = requests(spans, '/orders/5');
    expect(root).toMatchObject({ name: 'GET', traceId: TRACE_ID, parentSpanId: PARENT_ID });
    expect((root?.flags ?? 0) & 1).toBe(Number(flags));
    expect(root?.attributes).toMatchObject({
      'session.id': 'session-1',
      'user.id': 'alice',
      'oidc.session.state': 'active',
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'url.scheme': 'http',
      'server.address': '127.0.0.1',
      'client.address': '192.0.2.7',
      'network.peer.address': '127.0.0.1',
      'user_agent.original': 'a-browser/1',
    });
    expect(root?.attributes['url.query']).toMatch(/^who=alice&access_token=(?!not-to-be-seen)/);
    expect(BigInt(root?.end ?? 0) - BigInt(root?.start ?? 0)).toBeGreaterThan(0n);
    expect(root?.resource).toMatchObject({ 'service.name': 'fixture' });
    const [open] = requests(spans, '/open');
    expect(open?.attributes).not.toHaveProperty('session.id');
    expect(open?.parentSpanId).toBe('');
    expectEachOnce(spans);
    expect(world.telemetry.seen).toEqual([]);
    expect(world.shop.stderr).toBe('');
  });

  test('requests that fail, and clients that go away, are recorded as such', async () => {
    await using world = await startShop({ imports: [STANDALONE] }, PLAIN);
    expect(await get(`${world.url}/broken`)).toMatchObject({ status: 500 });
    await expect(fetch(`${world.url}/never`, { signal: AbortSignal.timeout(300) })).rejects.toThrow();
    const spans = await world.audit.waitFor((all) => all.length === 2, 'two requests');
    expect(requests(spans, '/broken')[0]).toMatchObject({
      status: { code: 2 },
      attributes: { 'http.response.status_code': 500 },
    });
    const [aborted] = requests(spans, '/never');
    expect(aborted).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': 'aborted' } });
    expect(aborted?.attributes).not.toHaveProperty('http.response.status_code');
  });

  test('sessions never cross over keep-alive connections', async () => {
    await using world = await startShop({ imports: [STANDALONE] }, PLAIN);
    const people = Array.from({ length: 20 }, (_, index) => index);
    const tokens = await Promise.all(
      people.map((index) => world.provider.accessToken({ sub: `person-${index}`, sid: `session-${index}` })),
    );
    for (let round = 0; round < 10; round++) {
      await Promise.all([
        ...tokens.map((token, index) => get(`${world.url}/of?who=${index}`, token)),
        get(`${world.url}/open`),
      ]);
    }
    const spans = await world.audit.waitFor((all) => all.length === 210, 'all requests');
    for (const { attributes } of requests(spans, '/of')) {
      expect(attributes['session.id']).toBe(`session-${String(attributes['url.query']).slice(4)}`);
    }
    for (const { attributes } of requests(spans, '/open'))
      expect(attributes).not.toHaveProperty('session.id');
    expectEachOnce(spans);
  });
});

test.each([[[STANDALONE]], [[REGISTER, STANDALONE]], [[STANDALONE, REGISTER]]])(
  'an application with the OpenTelemetry API alone: %j',
  async (imports) => {
    await using world = await startShop({ imports });
    const token = await world.provider.accessToken({ sub: 'alice', sid: 'session-1' });
    await get(`${world.url}/orders`, token);
    const spans = await world.audit.waitFor((all) => requests(all, '/orders').length === 1, 'the request');
    const [root] = requests(spans, '/orders');
    expect(root).toMatchObject({ name: 'GET /orders', attributes: { 'http.route': '/orders' } });
    const trace = traceOf(spans, root);
    expect(trace.map(({ name }) => name).toSorted()).toEqual([
      'GET /orders',
      'after-authentication',
      'before-authentication',
    ]);
    for (const { attributes } of trace) expect(attributes).toMatchObject({ 'session.id': 'session-1' });
    expectEachOnce(spans);
    expect(world.telemetry.seen).toEqual([]);
    expect(world.shop.stderr).toBe('');
  },
);
