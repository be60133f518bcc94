import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  COMMITMENT_GROUPS,
  LEDGER_MEMBER_MAX_BYTES,
  MAX_BATCH_ENTRIES,
  MAX_ENTRY_BYTES,
  MAX_GROUP_BYTES,
  RecordError,
  buildEntryBatch,
  canonicalize,
  computeCommitment,
  groupOfPath,
  parseCanonical,
  parseOpenings,
  parseRecord,
} from '@spanledger/record';
import type { EntryBatch, JsonObject, RecordDraft } from '@spanledger/record';
import { anySpan } from './arbitraries.ts';
import {
  SERVER_CALL,
  SESSION,
  at,
  batchOf,
  draftOf,
  draftsOf,
  entryOf,
  eventOf,
  fixedCrypto,
  openingsOf,
  referenced,
  sha256,
  spanOf,
  text,
  utf8,
} from './samples.ts';

const login = draftsOf(
  spanOf(
    { events: [eventOf('oidc.session.started', SESSION)] },
    { ...SERVER_CALL, ...SESSION, 'audit.sequence.number': 1 },
  ),
);

function codeOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    return error instanceof RecordError ? error.code : String(error);
  }
  return undefined;
}

/** Bytes of entry i before the ledger's member. */
function bytesOf(batch: EntryBatch, i: number): Uint8Array {
  return batch.bytes.subarray(i === 0 ? 0 : batch.ends[i - 1], batch.ends[i]);
}

/** Every value that is no object, with the path to it. */
function leaves(object: JsonObject, path: string[] = []): [string[], unknown][] {
  return Object.entries(object).flatMap(([name, value]): [string[], unknown][] =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0
      ? leaves(value, [...path, name])
      : [[[...path, name], value]],
  );
}

describe('a batch', () => {
  const batch = batchOf(...login);

  test('holds canonical records with references in place of people', () => {
    expect(batch.count).toBe(2);
    const record = parseCanonical(bytesOf(batch, 0));
    expect(record['audit']).toMatchObject({
      action: 'READ',
      actor: { id: 'actor-reference', type: 'user' },
      session: { id: 'session-reference' },
      sequence: { number: 1 },
    });
    expect(Object.keys(Object(at(record, 'audit.commitments')))).toEqual(['content', 'identity', 'network']);
    expect(at(parseCanonical(bytesOf(batch, 1)), 'audit.action')).toBe('LOGIN');
  });

  test('leaves a hole where the ledger member makes a canonical record of it', () => {
    for (const i of [0, 1]) {
      const record = parseRecord(entryOf(batch, i, { index: 41 + i, origin: 'log.example', previous: 'ab' }));
      expect(record.audit.ledger).toEqual({ index: 41 + i, origin: 'log.example', previous: 'ab' });
    }
    expect(text(batch.bytes.subarray(batch.holes[0])).startsWith('"outcome":')).toBe(true);
  });

  test('commits to each group with a salt of its own', () => {
    const salts = new Set<string>();
    for (const i of [0, 1]) {
      const record = parseCanonical(bytesOf(batch, i));
      const openings = openingsOf(batch, i);
      for (const group of COMMITMENT_GROUPS) {
        const opening = openings[group];
        if (opening === undefined) continue;
        expect(at(record, `audit.commitments.${group}`)).toBe(computeCommitment(group, opening, sha256));
        expect(opening.value).toEqual(login[i]?.groups[group]);
        expect(Buffer.from(opening.salt, 'base64url')).toHaveLength(16);
        salts.add(opening.salt);
      }
    }
    expect(salts.size).toBe(5);
  });

  test('of nothing is empty', () => {
    expect(batchOf()).toMatchObject({ count: 0, bytes: new Uint8Array(0), openings: new Uint8Array(0) });
  });

  test('an entry without groups has no commitments and empty openings', () => {
    const empty = batchOf(draftOf(spanOf({ name: '' })));
    expect(at(parseCanonical(bytesOf(empty, 0)), 'audit.commitments')).toBeUndefined();
    expect(text(empty.openings)).toBe('{}');
  });

  test('is bounded in its entries', () => {
    const [draft] = login;
    const tooMany = Array.from({ length: MAX_BATCH_ENTRIES + 1 }, () => referenced(draft));
    expect(codeOf(() => buildEntryBatch(tooMany, fixedCrypto))).toBe('batch_too_large');
  });

  test('refuses a draft that is no record', () => {
    expect(codeOf(() => batchOf({ ...login[0], clear: {} }))).toBe('record_malformed');
    expect(codeOf(() => batchOf({ ...login[0], groups: { content: { x: Number.NaN } } }))).toBe(
      'value_not_json',
    );
  });
});

