import { hash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  buildEntryBatch,
  canonicalize,
  DocumentOpener,
  openDocument,
  parseCanonical,
  parseOpenings,
} from '@spanledger/record';
import type { EntryBatch, JsonObject, Openings } from '@spanledger/record';
import { anySpan } from './arbitraries.ts';
import {
  SERVER_CALL,
  SESSION,
  batchOf,
  draftOf,
  draftsOf,
  entryOf,
  objectFrom,
  referenced,
  sha256,
  spanOf,
} from './samples.ts';

const INTEGRITY = { hash: 'c0ffee', checkpointSize: 42 };

const digest = (text: string): string => hash('sha256', text, 'base64url');

function openingsTextOf(batch: EntryBatch, i: number): string {
  const bytes = batch.openings.subarray(i === 0 ? 0 : batch.openingEnds[i - 1], batch.openingEnds[i]);
  return Buffer.from(bytes).toString();
}

const batch = batchOf(
  draftOf(spanOf({}, { ...SERVER_CALL, ...SESSION, 'oidc.claims.dept': 'sa"les\\', list: [1, { a: null }] })),
);
const record = Buffer.from(entryOf(batch, 0)).toString();
const openings = openingsTextOf(batch, 0);

/** What {@link openDocument} makes of the same, as text. */
function expected(ofRecord: string, ofOpenings: string): string {
  const opened = parseOpenings(Buffer.from(ofOpenings));
  return JSON.stringify(openDocument(parseCanonical(Buffer.from(ofRecord)), opened, INTEGRITY));
}

/** A record that commits to these openings, and nothing else of note. */
function committing(groups: Openings, more: JsonObject = {}): [record: string, openings: string] {
  const commitments: Record<string, string> = {};
  for (const [group, { salt, value }] of Object.entries(groups)) {
    commitments[group] = digest(canonicalize({ group, salt, value }));
  }
  const texts: Record<string, JsonObject> = {};
  for (const [group, { salt, value }] of Object.entries(groups)) texts[group] = { salt, value };
  return [canonicalize({ audit: { commitments }, ...more }), canonicalize(texts)];
}

const opener = new DocumentOpener((bytes) => hash('sha256', bytes, 'base64url'));

function openText(ofRecord: string, ofOpenings?: string): string | undefined {
  const bytes = ofOpenings === undefined ? undefined : Buffer.from(ofOpenings);
  const json = opener.open(Buffer.from(ofRecord), bytes, INTEGRITY);
  return json && Buffer.from(json).toString();
}

describe('the text of a document', () => {
  test('is what its object gives', () => {
    expect(openText(record, openings)).toBe(expected(record, openings));
  });

  test('with groups erased, too', () => {
    const { identity: _identity, ...left } = objectFrom(openings);
    expect(openText(record)).toBe(expected(record, '{}'));
    const kept = canonicalize(left);
    expect(openText(record, kept)).toBe(expected(record, kept));
  });

  test('for any span', () => {
    fc.assert(
      fc.property(anySpan, (span) => {
        const any = buildEntryBatch(draftsOf(span).map(referenced), { randomBytes, sha256 });
        for (let i = 0; i < any.count; i++) {
          const its = Buffer.from(entryOf(any, i)).toString();
          const opened = openingsTextOf(any, i);
          const text = openText(its, opened === '{}' ? undefined : opened);
          // Names that are numbers stand elsewhere in an object than in a canonical text.
          expect(canonicalize(objectFrom(text ?? '{}'))).toBe(
            canonicalize(objectFrom(expected(its, opened))),
          );
        }
      }),
      { numRuns: 500 },
    );
  }, 60_000);

  test('merges what groups add to the objects of a record', () => {
    const [its, opened] = committing(
      {
        content: { salt: 's', value: { http: { request: { size: 3 } }, url: { path: '/' } } },
        network: { salt: 't', value: { http: { request: { id: 'r' } }, url: { scheme: 'https' } } },
      },
      { http: { request: { method: 'GET' }, route: '/' } },
    );
    expect(openText(its, opened)).toBe(expected(its, opened));
    expect(openText(its, opened)).toContain('"request":{"method":"GET","size":3,"id":"r"}');
  });

  test.each<[string, Openings, JsonObject]>([
    ['two values for one place', { content: { salt: 's', value: { http: 'x' } } }, { http: 'y' }],
    ['a value where there is an object', { content: { salt: 's', value: { http: 'x' } } }, { http: {} }],
    ['an object where there is a value', { content: { salt: 's', value: { http: {} } } }, { http: 'x' }],
    ['a group with a part of `audit`', { content: { salt: 's', value: { audit: {} } } }, {}],
    [
      'two groups that want one place',
      { content: { salt: 's', value: { a: 1 } }, network: { salt: 's', value: { a: 1 } } },
      {},
    ],
  ])('is not made for %s', (_, groups, more) => {
    expect(openText(...committing(groups, more))).toBeUndefined();
  });

  test('is not made for a group to which the record does not commit', () => {
    expect(openText(record, openings.replace('alice', 'mallo'))).toBeUndefined();
    const [its] = committing({});
    expect(openText(its, openings)).toBeUndefined();
  });

  test('is not made for a group of another name, or with more in it', () => {
    const [its, opened] = committing({ content: { salt: 's', value: {} } });
    expect(openText(its, opened)).toBe(expected(its, opened));
    expect(
      openText(its, opened.replace('{"content"', '{"a":{"salt":"s","value":{}},"content"')),
    ).toBeUndefined();
    const text = '{"salt":"s","value":{},"zzz":1}';
    const commitment = digest(`{"group":"content",${text.slice(1)}`);
    const committed = canonicalize({ audit: { commitments: { content: commitment } } });
    expect(openText(committed, `{"content":${text}}`)).toBeUndefined();
  });

  test.each([
    ['nothing', ''],
    ['no object', '[]'],
    ['no audit', '{"a":1}'],
    ['an audit that is no object', '{"audit":"x"}'],
    ['an integrity of its own', '{"audit":{"integrity":{}}}'],
    ['openings of its own', '{"audit":{"openings":{}}}'],
    ['a member cut off', '{"audit":{},"a":'],
    ['a string cut off', '{"audit":{},"a":"x\\"}'],
    ['a name cut off', '{"audit":{},"a'],
    ['a name without a value', '{"audit":{},"a"}'],
    ['an empty value', '{"audit":{},"a":,"b":1}'],
    ['no value', '{"audit":{},"a":}'],
    ['an object cut off', '{"audit":{},"a":{"b":[1,2]'],
    ['more after its end', '{"audit":{}}}'],
    ['white space', '{"audit":{}, "a":1}'],
    ['something between members', '{"audit":{}x"a":1}'],
    ['a comma at the end', '{"audit":{},}'],
  ])('is not made of a record that is %s', (_, text) => {
    expect(openText(text)).toBeUndefined();
  });

  test('is not written over by the next ones', () => {
    const first = opener.open(Buffer.from(record), Buffer.from(openings), INTEGRITY);
    for (let i = 0; i < 2_000; i++) opener.open(Buffer.from(record), Buffer.from(openings), INTEGRITY);
    expect(Buffer.from(first ?? []).toString()).toBe(expected(record, openings));
  });

  test('is not made of openings that are none', () => {
    for (const text of [
      '{}',
      `${openings} `,
      openings.slice(0, -1),
      openings.replace('}}', '}}}'),
      '',
      'null',
      '{"content":1}',
      '{"content":{}}',
      '{"content":{"salt":"s"}}',
    ]) {
      expect(openText(record, text)).toBeUndefined();
    }
  });
});
