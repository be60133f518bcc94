import fc from 'fast-check';
import { expect, test } from 'vitest';
import { groupOfAttribute } from '@spanledger/record';
import type { OtlpValue } from '@spanledger/record';
import { attributesFrom, keys, spansOf, valuesOf } from './arbitraries.ts';
import { batchOf, draftsOf, openingsOf, text } from './samples.ts';

/** Fields in the clear whose values must look like something; a person's data does not. */
const SHAPED = [
  'audit.action',
  'audit.target.type',
  'http.response.status_code',
  'oidc.auth_time',
  'server.port',
];

const secretText = fc
  .string({ unit: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'x', 'y', 'z'), minLength: 12, maxLength: 12 })
  .map((word) => `secret ${word} secret`);
const secretNumber = fc.integer({ min: 2 ** 51, max: 2 ** 52 });
/** Long enough to be cut, so that `audit.truncated` has something to give away. */
const longSecret = secretText.map((secret) => `${secret} ${'x'.repeat(20_000)}`);
const secret: fc.Arbitrary<OtlpValue> = fc.oneof(
  { weight: 10, arbitrary: secretText },
  { weight: 5, arbitrary: secretNumber },
  { weight: 1, arbitrary: longSecret },
);

const committedKeys = fc.oneof(
  keys.filter((key) => groupOfAttribute(key) !== 'clear'),
  fc.constantFrom(...SHAPED),
  // A name nobody knows may be personal as well.
  secretText,
  secretText.map((name) => `user.${name}`),
);

/** The secret words and numbers in a value, names of members included. */
function secretsIn(value: OtlpValue): string[] {
  if (typeof value === 'string') return [...value.matchAll(/secret [a-z]{12}/g)].map(([found]) => found);
  if (typeof value === 'number') return [String(value)];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => [...secretsIn(key), ...secretsIn(member)]);
}

test('nothing that is not on the allow-list occurs in the bytes that are hashed', () => {
  const attributes = attributesFrom(committedKeys, valuesOf(secret));
  let seen = 0;
  fc.assert(
    fc.property(spansOf(attributes, secretText), attributes, (span, resource) => {
      const drafts = draftsOf(span, Object.fromEntries([...resource, ['service.name', 'shop']]));
      const batch = batchOf(...drafts);
      const hashed = text(batch.bytes);
      const everything = [
        ...[span.attributes, resource, ...span.events.map((event) => event.attributes)].flatMap((map) =>
          secretsIn(Object.fromEntries(map)),
        ),
        ...secretsIn([span.name, span.status.message, ...span.events.map((event) => event.name)]),
      ];
      seen += everything.length;
      for (const found of everything) expect(hashed).not.toContain(found);
      // The span's name is free text, and must have gone somewhere.
      expect(JSON.stringify(openingsOf(batch, 0))).toContain(span.name);
    }),
    { numRuns: 300 },
  );
  expect(seen).toBeGreaterThan(3_000);
}, 60_000);