test('a commitment cannot be moved to another group, salt or value', () => {
  const opening = { salt: 'AAECAwQFBgcICQoLDA0ODw', value: { user: { id: 'alice' } } };
  const commitment = computeCommitment('identity', opening, sha256);
  // Computed apart from this code: printf '{"group":"identity","salt":"…","value":{"user":{"id":"alice"}}}' | sha256sum
  expect(commitment).toBe('XWv8qm_z-U0A0MWw6D-qD41qlN_903f15Nd1RJVB0rM');
  expect(computeCommitment('content', opening, sha256)).not.toBe(commitment);
  expect(computeCommitment('identity', { ...opening, salt: 'BBECAwQFBgcICQoLDA0ODw' }, sha256)).not.toBe(
    commitment,
  );
  expect(computeCommitment('identity', { ...opening, value: { user: { id: 'alicf' } } }, sha256)).not.toBe(
    commitment,
  );
});

describe('any span', () => {
  test('becomes canonical entries within the limit, and openings that match their commitments', () => {
    fc.assert(
      fc.property(anySpan, (span) => {
        const drafts = draftsOf(span);
        const batch = buildEntryBatch(drafts.map(referenced), { randomBytes, sha256 });
        expect(batch.count).toBe(drafts.length);
        drafts.forEach((draft, i) => {
          const record = parseRecord(entryOf(batch, i));
          expect(record.audit.record.id).toBe(draft.id);
          const openings = openingsOf(batch, i);
          for (const group of COMMITMENT_GROUPS) {
            const opening = openings[group];
            const commitment = opening === undefined ? undefined : computeCommitment(group, opening, sha256);
            expect(record.audit.commitments?.[group]).toBe(commitment);
            expect(opening === undefined).toBe(draft.groups[group] === undefined);
          }
        });
      }),
      { numRuns: 500 },
    );
  }, 60_000);

  test('stands by path where the allow-list says, in the clear and in each group', () => {
    fc.assert(
      fc.property(anySpan, (span) => {
        for (const draft of draftsOf(span)) {
          const parts: [string, JsonObject][] = [['clear', draft.clear], ...Object.entries(draft.groups)];
          for (const [group, value] of parts) {
            for (const [path] of leaves(value)) expect([path, groupOfPath(path)]).toEqual([path, group]);
          }
        }
      }),
      { numRuns: 500 },
    );
  }, 60_000);
});

