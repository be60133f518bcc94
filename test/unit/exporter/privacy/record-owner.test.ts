import { encodeCanonical } from '@spanledger/record';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readOwner } from '../../../../packages/exporter/src/privacy/record-owner.ts';
import { parseSealedRecord } from '../../../../packages/exporter/src/privacy/sealed-record.ts';

const reference = fc.stringMatching(/^[A-Za-z0-9_-]{22}$/);
/** Texts that look like what is looked for. */
const text = fc.oneof(
  fc.string(),
  fc.constantFrom('"actor":{"id":"x","type":"user"}', '","session":{"id":"x"}', '\\', '}', ',"audit":{', '"'),
);
const other = fc.dictionary(
  fc.constantFrom('access', 'action', 'alert', 'commitments', 'outcome', 'policy', 'target'),
  fc.oneof(
    text,
    fc.integer(),
    fc.array(text),
    fc.dictionary(
      text.map((name) => `x${name}`),
      text,
    ),
  ),
);
const record = fc.record({
  actor: fc.record({ id: reference, type: fc.constantFrom('user', 'service', 'system') }),
  session: fc.option(fc.record({ id: reference }), { nil: undefined }),
  other,
  more: fc.dictionary(text, text),
});

test('whose a record is, is read as a parser reads it', () => {
  fc.assert(
    fc.property(record, ({ actor, session, other: members, more }) => {
      const bytes = encodeCanonical({
        '@timestamp': '2026-11-22T10:00:00.123456789Z',
        audit: { ...members, actor, ...(session !== undefined && { session }) },
        otel: more,
      });
      const parsed = parseSealedRecord(bytes);
      const owner = readOwner(bytes);
      expect(owner).toEqual({ day: '2026-11-22', actor: parsed.actor, sessionRef: parsed.sessionRef });
    }),
    { numRuns: 500 },
  );
});

test.each([
  '',
  '{}',
  '{"@timestamp":"2026-11-22T10:00:00.123456789Z","audit":{}}',
  '{"@timestamp":"2026-11-22T10:00:00.123456789Z","audit":{"actor":{"id":"é","type":"user"}}}',
  '{"@timestamp":"2026-11-22T10:00:00.123456789Z","audit":{"actor":{"id":"a\\"","type":"user"}}}',
  '{"@timestamp":"2026-11-22T10:00:00.123456789Z","audit":{"actor":{"id":"a"}}}',
  '{"@timestamp":"2026-11-22T10:00:00.123456789Z","audit":{"actor":{"id":"a","type":"us',
  '{"@timestamp":"2026-11-22T10:00:00Z","audit":{"actor":{"id":"a","type":"user"}}}',
  '{"@timestamp":"2026-11-22T10:00:00.123456789Z","audit":{"x":{"actor":{"id":"a","type":"user"}}}}',
])('nothing is made out of bytes of another form: %s', (bytes) => {
  expect(readOwner(Buffer.from(bytes))).toBeUndefined();
});
