import { parseCanonical } from '@spanledger/record';
import { hashLeaf } from '@spanledger/ledger/verify';
import { expect, test } from 'vitest';
import { linkEntries } from '../../../packages/ledger/src/journal/links.ts';
import { Group } from '../../../packages/ledger/src/append/group.ts';
import { LedgerMember, NextMember } from '../../../packages/ledger/src/append/ledger-member.ts';
import { MAX_LEDGER_SIZE, Sequencer } from '../../../packages/ledger/src/append/sequencer.ts';
import { splitEntries } from '../../../packages/ledger/src/journal/frame.ts';
import { makeBatch } from '../../support/ledger/batches.ts';

const ORIGIN = 'example.com/log';

test('each entry states its index, the origin and the hash of the one before', () => {
  const sequencer = new Sequencer(ORIGIN, 0);
  const group = new Group(0);
  sequencer.add(makeBatch({ count: 12, label: 'a' }), group);
  sequencer.add(makeBatch({ count: 3, label: 'b' }), group);
  linkEntries(group.frame(undefined));

  const entries = splitEntries(group.entries.view);
  expect(entries).toHaveLength(15);
  let previous: string | undefined;
  entries.forEach((entry, index) => {
    const { audit } = parseCanonical(entry);
    expect(audit).toMatchObject({
      ledger: { index, origin: ORIGIN, ...(previous === undefined ? {} : { previous }) },
      record: { id: index < 12 ? `a-${index}` : `b-${index - 12}` },
    });
    const hash = Buffer.from(hashLeaf(entry));
    expect(group.hashes.view.subarray(index * 32, index * 32 + 32)).toEqual(hash);
    previous = hash.toString('hex');
  });
  expect(sequencer.size).toBe(15);
  expect(group.lastHash).toBe(previous);
  expect(group.openings.view.toString()).toContain('{"opened":"b-2"}');
});

test('where bundles get full is noted, whatever batches they came in', () => {
  const sequencer = new Sequencer(ORIGIN, 250);
  const group = new Group(250);
  for (const count of [5, 1, 300, 1]) sequencer.add(makeBatch({ count }), group);
  const ends = splitEntries(group.entries.view).map(({ byteOffset, length }) => byteOffset + length);
  expect(group.bundleEnds).toEqual(
    [ends[5], ends[261]].map((end) => (end ?? 0) - group.entries.bytes.byteOffset),
  );
});

test('what is rolled back is numbered and chained again', () => {
  const sequencer = new Sequencer(ORIGIN, 0);
  sequencer.add(makeBatch({ count: 2 }), new Group(0));
  sequencer.add(makeBatch({ count: 5, label: 'lost' }), new Group(2));
  sequencer.reset(2);
  const group = new Group(2);
  sequencer.add(makeBatch({ count: 1, label: 'next' }), group);
  linkEntries(group.frame('e'.repeat(64)));
  expect(group.entries.view.toString()).toContain(
    `"index":2,"origin":"${ORIGIN}","previous":"${'e'.repeat(64)}"`,
  );
});

test('storage that held a longer group shows in none that takes it over', () => {
  const sequencer = new Sequencer(ORIGIN, 7);
  const longer = new Group(7);
  sequencer.add(makeBatch({ count: 40, entryBytes: 900 }), longer);
  linkEntries(longer.frame('a'.repeat(64)));
  const [reused, fresh] = [new Group(7, longer), new Group(7)];
  for (const group of [reused, fresh]) {
    sequencer.reset(7);
    sequencer.add(makeBatch({ count: 3 }), group);
    linkEntries(group.frame('b'.repeat(64)));
  }
  expect(reused.frame(undefined)).toEqual(fresh.frame(undefined));
});

test('an origin is escaped as JSON demands', () => {
  for (const origin of ['example.com/"quoted"\\', 'beispiel.de/prüfpfad', 'log']) {
    const sequencer = new Sequencer(origin, 0);
    const group = new Group(0);
    sequencer.add(makeBatch({ count: 2 }), group);
    for (const entry of splitEntries(group.entries.view)) {
      expect(parseCanonical(entry)['audit']).toMatchObject({ ledger: { origin } });
    }
  }
});

test('the size of a ledger member is known before it is written', () => {
  const member = new LedgerMember('beispiel.de/prüfpfad');
  for (const index of [0, 1, 9, 10, 99, 100, 12_345, 2 ** 32, MAX_LEDGER_SIZE]) {
    const text = member.text(index, index === 0 ? undefined : 'f'.repeat(64));
    expect(member.sizeBytes(index), `index ${index}`).toBe(Buffer.byteLength(text));
  }
});

test('refuses a batch before any of it has a place', () => {
  const sequencer = new Sequencer(ORIGIN, 1000);
  const group = new Group(1000);
  const good = makeBatch({ count: 3 });
  const malformed = [
    { ...good, count: 0 },
    { ...good, count: 65_537 },
    { ...good, holes: good.holes.map((hole) => hole + 1) },
    { ...good, ends: Uint32Array.of(10, 5, 20) },
    { ...good, ends: good.ends.map((end) => end + 1) },
    { ...good, openingEnds: good.openingEnds.map((end) => end + 1) },
    { ...good, openingEnds: Uint32Array.of(9, 3, 12) },
    { ...good, holes: good.holes.subarray(0, 2) },
  ];
  for (const batch of malformed) {
    expect(() => sequencer.add(batch, group)).toThrow(expect.objectContaining({ code: 'batch_malformed' }));
  }
  expect(group.count).toBe(0);
  expect(sequencer.size).toBe(1000);
});

test('the longest entry is 65,535 bytes, its place included', () => {
  const placeBytes = new LedgerMember(ORIGIN).sizeBytes(1);
  const longest = makeBatch({ count: 1, entryBytes: 65_535 - placeBytes });
  expect(longest.bytes.length).toBe(65_535 - placeBytes);
  const group = new Group(1);
  new Sequencer(ORIGIN, 1).add(longest, group);
  expect(splitEntries(group.entries.view)[0]).toHaveLength(65_535);

  const longer = makeBatch({ count: 1, entryBytes: 65_536 - placeBytes });
  expect(() => new Sequencer(ORIGIN, 1).add(longer, new Group(1))).toThrow(
    expect.objectContaining({ code: 'entry_too_large' }),
  );
});

test('a ledger ends where a number is no longer exact', () => {
  const sequencer = new Sequencer(ORIGIN, MAX_LEDGER_SIZE - 1);
  const group = new Group(MAX_LEDGER_SIZE - 1);
  expect(() => sequencer.add(makeBatch({ count: 2 }), group)).toThrow(
    expect.objectContaining({ code: 'ledger_full' }),
  );
});

test('the member of the next entry is what it would be if it were written anew, wherever it is', () => {
  const member = new LedgerMember('beispiel.de/prüfpfad');
  for (const start of [0, 8, 97, 998, 1_099_998, MAX_LEDGER_SIZE - 3]) {
    const next = new NextMember('beispiel.de/prüfpfad', start);
    for (let index = start; index < start + 4; index++) {
      const link = '0'.repeat(64);
      const text = member.text(index, index === 0 ? undefined : link);
      expect(next.bytes.toString()).toBe(text);
      expect(next.index).toBe(index);
      expect(next.linkAt).toBe(index === 0 ? undefined : Buffer.from(text).indexOf(link));
      next.advance();
    }
  }
});
