import { beforeAll, describe, expect, test } from 'vitest';
import { get } from '../shop-world.ts';
import { expectEachOnce, requests, traceOf } from './expectations.ts';
import { buildNextApp, startNext } from './next-world.ts';

let folder: string;

beforeAll(async () => {
  folder = await buildNextApp();
});

describe('next start with @vercel/otel', () => {
  test.each([['always_on'], ['always_off']])('sampler %s', async (sampler) => {
    await using world = await startNext(folder, { OTEL_TRACES_SAMPLER: sampler });
    const token = await world.provider.tokens.mint({ sub: 'alice', sid: 'session-1' });
    for (let round = 0; round < 3; round++) {
      expect(await get(`${world.url}/api/orders`, token)).toEqual({
        status: 200,
        body: { subject: 'alice' },
      });
    }
    // A copy of this package that the bundler has compiled into the route.
    expect(await get(`${world.url}/api/bound`, undefined, { 'x-person': 'bob' })).toEqual({
      status: 200,
      body: { bound: true },
    });
    expect(await get(`${world.url}/open`)).toMatchObject({ status: 200 });
    const spans = await world.audit.waitFor(
      (all) => requests(all, '/api/orders').length === 3 && requests(all, '/open').length === 1,
      `the requests (${world.next.stderr})`,
    );
    for (const root of requests(spans, '/api/orders')) {
      const trace = traceOf(spans, root);
      expect(trace.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['before', 'after', expect.stringMatching(/^executing api route/)]),
      );
      for (const { name, attributes, flags } of trace) {
        expect(attributes, name).toMatchObject({ 'session.id': 'session-1', 'user.id': 'alice' });
        expect(flags & 1, 'the sampled flag').toBe(sampler === 'always_on' ? 1 : 0);
      }
    }
    expect(requests(spans, '/api/bound')[0]?.attributes).toMatchObject({ 'session.id': 'session-of-bob' });
    for (const { attributes } of traceOf(spans, requests(spans, '/open')[0])) {
      expect(attributes).not.toHaveProperty('session.id');
    }
    expectEachOnce(spans);
    expect(world.next.stderr).not.toMatch(/SPANLEDGER/);
    if (sampler === 'always_on') {
      const own = await world.telemetry.waitFor(
        (all) => requests(all, '/open').length > 0,
        'its own export',
        30_000,
      );
      expect(requests(own, '/api/orders')).toHaveLength(3);
    } else {
      expect(world.telemetry.accepted).toEqual([]);
    }
  });
});
