import { expect, test } from 'vitest';
import { AUTO_INSTRUMENTATIONS, REGISTER } from '../../support/instrumentation/fixture-process.ts';
import { get, startShop } from './shop-world.ts';

const SERVER = 2;

test.each([
  ['instrumentation', []],
  ['processor', []],
  ['both', []],
  ['instrumentation', [REGISTER]],
  ['processor', [REGISTER]],
  ['both', [REGISTER]],
  ['both', [REGISTER, AUTO_INSTRUMENTATIONS]],
])('switched on in code by the %s, after %j', async (way, imports) => {
  const register = imports.length > 0;
  await using world = await startShop(
    { imports, args: [way], env: register ? { SPANLEDGER_CLAIMS: 'email' } : {} },
    'in-code.mjs',
  );
  const claims = { sub: 'alice', sid: 's1', email: 'alice@example.com' };
  const answer = await get(`${world.url}/`, await world.provider.accessToken(claims));
  expect(answer).toEqual({
    status: 200,
    body: { subject: 'alice', recorded: true, job: 'done', ended: true, again: false },
  });
  const spans = await world.audit.waitFor((all) => all.some(({ kind }) => kind === SERVER), 'the request');
  expect(spans.find(({ name }) => name === 'job')?.attributes).toMatchObject({
    'session.id': 'job-1',
    'user.id': 'batch',
  });
  const requests = spans.filter(({ kind }) => kind === SERVER);
  expect(requests).toHaveLength(1);
  expect(requests[0]?.attributes).toMatchObject({
    'session.id': 's1',
    'user.id': 'alice',
    'user.email': 'alice@example.com',
  });
  expect(requests[0]?.events.map(({ name, attributes }) => ({ name, ...attributes }))).toMatchObject([
    {
      name: 'audit.action',
      'audit.action': 'order.refunded',
      'audit.outcome': 'failure',
      'audit.target.type': 'order',
      'order.id': 7,
    },
    { name: 'oidc.session.ended', 'oidc.session.end_reason': 'inactivity', 'session.id': 's1' },
  ]);
  const numbers = spans.map(({ attributes }) => attributes['audit.sequence.number']);
  expect(new Set(numbers).size).toBe(spans.length);
  expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
  // The application's own telemetry has the session as well, once.
  const own = await world.telemetry.waitFor(
    (all) => all.some(({ kind }) => kind === SERVER),
    'its telemetry',
  );
  expect(own.filter(({ kind }) => kind === SERVER)).toHaveLength(1);
  expect(own.find(({ kind }) => kind === SERVER)?.attributes).toMatchObject({ 'session.id': 's1' });
});

test('the public functions do nothing without register', async () => {
  await using world = await startShop({ imports: [], args: ['none'] }, 'in-code.mjs');
  const answer = await get(`${world.url}/`, await world.provider.accessToken({ sub: 'alice', sid: 's1' }));
  expect(answer.body).toEqual({ subject: 'alice', recorded: false, job: 'done', ended: false, again: false });
  await world.telemetry.waitFor((all) => all.some(({ kind }) => kind === SERVER), 'its telemetry');
  expect(world.audit.seen).toEqual([]);
});

test('the operator’s word counts more than the application’s', async () => {
  await using world = await startShop(
    { imports: [], args: ['both'], env: { SPANLEDGER_DISABLED: 'true' } },
    'in-code.mjs',
  );
  const answer = await get(`${world.url}/`, await world.provider.accessToken({ sub: 'alice', sid: 's1' }));
  expect(answer.body['recorded']).toBe(false);
  await world.telemetry.waitFor((all) => all.some(({ kind }) => kind === SERVER), 'its telemetry');
  expect(world.audit.seen).toEqual([]);
});
