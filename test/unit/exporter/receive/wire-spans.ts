import fc from 'fast-check';
import {
  bytesField,
  fixed64Field,
  message,
  stringField,
  varintField,
  varint,
} from '../../../support/exporter/protobuf.ts';

/** Keys that the mapping gives a meaning to, older names of them, and some that it does not know. */
const KEYS = `
  http.request.method http.route http.response.status_code url.path url.scheme url.query http.method
  http.status_code http.scheme http.target http.url http.host http.flavor net.host.name net.host.port
  net.peer.ip net.peer.port http.user_agent http.client_ip server.address server.port client.address
  client.port network.peer.address user.id enduser.id enduser.pseudo.id user.name user.roles user.a.b
  session.id oidc.client_id oidc.issuer oidc.scope oidc.session.state oidc.acr oidc.amr oidc.token.id
  oidc.token.expires_at oidc.auth_time oidc.grant_type oidc.claims.groups audit.action audit.outcome
  audit.target.type audit.sequence.number audit.lost.count http.request.body.size user_agent.original
  error.type error.message service.name express.name express.type db.statement a a.b host.name attributes
  __proto__  schlüssel 😀 constructor event.action span.name telemetry.sdk.language source.port`.split(/\s+/);

const TEXTS = [
  'GET POST /orders/:id /orders/1?a=b alice shop https://id.example service success 443 1.1'.split(' '),
  'alice@example.org 203.0.113.7 a"b\\c back\\slash \t\u0000 \u007f grüße 😀 \u2028 ÿ'.split(' '),
  ['', 'read write', 'x'.repeat(300), 'é'.repeat(200), 'long '.repeat(4_000)],
].flat();

/** One `AnyValue`, as bytes: usual ones, and all others. */
const anyValue: fc.Arbitrary<Uint8Array> = fc.letrec<{ value: Uint8Array; pair: Uint8Array }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    { weight: 12, arbitrary: fc.constantFrom(...TEXTS).map((text) => stringField(1, text)) },
    {
      weight: 3,
      arbitrary: fc.string({ unit: 'binary', maxLength: 40 }).map((text) => stringField(1, text)),
    },
    { weight: 4, arbitrary: fc.nat(70_000).map((value) => varintField(3, BigInt(value))) },
    {
      weight: 2,
      arbitrary: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => varintField(3, value)),
    },
    {
      weight: 2,
      arbitrary: fc
        .constantFrom(2n ** 53n - 1n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 49n)
        .map((value) => varintField(3, value)),
    },
    { weight: 3, arbitrary: fc.double().map(doubleField) },
    { weight: 2, arbitrary: fc.constantFrom(-0, 1e21, 1e-7, 5e-324, 200, 443.5).map(doubleField) },
    { weight: 2, arbitrary: fc.boolean().map((value) => varintField(2, value ? 1n : 0n)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }).map((value) => bytesField(7, value)) },
    { weight: 1, arbitrary: fc.constant(new Uint8Array(0)) },
    // Several of them, of which the last counts; a field that nobody knows; text that is none.
    { weight: 1, arbitrary: fc.tuple(tie('value'), tie('value')).map((both) => message(...both)) },
    { weight: 1, arbitrary: tie('value').map((value) => message(value, varintField(99, 7n))) },
    {
      weight: 1,
      arbitrary: fc
        .array(tie('value'), { maxLength: 4 })
        .map((items) => bytesField(5, message(...items.map((item) => bytesField(1, item))))),
    },
    {
      weight: 1,
      arbitrary: fc
        .array(tie('pair'), { maxLength: 4 })
        .map((items) => bytesField(6, message(...items.map((item) => bytesField(1, item))))),
    },
  ),
  pair: fc
    .tuple(fc.constantFrom(...KEYS), tie('value'))
    .map(([key, value]) => message(stringField(1, key), bytesField(2, value))),
})).value;

