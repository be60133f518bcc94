import type { JsonObject } from '@spanledger/record';
import fc from 'fast-check';

const users = ['alice', 'Alice', 'bob', 'carol@mail.example', 'dave@Other.example', 'élodie'];
const addresses = [
  '10.1.2.3',
  '10.1.9.9',
  '10.200.0.1',
  '192.168.0.7',
  '2001:db8:1::5',
  '2001:db8:2::5',
  'gateway',
];
const words = ['rush', 'please', 'ORDER', 'café', 'x'.repeat(80), 'and', '42'];

/** A document as the followers make it, with the fields that a query may name present or absent. */
export const anyDocument: fc.Arbitrary<JsonObject> = fc
  .record({
    time: fc.integer({ min: 0, max: 5_000_000 }),
    outcome: fc.constantFrom('success', 'failure', 'unknown'),
    action: fc.constantFrom('GET /orders/{id}', 'POST /orders', 'oidc.token.refreshed', 'y'.repeat(300)),
    category: fc.subarray(['web', 'api', 'session']),
    status: fc.option(fc.constantFrom(0, 99, 200, 204, 400, 404, 499, 500, 1000)),
    duration: fc.option(fc.oneof(fc.integer({ min: 0, max: 2e9 }), fc.constant('9007199254740993'))),
    session: fc.option(fc.constantFrom('ref-1', 'ref-2')),
    user: fc.option(fc.constantFrom(...users)),
    roles: fc.option(fc.subarray(['admin', 'guest'])),
    address: fc.option(fc.constantFrom(...addresses)),
    note: fc.option(fc.array(fc.constantFrom(...words), { maxLength: 4 }).map((list) => list.join(' '))),
    total: fc.option(fc.oneof(fc.integer({ min: -500, max: 500 }), fc.constantFrom(0.5, 1e25, 'none', true))),
  })
  .map(toDocument);

function toDocument(parts: {
  time: number;
  outcome: string;
  action: string;
  category: string[];
  status: number | null;
  duration: number | string | null;
  session: string | null;
  user: string | null;
  roles: string[] | null;
  address: string | null;
  note: string | null;
  total: number | string | boolean | null;
}): JsonObject {
  const { time, outcome, action, category, status, duration, session, user, roles, address, note, total } =
    parts;
  const timestamp = new Date(Date.UTC(2026, 10, 1) + time * 1000).toISOString().replace('Z', '000000Z');
  return {
    '@timestamp': timestamp,
    audit: {
      action: 'READ',
      ledger: { origin: 'log.example', index: 0 },
      record: { id: `trace-span-${time}` },
      openings: { identity: { salt: 'salt' } },
      ...(session !== null && { session: { id: session } }),
    },
    event: { action, category, outcome, dataset: 'spanledger.audit', ...(duration !== null && { duration }) },
    ...(status !== null && { http: { response: { status_code: status } } }),
    ...((user !== null || roles !== null) && {
      user: { ...(user !== null && { id: user, email: user }), ...(roles !== null && { roles }), hash: null },
    }),
    ...(address !== null && { client: { address } }),
    ...((note !== null || total !== null) && {
      attributes: {
        ...(note !== null && { 'order.note': note }),
        ...(total !== null && { 'order.total': total }),
      },
    }),
  };
}

const field = fc.constantFrom(
  'user.id',
  'user.email',
  'user.roles',
  'user',
  'event.outcome',
  'event.action',
  'event.category',
  'event.dataset',
  'event.duration',
  'event',
  'http.response.status_code',
  'audit.session.id',
  'audit.record.id',
  'audit.openings.identity.salt',
  'audit',
  'session.id',
  'client.address',
  'attributes.order.note',
  'attributes.order.total',
  'no.such.field',
);
const value = fc.oneof(
  fc.constantFrom(
    ...users,
    ...addresses,
    'success',
    'failure',
    'api',
    'ref-1',
    'salt',
    'READ',
    'true',
    'null',
  ),
  fc.constantFrom('GET /orders/{id}', 'get /orders/{id}', 'y'.repeat(300), '200', '404', '9007199254740993'),
);
const operator = fc.constantFrom('<', '<=', '>', '>=');
const number = fc.constantFrom(
  '-100',
  '-0.1',
  '0',
  '0.5',
  '1',
  '99',
  '100',
  '200',
  '400',
  '450',
  '500',
  '1e9',
  '1e25',
);
const date = fc.constantFrom('2026', '2026-11', '2026-11-08', '2026-11-20T03', '2026-12-15', '2027');

const term = fc.oneof(
  fc.tuple(field, value).map(([name, text]) => `${name}:${JSON.stringify(text)}`),
  fc
    .tuple(field, fc.constantFrom('a*', '*@mail.example', 'GET*', 'y*', '*e*', '10.1*', '4*'))
    .map((t) => t.join(':')),
  field.map((name) => `${name}:*`),
  fc.tuple(field, operator, number).map(([name, op, text]) => `${name} ${op} ${text}`),
  fc.tuple(operator, date).map(([op, text]) => `@timestamp ${op} "${text}"`),
  date.map((text) => `@timestamp:"${text}"`),
  fc
    .constantFrom('10.0.0.0/8', '10.1.0.0/16', '10.1.2.0/22', '2001:db8::/32', '2001:db8:1::/48', '0.0.0.0/0')
    .map((network) => `client.address:"${network}"`),
  fc.constantFrom(
    'alice',
    'ORDERS',
    '"order rush"',
    'café',
    'ple*',
    'order-ru*',
    '"and"',
    'x'.repeat(70),
    'refreshed',
  ),
  fc.constant('*'),
);

/** Queries in the language, of all kinds of terms. */
export const anyQuery: fc.Arbitrary<string> = fc.letrec<{ query: string }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    term,
    fc
      .tuple(tie('query'), fc.constantFrom('and', 'or'), tie('query'))
      .map(([a, join, b]) => `(${a}) ${join} (${b})`),
    tie('query').map((query) => `not (${query})`),
  ),
})).query;
