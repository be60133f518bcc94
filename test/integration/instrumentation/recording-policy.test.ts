import { describe, expect, test } from 'vitest';
import { AUTO_INSTRUMENTATIONS, REGISTER } from '../../support/instrumentation/fixture-process.ts';
import type { DecodedSpan } from '../../support/instrumentation/otlp-decoder.ts';
import { get, startShop, type ShopWorld } from './shop-world.ts';

const SERVER = 2;

const SAMPLERS: [string, Record<string, string>][] = [
  ['always_off', { OTEL_TRACES_SAMPLER: 'always_off' }],
  ['a ratio', { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.000001' }],
];

/** The server spans, each with the names of the spans of its trace. */
function requests(spans: DecodedSpan[]): { path: string; names: string[]; sessions: unknown[] }[] {
  return spans
    .filter(({ kind }) => kind === SERVER)
    .map((root) => {
      const trace = spans.filter(({ traceId }) => traceId === root.traceId);
      return {
        path: String(root.attributes['url.path']),
        names: trace.map(({ name }) => name),
        sessions: [...new Set(trace.map(({ attributes }) => attributes['session.id']))],
      };
    });
}

/** Two requests with a session, two without one, and one with a token that is refused. */
async function useShop({ provider, url }: ShopWorld): Promise<void> {
  const token = await provider.accessToken({ sub: 'alice', sid: 'session-1' });
  for (let index = 0; index < 2; index++) {
    expect((await get(`${url}/open`)).status).toBe(200);
    expect((await get(`${url}/orders`, token)).body).toEqual({ subject: 'alice' });
  }
  expect((await get(`${url}/orders`, `${token}x`)).status).toBe(401);
}

describe.each(SAMPLERS)('of traces that %s leaves out', (_name, sampler) => {
  test.each([
    ['before', [REGISTER, AUTO_INSTRUMENTATIONS]],
    ['after', [AUTO_INSTRUMENTATIONS, REGISTER]],
  ])('roots records the local roots: registered %s OpenTelemetry', async (_order, imports) => {
    await using world = await startShop({ imports, env: { ...sampler, SPANLEDGER_RECORD: 'roots' } });
    await useShop(world);
    const spans = await world.audit.waitFor((all) => requests(all).length === 5, 'five requests');
    const served = requests(spans);
    expect(served.map(({ path }) => path).toSorted()).toEqual([
      '/open',
      '/open',
      '/orders',
      '/orders',
      '/orders',
    ]);
    // What the handlers do is below spans that are not recorded; its session is on the root all the same.
    for (const { names } of served) expect(names.filter((name) => name !== 'GET')).toEqual([]);
    expect(served.filter(({ sessions }) => sessions[0] === 'session-1')).toHaveLength(2);
    const events = spans.flatMap((span) => span.events.map(({ name }) => name));
    expect(events).toContain('oidc.token.rejected');
    expect(world.telemetry.accepted).toHaveLength(0);
  });

  test('sessions records every span of a request that has one, and no other request', async () => {
    await using world = await startShop({ env: { ...sampler, SPANLEDGER_RECORD: 'sessions' } });
    await useShop(world);
    const spans = await world.audit.waitFor((all) => requests(all).length === 3, 'three requests');
    const served = requests(spans);
    expect(served.map(({ path }) => path)).toEqual(['/orders', '/orders', '/orders']);
    for (const { names } of served.filter(({ sessions }) => sessions.includes('session-1'))) {
      expect(names).toEqual(expect.arrayContaining(['before-authentication', 'after-authentication']));
    }
    const refused = served.filter(({ sessions }) => !sessions.includes('session-1'));
    expect(refused).toHaveLength(1);
    expect(spans.flatMap((span) => span.events.map(({ name }) => name))).toContain('oidc.token.rejected');
    // Nothing has a number that was then not recorded.
    const numbers = spans
      .map(({ attributes }) => Number(attributes['audit.sequence.number']))
      .toSorted((a, b) => a - b);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(world.telemetry.accepted).toHaveLength(0);
  });
});

test.each(['roots', 'sessions'])('of traces that are sampled, %s leaves nothing out', async (mode) => {
  await using world = await startShop({ env: { SPANLEDGER_RECORD: mode } });
  await get(`${world.url}/open`);
  const spans = await world.audit.waitFor((all) => requests(all).length === 1, 'the request');
  expect(requests(spans)[0]?.names).toContain('open-work');
});