/** Values that make a span an ordinary one of HTTP, in an OIDC session: where they are, templates are used. */
const USUAL: Readonly<Record<string, readonly Uint8Array[]>> = {
  'http.request.method': ['GET', 'POST'].map((text) => stringField(1, text)),
  'http.route': ['/orders/:id', '/login'].map((text) => stringField(1, text)),
  'http.response.status_code': [200n, 403n].map((status) => varintField(3, status)),
  'oidc.client_id': [stringField(1, 'shop')],
  'oidc.issuer': [stringField(1, 'https://id.example')],
};

interface WireAttribute {
  key: string;
  values: readonly Uint8Array[];
}

const attribute: fc.Arbitrary<WireAttribute> = fc
  .tuple(
    fc.oneof(
      { weight: 20, arbitrary: fc.constantFrom(...KEYS) },
      { weight: 1, arbitrary: fc.string({ maxLength: 300 }) },
    ),
    fc.array(anyValue, { minLength: 1, maxLength: 3 }),
    fc.boolean(),
  )
  .map(([key, values, isUsual]) => ({ key, values: (isUsual ? USUAL[key] : undefined) ?? values }));

/** What instrumentations write all the time, in any order, and some more. */
const shape: fc.Arbitrary<WireAttribute[]> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.uniqueArray(attribute, { selector: ({ key }) => key, minLength: 1, maxLength: 6 }),
  },
  { weight: 1, arbitrary: fc.array(attribute, { maxLength: 16 }) },
);

const PEOPLE = ['alice', 'bob', 'grüße', 'shop'].map((text) => stringField(1, text));

/** What instrumentations write, without anything that another attribute could stand in the way of. */
const BASES: readonly WireAttribute[][] = [
  [],
  usual(['http.request.method', 'http.route', 'http.response.status_code']),
  [
    ...usual(['http.request.method', 'http.route', 'oidc.issuer', 'oidc.client_id']),
    { key: 'user.id', values: PEOPLE },
    { key: 'session.id', values: [stringField(1, 's-1'), stringField(1, 's-2')] },
    { key: 'audit.sequence.number', values: [] },
  ],
  [...usual(['http.route']), { key: 'session.id', values: [stringField(1, 'browser-1')] }],
  [{ key: 'enduser.id', values: PEOPLE }],
];

function usual(keys: readonly string[]): WireAttribute[] {
  return keys.map((key) => ({ key, values: USUAL[key] ?? [] }));
}

/** What stands in a span beside its attributes. */
const around: fc.Arbitrary<Uint8Array> = fc
  .record({
    name: fc.constantFrom('GET /orders/:id', '', 'grüße "x"', 'n'.repeat(2_000)),
    kind: fc.constantFrom(0n, 1n, 2n, 2n, 2n, 3n, 3n, 5n, 6n, 200n),
    parent: fc.constantFrom<Uint8Array | undefined>(
      undefined,
      new Uint8Array(0),
      Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    ),
    start: fc.oneof(
      fc.bigInt({ min: 1_764_000_000_000_000_000n, max: 1_764_000_003_000_000_000n }),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    ),
    duration: fc.oneof(
      { weight: 9, arbitrary: fc.bigInt({ min: 0n, max: 10n ** 10n }) },
      { weight: 1, arbitrary: fc.bigInt({ min: -5n, max: 2n ** 55n }) },
    ),
    status: fc.constantFrom(
      message(),
      bytesField(15, message()),
      bytesField(15, varintField(3, 2n)),
      bytesField(15, message(stringField(2, 'ünwell'), varintField(3, 2n))),
      bytesField(15, message(stringField(2, ''), varintField(3, 1n))),
    ),
    rare: fc.oneof(
      { weight: 12, arbitrary: fc.constant(message()) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          stringField(3, 'vendor=1'),
          stringField(3, 'vendör=1'),
          varintField(10, 3n),
          varintField(12, 300n),
          message(varint(133n), Uint8Array.of(1, 1, 0, 0)),
          bytesField(11, message(fixed64Field(1, 5n), stringField(2, 'exception'))),
          bytesField(11, message(fixed64Field(1, 5n), stringField(2, 'oidc.token.refreshed'))),
          bytesField(13, bytesField(1, new Uint8Array(16).fill(7))),
          varintField(77, 1n),
          stringField(5, 'a second name'),
          // Half of a surrogate pair.
          bytesField(
            9,
            message(stringField(1, 'a'), bytesField(2, bytesField(1, Uint8Array.of(0xed, 0xa0, 0x80)))),
          ),
        ),
      },
    ),
  })
  .map(({ name, kind, parent, start, duration, status, rare }) => {
    const end = BigInt.asUintN(64, start + duration);
    return message(
      ...(parent === undefined ? [] : [bytesField(4, parent)]),
      stringField(5, name),
      varintField(6, kind),
      fixed64Field(7, start),
      fixed64Field(8, end),
      status,
      rare,
    );
  });

