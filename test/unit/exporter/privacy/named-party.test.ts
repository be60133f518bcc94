import { buildEntryBatch, mapSpan, parseOpenings, type RecordDraft } from '@spanledger/record';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { actorOf, sessionOf } from '../../../../packages/exporter/src/privacy/named-party.ts';
import { parseSealedRecord } from '../../../../packages/exporter/src/privacy/sealed-record.ts';
import { randomBytes, sha256 } from '../../../../packages/exporter/src/receive/record-crypto.ts';
import { KeyTable } from '../../../../packages/exporter/src/receive/wire/key-table.ts';
import { decodeTraceRequest } from '../../../../packages/exporter/src/receive/wire/trace-request.ts';
import { createSender, toProtobuf } from '../../../support/exporter/spans.ts';

const text = fc.oneof(
  fc.constantFrom('alice', 'shop', 'https://id.example', ' ', '\u0000', 'grüße 😀', 'x'.repeat(20_000)),
  fc.string({ maxLength: 20 }),
);
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });

const attributes = fc.record({
  'user.id': maybe(text),
  'session.id': maybe(text),
  'oidc.issuer': maybe(text),
  'oidc.client_id': maybe(text),
  'oidc.grant_type': maybe(fc.constantFrom('client_credentials', 'authorization_code')),
  'enduser.pseudo': maybe(text),
  'session.id.kind': maybe(text),
  'enduser.id': maybe(text),
  'enduser.pseudo.id': maybe(text),
  note: maybe(text),
});

const events = fc.array(
  attributes.map((own) => ({ name: 'oidc.token.refreshed', attributes: own })),
  { maxLength: 2 },
);

test('what the mapping names a subject and a session is what the vault finds behind their references', () => {
  fc.assert(
    fc.property(text, attributes, events, (service, own, lifecycle) => {
      const span = createSender(service).span({ attributes: own, events: lifecycle });
      const [group] = decodeTraceRequest(toProtobuf([span]), new KeyTable());
      const [decoded] = group?.spans ?? [];
      if (group === undefined || decoded === undefined) throw new Error('nothing decoded');
      for (const draft of mapSpan(decoded, group)) expectNamed(draft);
    }),
    { numRuns: 1000 },
  );
});

function expectNamed(draft: RecordDraft): void {
  const sessionRef = draft.session === undefined ? {} : { sessionRef: 'S' };
  const batch = buildEntryBatch([{ draft, actorRef: 'A', ...sessionRef }], { randomBytes, sha256 });
  const record = parseSealedRecord(batch.bytes);
  const openings = parseOpenings(batch.openings);
  expect(record.actor).toEqual({ id: 'A', type: draft.subject?.type });
  expect(actorOf(record, openings)).toEqual({
    kind: 'actor',
    issuer: draft.subject?.issuer,
    id: draft.subject?.id,
  });
  expect(sessionOf(record, openings)).toEqual(
    draft.session && { kind: 'session', issuer: draft.session.issuer, id: draft.session.id },
  );
}
