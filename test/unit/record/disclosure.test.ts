import { describe, expect, test } from 'vitest';
import {
  COMMITMENT_GROUPS,
  type CommitmentGroup,
  canonicalize,
  closeDocument,
  discloseGroups,
  openDocument,
  parseCanonical,
  RecordError,
} from '@spanledger/record';
import { batchOf, draftOf, entryOf, openingsOf, SERVER_CALL, SESSION, spanOf } from './samples.ts';

const INTEGRITY = { hash: 'c0ffee', checkpointSize: 42 };
const batch = batchOf(draftOf(spanOf({}, { ...SERVER_CALL, ...SESSION, 'client.address': '192.0.2.7' })));
const record = parseCanonical(entryOf(batch, 0));
const openings = openingsOf(batch, 0);
const document = openDocument(record, openings, INTEGRITY);

/** All sets of groups. */
const SETS: CommitmentGroup[][] = [[]];
for (const group of COMMITMENT_GROUPS) SETS.push(...SETS.map((set) => [...set, group]));

describe('discloseGroups', () => {
  test('has a record with all groups to choose from', () => {
    expect(Object.keys(openings).toSorted()).toEqual([...COMMITMENT_GROUPS].toSorted());
  });

  test.each(SETS.map((set) => [set.join(', ') || 'none', set] as const))(
    '%s: these and no others',
    (_, set) => {
      const disclosed = closeDocument(discloseGroups(document, set));
      expect(canonicalize(disclosed.record)).toBe(canonicalize(record));
      expect(Object.keys(disclosed.openings).toSorted()).toEqual([...set].toSorted());
      for (const group of set) expect(disclosed.openings[group]).toEqual(openings[group]);
    },
  );

  test('nothing of a withheld group is left: no value, no salt', () => {
    const text = JSON.stringify(discloseGroups(document, ['network']));
    expect(text).toContain('192.0.2.7');
    for (const group of ['identity', 'content'] as const) {
      expect(text).not.toContain(openings[group]?.salt);
      for (const value of leavesOf(openings[group]?.value)) expect(text).not.toContain(`"${value}"`);
    }
  });

  test('leaves the document as it was, and opens nothing that was withheld before', () => {
    const before = JSON.stringify(document);
    const closed = discloseGroups(document, []);
    expect(JSON.stringify(document)).toBe(before);
    expect(discloseGroups(closed, ['identity'])).toEqual(closed);
  });

  test('refuses what is no document', () => {
    expect(() => discloseGroups({ audit: {} }, [])).toThrow(RecordError);
  });
});

/** Strings that say something: longer than a word that stands elsewhere too. */
function leavesOf(value: unknown): string[] {
  if (typeof value === 'string') return value.length > 8 ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(leavesOf);
}
