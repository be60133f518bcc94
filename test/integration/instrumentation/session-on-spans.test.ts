import { describe, expect, test } from 'vitest';
import { AUTO_INSTRUMENTATIONS, REGISTER } from '../../support/instrumentation/fixture-process.ts';
import type { DecodedSpan } from '../../support/instrumentation/otlp-decoder.ts';
import { CLIENT_ID } from '../../support/instrumentation/provider.ts';
import { get, startShop } from './shop-world.ts';

const SERVER = 2;

function requests(spans: DecodedSpan[], path: string): DecodedSpan[] {
  return spans.filter(({ kind, attributes }) => kind === SERVER && attributes['url.path'] === path);
}

function traceOf(spans: DecodedSpan[], root: DecodedSpan | undefined): DecodedSpan[] {
  return spans.filter(({ traceId }) => traceId === root?.traceId);
}

describe.each([
  ['before', [REGISTER, AUTO_INSTRUMENTATIONS]],
  ['after', [AUTO_INSTRUMENTATIONS, REGISTER]],
])('registered %s OpenTelemetry', (_order, imports) => {
  test('every span of an authenticated request carries the session', async () => {
    await using world = await startShop({ imports });
    const token = await world.provider.accessToken({
      sub: 'alice',
      sid: 'session-1',
      scope: 'openid orders',
      acr: '2',
    });
    expect(await get(`${world.url}/orders`, token)).toEqual({ status: 200, body: { subject: 'alice' } });
    const spans = await world.audit.waitFor((all) => requests(all, '/orders').length === 1, 'the request');
    const [root] = requests(spans, '/orders');
    const trace = traceOf(spans, root);
    expect(trace.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['GET', 'before-authentication', 'after-authentication']),
    );
    for (const span of trace) {
      expect(span.attributes, span.name).toMatchObject({
        'session.id': 'session-1',
        'user.id': 'alice',
        'oidc.client_id': CLIENT_ID,
        'oidc.issuer': world.provider.issuer,
      });
    }
    expect(root?.attributes).toMatchObject({
      'oidc.session.state': 'active',
      'oidc.scope': ['openid', 'orders'],
      'oidc.acr': '2',
      'oidc.token.type': 'access',
      'oidc.token.id': expect.any(String),
      'oidc.token.expires_at': expect.any(Number),
      'client.address': '127.0.0.1',
      'user_agent.original': 'node',
    });
    const child = trace.find(({ name }) => name === 'before-authentication');
    expect(child?.attributes).not.toHaveProperty('oidc.token.id');
    // The application's own telemetry has the session as well.
    const own = await world.telemetry.waitFor(
      (all) => requests(all, '/orders').length === 1,
      'its own telemetry',
    );
    expect(requests(own, '/orders')[0]?.attributes).toMatchObject({
      'session.id': 'session-1',
      'user.id': 'alice',
    });
    expect(requests(own, '/orders')[0]?.attributes).not.toHaveProperty('audit.sequence.number');
  });

  test('sampling does not apply to the audit path', async () => {
    await using world = await startShop({ imports, env: { OTEL_TRACES_SAMPLER: 'always_off' } });
    const token = await world.provider.accessToken({ sub: 'alice', sid: 'session-1' });
    for (let index = 0; index < 5; index++) await get(`${world.url}/orders`, token);
    const spans = await world.audit.waitFor((all) => requests(all, '/orders').length === 5, 'five requests');
    for (const root of requests(spans, '/orders')) {
      const trace = traceOf(spans, root);
      expect(trace.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['before-authentication', 'after-authentication']),
      );
      for (const span of trace) {
        expect(span.attributes).toMatchObject({ 'session.id': 'session-1' });
        expect(span.flags & 1, 'the sampled flag').toBe(0);
      }
    }
    // On SIGTERM the SDK is shut down, which would flush what it had; the audit path goes on.
    world.shop.child.kill('SIGTERM');
    await get(`${world.url}/open`);
    await world.audit.waitFor((all) => requests(all, '/open').length === 1, 'a request after the shutdown');
    expect(world.telemetry.accepted).toHaveLength(0);
  });
});

test('an unauthenticated request carries no session', async () => {
  await using world = await startShop();
  const token = await world.provider.accessToken({ sub: 'alice', sid: 'session-1' });
  await get(`${world.url}/orders`, token);
  await get(`${world.url}/open`);
  await get(`${world.url}/orders`);
  const spans = await world.audit.waitFor(
    (all) => requests(all, '/open').length === 1 && requests(all, '/orders').length === 2,
    'three requests',
  );
  const [open] = requests(spans, '/open');
  const anonymous = requests(spans, '/orders').find(
    ({ attributes }) => attributes['session.id'] === undefined,
  );
  const trace = [...traceOf(spans, open), ...traceOf(spans, anonymous)];
  expect(trace.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['open-work', 'before-authentication']),
  );
  for (const { attributes } of trace) {
    for (const key of ['session.id', 'user.id', 'oidc.client_id', 'oidc.issuer'])
      expect(attributes).not.toHaveProperty(key);
  }
});

test.each([2, 50])('%i people at once never cross', async (people) => {
  await using world = await startShop();
  const tokens = await Promise.all(
    Array.from({ length: people }, (_, index) =>
      world.provider.accessToken({ sub: `person-${index}`, sid: `session-${index}` }),
    ),
  );
  const rounds = people > 10 ? 3 : 10;
  for (let round = 0; round < rounds; round++) {
    await Promise.all([
      ...tokens.map((token, index) =>
        get(`${world.url}/orders?ms=${index % 7}&who=${index}`, token).then(({ body }) => {
          expect(body).toEqual({ subject: `person-${index}` });
        }),
      ),
      get(`${world.url}/open`),
    ]);
  }
  const spans = await world.audit.waitFor(
    (all) => requests(all, '/orders').length === people * rounds && requests(all, '/open').length === rounds,
    'all requests',
    30_000,
  );
  for (const root of requests(spans, '/orders')) {
    const who = new URLSearchParams(String(root.attributes['url.query'])).get('who');
    for (const { attributes } of traceOf(spans, root)) {
      expect(attributes).toMatchObject({ 'session.id': `session-${who}`, 'user.id': `person-${who}` });
    }
  }
  for (const root of requests(spans, '/open')) {
    for (const { attributes } of traceOf(spans, root)) expect(attributes).not.toHaveProperty('session.id');
  }
});

test('the producer numbers its spans without a hole', async () => {
  await using world = await startShop();
  for (let index = 0; index < 10; index++) await get(`${world.url}/open`);
  const spans = await world.audit.waitFor((all) => requests(all, '/open').length === 10, 'ten requests');
  const streams = new Set(spans.map(({ resource }) => resource['audit.sequence.stream_id']));
  expect([...streams]).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
  const numbers = spans
    .map(({ attributes }) => Number(attributes['audit.sequence.number']))
    .toSorted((a, b) => a - b);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
});
