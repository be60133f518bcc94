import { expect, test } from 'vitest';
import { callAll, countCrossing, requestsOf, type Caller } from '../../support/instrumentation/crossing.ts';
import { startShop } from '../../integration/instrumentation/shop-world.ts';
import { describeMachine, printLines } from '../statistics.ts';

const PEOPLE = 400;
const CONNECTIONS = 100;
const ROUNDS = 20;

test('spans under another’s session, or without theirs, among 400 sessions at once', async () => {
  const machine = describeMachine();
  await using world = await startShop();
  const people = await Promise.all(
    Array.from({ length: PEOPLE }, async (_, person): Promise<Caller> => {
      const token = await world.provider.accessToken({ sub: `person-${person}`, sid: `session-${person}` });
      return { person, token };
    }),
  );
  const callers = people.flatMap((caller, index): Caller[] =>
    index % 4 === 0 ? [{ person: undefined, token: undefined }, caller] : [caller],
  );
  for (let round = 0; round < ROUNDS; round++) await callAll(world.url, callers, CONNECTIONS);
  const spans = await world.audit.waitFor(
    (received) => requestsOf(received).length === callers.length * ROUNDS,
    'all requests',
    120_000,
  );
  const { requests, crossed, unlabelled } = countCrossing(spans);
  printLines([
    machine,
    `${requests} requests of ${PEOPLE} sessions and of nobody, ${CONNECTIONS} connections, ${ROUNDS} rounds: ${spans.length} spans, ${crossed} crossed, ${unlabelled} unlabelled`,
  ]);
  expect({ crossed, unlabelled }).toEqual({ crossed: 0, unlabelled: 0 });
});