describe('what is too large', () => {
  const roomy = 'r'.repeat(1_024);

  function withClear(extra: JsonObject): RecordDraft {
    const draft = draftOf(spanOf({}, { ...SERVER_CALL, ...SESSION }));
    return { ...draft, clear: { ...draft.clear, ...extra } };
  }

  test('a record is cut, the largest first, and says so', () => {
    const draft = withClear({ http: { request: { method: 'GET' }, route: 'x'.repeat(70_000) } });
    const record = parseRecord(entryOf(batchOf(draft), 0));
    expect(record.audit.truncated).toEqual(['http.route']);
    expect(record.audit.record.id).toBe(draft.id);
    expect(record.http?.['request']).toEqual({ method: 'GET' });
  });

  test('what the mapping has cut is named beside it', () => {
    const draft = draftOf(spanOf({}, { note: 'x'.repeat(100_000), ...SESSION }));
    const clear = {
      ...draft.clear,
      oidc: { ...Object(draft.clear['oidc']), scope: Array.from({ length: 200 }, () => roomy) },
    };
    const batch = batchOf({ ...draft, clear });
    expect(parseRecord(entryOf(batch, 0)).audit.truncated).toEqual(['attributes', 'oidc.scope']);
  });

  test('no entry is over its limit with the largest ledger member, however large every field is', () => {
    const controls = '\u0001'.repeat(2_000);
    const list = Array.from({ length: 1_000 }, () => controls);
    const texts = [
      'http.request.method',
      'http.route',
      'url.scheme',
      'error.type',
      'oidc.acr',
      'oidc.client_id',
    ];
    const lists = ['oidc.amr', 'oidc.scope', 'oidc.scope.requested', 'oidc.token.audience'];
    const draft = draftOf(
      spanOf(
        {},
        Object.fromEntries([...texts.map((key) => [key, controls]), ...lists.map((key) => [key, list])]),
      ),
    );
    const batch = batchOf(draft, ...login);
    expect(batch.bytes.subarray(0, batch.ends[0]).length).toBeLessThanOrEqual(
      MAX_ENTRY_BYTES - LEDGER_MEMBER_MAX_BYTES,
    );
    const record = parseRecord(entryOf(batch, 0));
    expect(record.audit.truncated).toEqual(expect.arrayContaining(lists.slice(0, 2)));
    // What follows in the batch is untouched by the attempts before it.
    expect(parseRecord(entryOf(batch, 1)).audit.record.id).toBe(login[0].id);
  });

  test('a group is cut as well, and its commitment is to what was kept', () => {
    const attributes = Object.fromEntries(
      Array.from({ length: 400 }, (_, i) => [`k${i}`, '\u0001'.repeat(16_000)]),
    );
    const batch = batchOf(draftOf(spanOf({}, { ...attributes, 'url.path': '/short' })), ...login);
    const { content } = openingsOf(batch, 0);
    if (content === undefined) throw new Error('no content');
    expect(utf8.encode(canonicalize(content.value)).length).toBeLessThanOrEqual(MAX_GROUP_BYTES);
    expect(at(content.value, 'url.path')).toBe('/short');
    const record = parseRecord(entryOf(batch, 0));
    expect(record.audit.commitments?.content).toBe(computeCommitment('content', content, sha256));
    expect(record.audit.truncated).toEqual(['attributes']);
    expect(parseRecord(entryOf(batch, 1)).audit.commitments?.content).toBe(
      computeCommitment('content', openingsOf(batch, 1).content ?? content, sha256),
    );
  });

  test('a draft that cannot be cut to size is refused', () => {
    const draft = withClear({ trace: { id: 'x'.repeat(70_000) } });
    expect(codeOf(() => batchOf(draft))).toBe('entry_too_large');
  });

  test('only canonical openings of known groups are read', () => {
    const refused = (json: string): string | undefined => codeOf(() => parseOpenings(utf8.encode(json)));
    expect(refused('{}')).toBeUndefined();
    expect(refused('{"secret":{"salt":"a","value":{}}}')).toBe('record_malformed');
    expect(refused('{"content":{"salt":"a"}}')).toBe('record_malformed');
    expect(refused('{"content":{"salt":"a","value":{},"x":1}}')).toBe('record_malformed');
    expect(refused('{"content":{"salt":1,"value":{}}}')).toBe('record_malformed');
    expect(refused('{"content":[]}')).toBe('record_malformed');
    expect(refused('{"content":{"value":{},"salt":"a"}}')).toBe('record_not_canonical');
  });

  test('only entries with the members of a record are read', () => {
    const entry = text(entryOf(batchOf(...login), 0));
    expect(codeOf(() => parseRecord(utf8.encode(entry)))).toBeUndefined();
    expect(codeOf(() => parseRecord(utf8.encode(entry.replace('"index":0,', ''))))).toBe('record_malformed');
    expect(codeOf(() => parseRecord(utf8.encode(entry.replace('"index":0', '"index":"0"'))))).toBe(
      'record_malformed',
    );
    expect(codeOf(() => parseRecord(utf8.encode('{}')))).toBe('record_malformed');
  });
});
