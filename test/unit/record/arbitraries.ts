import fc from 'fast-check';
import type { OtlpAttributes, OtlpSpan, OtlpValue } from '@spanledger/record';
import { spanOf } from './samples.ts';

/** Names with a meaning, of every group, and names that nobody knows. */
export const KNOWN_KEYS = [
  'session.id',
  'user.id',
  'user.name',
  'user.roles',
  'user.some.thing',
  'enduser.id',
  'enduser.pseudo',
  'enduser.pseudo.id',
  'user.id.kind',
  'oidc.client_id',
  'oidc.issuer',
  'oidc.token.id',
  'oidc.session.id',
  'oidc.session.source',
  'oidc.session.state',
  'oidc.scope',
  'oidc.scope.requested',
  'oidc.auth_time',
  'oidc.claims.address',
  'oidc.error',
  'oidc.error_description',
  'client.address',
  'client.geo.city_name',
  'source.ip',
  'server.address',
  'server.port',
  'network.peer.address',
  'user_agent.original',
  'url.path',
  'url.query',
  'url.full',
  'url.scheme',
  'url.scheme.x',
  'http.request.method',
  'http.response.status_code',
  'http.route',
  'http.method',
  'http.target',
  'http.host',
  'http.user_agent',
  'net.peer.name',
  'net.peer.ip',
  'http.request.header.authorization',
  'error.type',
  'error.message',
  'audit.action',
  'audit.target.type',
  'audit.target.id',
  'audit.sequence.number',
  'service.name',
  '__proto__',
  'constructor',
  'a',
  'a.b',
];

const EVENTS = ['oidc.session.started', 'oidc.token.rejected', 'audit.action', 'exception', 'log'];

export const keys: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...KNOWN_KEYS) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
);

/** Attribute values around the given strings and numbers. */
export function valuesOf(leaf: fc.Arbitrary<OtlpValue>): fc.Arbitrary<OtlpValue> {
  return fc.letrec<{ value: OtlpValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.string({ maxLength: 5 }), tie('value'), { maxKeys: 3 }),
    ),
  })).value;
}

export function attributesFrom(
  key: fc.Arbitrary<string>,
  value: fc.Arbitrary<OtlpValue>,
): fc.Arbitrary<OtlpAttributes> {
  return fc.array(fc.tuple(key, value), { maxLength: 24 }).map((entries) => new Map(entries));
}

/** Spans with these attributes, on themselves and on their events, and this free text. */
export function spansOf(
  attributes: fc.Arbitrary<OtlpAttributes>,
  freeText: fc.Arbitrary<string>,
): fc.Arbitrary<OtlpSpan> {
  return fc
    .record({
      attributes,
      name: freeText,
      kind: fc.integer({ min: 0, max: 5 }),
      status: fc.record({ code: fc.integer({ min: 0, max: 2 }), message: freeText }),
      startTimeUnixNano: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      events: fc.array(
        fc.record({
          name: fc.oneof(fc.constantFrom(...EVENTS), freeText),
          timeUnixNano: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
          attributes,
        }),
        { maxLength: 3 },
      ),
    })
    .map(({ attributes: own, ...rest }) => spanOf(rest, own));
}

/** Any value that OTLP can carry. */
export const anyValue: fc.Arbitrary<OtlpValue> = valuesOf(
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    // Lone surrogates, which JSON can smuggle in.
    fc.string({ unit: fc.integer({ min: 0xd7f0, max: 0xe010 }).map((code) => String.fromCharCode(code)) }),
    fc.double(),
    fc.integer(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.boolean(),
    fc.constant(null),
  ),
);

/** Any span at all. */
export const anySpan: fc.Arbitrary<OtlpSpan> = spansOf(
  attributesFrom(keys, anyValue),
  fc.string({ unit: 'binary', maxLength: 40 }),
);
