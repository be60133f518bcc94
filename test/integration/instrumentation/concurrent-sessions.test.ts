import { expect, test } from 'vitest';
import { callAll, countCrossing, requestsOf, type Caller } from '../../support/instrumentation/crossing.ts';
import { startShop } from './shop-world.ts';

const PEOPLE = 400;
const CONNECTIONS = 100;

test('400 sessions at once over shared connections, and callers without one in between, never cross', async () => {
  await using world = await startShop();
  const callers = await Promise.all(
    Array.from({ length: PEOPLE }, async (_, person): Promise<Caller[]> => {
      const token = await world.provider.accessToken({ sub: `person-${person}`, sid: `session-${person}` });
      const nobody = { person: undefined, token: undefined };
      return person % 4 === 0 ? [nobody, { person, token }] : [{ person, token }];
    }),
  );
  const all = callers.flat();
  await callAll(world.url, all, CONNECTIONS);
  const spans = await world.audit.waitFor(
    (received) => requestsOf(received).length === all.length,
    'all requests',
    60_000,
  );
  expect(countCrossing(spans)).toMatchObject({ requests: all.length, crossed: 0, unlabelled: 0 });
  expect(spans.length).toBeGreaterThan(all.length * 2);
});