/** Requests of an application that writes spans of a few shapes again and again. */
export const requestsOfOneApplication: fc.Arbitrary<Uint8Array[]> = fc
  .record({
    shapes: fc.array(
      fc.tuple(shape, fc.constantFrom(...BASES), fc.array(around, { minLength: 1, maxLength: 3 })),
      {
        minLength: 1,
        maxLength: 3,
      },
    ),
    resource: fc.constantFrom<Record<string, string>>(
      { 'service.name': 'shop', 'audit.sequence.stream_id': 'producer-1' },
      { 'service.name': 'shop', 'host.name': 'h', 'telemetry.sdk.language': 'nodejs' },
      { 'service.name': 'läden', 'service.version': '1.2', 'audit.sequence.stream_id': 'not an id' },
      {},
    ),
    picks: fc.array(fc.array(fc.nat(1_000_000), { minLength: 2, maxLength: 2 }), {
      minLength: 60,
      maxLength: 120,
    }),
    cut: fc.option(fc.nat(58), { nil: undefined }),
  })
  .map(({ shapes, resource, picks, cut }) => {
    const spans = picks.map(([pick = 0, other = 0], i) => {
      const [attributes, base, arounds] = shapes[pick % shapes.length] ?? [[], [], []];
      const ids = new Uint8Array(24).fill(1);
      new DataView(ids.buffer).setUint32(10, i + 1);
      new DataView(ids.buffer).setUint32(20, i + 1);
      const others = attributes.filter(({ key }) => !base.some((one) => one.key === key && other % 50 > 0));
      const all = [...others, ...base].map(({ key, values }, at) => {
        const value = values[(other + at * pick) % values.length] ?? message();
        const numbered = key === 'audit.sequence.number' ? varintField(3, BigInt(i + 1)) : value;
        return bytesField(9, message(stringField(1, key), bytesField(2, numbered)));
      });
      return bytesField(
        2,
        message(
          bytesField(1, ids.subarray(0, 16)),
          bytesField(2, ids.subarray(16)),
          arounds[other % arounds.length] ?? message(),
          ...all,
        ),
      );
    });
    const at = cut ?? spans.length;
    return [spans.slice(0, at), spans.slice(at)].map((some) =>
      bytesField(
        1,
        message(
          bytesField(
            1,
            message(
              ...Object.entries(resource).map(([key, value]) =>
                bytesField(1, message(stringField(1, key), bytesField(2, stringField(1, value)))),
              ),
            ),
          ),
          bytesField(2, message(bytesField(1, stringField(1, 'scope')), ...some)),
        ),
      ),
    );
  });

function doubleField(value: number): Uint8Array {
  const bytes = Buffer.alloc(9);
  bytes[0] = (4 << 3) | 1;
  bytes.writeDoubleLE(value, 1);
  return bytes;
}
