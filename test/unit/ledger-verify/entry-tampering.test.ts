import { entryBundlePath, hashLeaf } from '@spanledger/ledger/verify';
import { encodeCanonical } from '@spanledger/record';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeRecord, publish, type MemoryLog } from './support/memory-log.ts';
import { SIZE, ENTRIES, verify, findings, findingsAfter, editEntries, alter } from './support/tampering.ts';

describe('an entry', () => {
  test('any byte of any entry changed is found at its place', async () => {
    const place = fc.record({
      index: fc.integer({ min: 0, max: SIZE - 1 }),
      at: fc.nat(),
      bit: fc.integer({ min: 0, max: 7 }),
    });
    await fc.assert(
      fc.asyncProperty(place, async ({ index, at, bit }) => {
        const bundle = Math.floor(index / 256);
        const report = await findingsAfter((log) =>
          editEntries(log, bundle, Math.min(256, SIZE - bundle * 256), (entries) =>
            entries.map((entry, slot) => {
              if (bundle * 256 + slot !== index) return entry;
              const copy = new Uint8Array(entry);
              copy[at % copy.length] = (copy[at % copy.length] ?? 0) ^ (1 << bit);
              return copy;
            }),
          ),
        );
        const path = entryBundlePath(bundle, Math.min(256, SIZE - bundle * 256));
        expect(report).toContain(`entry_altered ${index} ${path}`);
        const others = report.filter((line) => !line.startsWith('entry_altered'));
        const allowed = new RegExp(
          `^(entry_index_wrong|origin_mismatch|previous_mismatch) ${index} |^previous_mismatch ${index + 1} `,
        );
        expect(others.filter((line) => !allowed.test(line))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  test('altered: its hash and the next entry tell', async () => {
    const change = (index: number) => (log: MemoryLog) =>
      editEntries(log, 1, 256, (entries) =>
        entries.map((entry, slot) => (slot === index ? alter(entry) : entry)),
      );
    expect(await findingsAfter(change(44))).toEqual([
      'entry_altered 300 tile/entries/001',
      'previous_mismatch 301 tile/entries/001',
    ]);
    expect(await findingsAfter(change(255))).toEqual([
      'entry_altered 511 tile/entries/001',
      'previous_mismatch 512 tile/entries/002.p/88',
    ]);
  });

  test('altered in a log of one bundle, and the last of all', async () => {
    const small = publish(ENTRIES.slice(0, 10));
    const change = (index: number) => (log: MemoryLog) =>
      editEntries(log, 0, 10, (entries) =>
        entries.map((entry, slot) => (slot === index ? alter(entry) : entry)),
      );
    expect(await findingsAfter(change(9), small)).toEqual(['entry_altered 9 tile/entries/000.p/10']);
    expect(await findingsAfter(change(0), small)).toEqual([
      'entry_altered 0 tile/entries/000.p/10',
      'previous_mismatch 1 tile/entries/000.p/10',
    ]);
  });

  test.each([0, 1, 100, 255])('%i of a full bundle deleted', async (slot) => {
    const report = await findingsAfter((log) =>
      editEntries(log, 1, 256, (entries) => entries.toSpliced(slot, 1)),
    );
    expect(report).toEqual([`entry_missing ${256 + slot} tile/entries/001`]);
  });

  test('several deleted in a row are one finding', async () => {
    const report = await findingsAfter((log) =>
      editEntries(log, 0, 256, (entries) => entries.toSpliced(7, 30)),
    );
    expect(report).toEqual(['entry_missing 7 tile/entries/000']);
  });

  test.each([0, 87])('%i of the partial bundle deleted', async (slot) => {
    const report = await findingsAfter((log) =>
      editEntries(log, 2, 88, (entries) => entries.toSpliced(slot, 1)),
    );
    expect(report).toEqual([`entry_missing ${512 + slot} tile/entries/002.p/88`]);
  });

  test('swapped with its neighbour, and with one far off', async () => {
    const swap = (a: number, b: number) => (log: MemoryLog) =>
      editEntries(log, 0, 256, (entries) =>
        entries.with(a, entries[b] ?? new Uint8Array()).with(b, entries[a] ?? new Uint8Array()),
      );
    expect(await findingsAfter(swap(20, 21))).toHaveLength(1);
    expect((await findingsAfter(swap(20, 21)))[0]).toMatch(/^entry_misplaced 2[01] tile\/entries\/000$/);
    expect(await findingsAfter(swap(20, 200))).toEqual([
      'entry_misplaced 20 tile/entries/000',
      'entry_misplaced 200 tile/entries/000',
    ]);
  });

  test('swapped with one of another bundle', async () => {
    const report = await findingsAfter((log) => {
      editEntries(log, 0, 256, (entries) => entries.with(9, ENTRIES[530] ?? new Uint8Array()));
      editEntries(log, 2, 88, (entries) => entries.with(18, ENTRIES[9] ?? new Uint8Array()));
    });
    expect(report).toEqual([
      'entry_misplaced 9 tile/entries/000',
      'entry_misplaced 530 tile/entries/002.p/88',
    ]);
  });

  test.each([0, 5, 256])('inserted at %i of a full bundle', async (slot) => {
    const forged = encodeCanonical(makeRecord(5, 'ab'.repeat(32)));
    const report = await findingsAfter((log) =>
      editEntries(log, 1, 256, (entries) => entries.toSpliced(slot, 0, forged)),
    );
    expect(report).toEqual([`entry_inserted ${256 + slot} tile/entries/001`]);
  });

  test('inserted in place of a removed one', async () => {
    const forged = encodeCanonical(
      makeRecord(40, Buffer.from(hashLeaf(ENTRIES[39] ?? new Uint8Array())).toString('hex'), 9_999),
    );
    const report = await findingsAfter((log) =>
      editEntries(log, 0, 256, (entries) => entries.with(40, forged)),
    );
    expect(report).toEqual(['entry_altered 40 tile/entries/000', 'previous_mismatch 41 tile/entries/000']);
  });

  test('duplicated, with and without its neighbour removed', async () => {
    const copy = ENTRIES[30] ?? new Uint8Array();
    expect(
      await findingsAfter((log) => editEntries(log, 0, 256, (entries) => entries.toSpliced(31, 0, copy))),
    ).toEqual(['entry_duplicated 31 tile/entries/000']);
    const report = await findingsAfter((log) =>
      editEntries(log, 0, 256, (entries) => entries.with(31, copy)),
    );
    expect(report).toEqual(['entry_duplicated 31 tile/entries/000', 'entry_missing 31 tile/entries/000']);
  });

  test('no record, in a log that is otherwise sound', async () => {
    const garbage = [
      Buffer.from('{"audit": 1}'),
      Buffer.from([0xff, 0xfe]),
      new Uint8Array(),
      Buffer.from('[]'),
    ];
    for (const bytes of garbage) {
      expect(findings(await verify(publish([bytes])))).toEqual(['entry_malformed 0 tile/entries/000.p/1']);
    }
  });

  test('of wrong types throughout', async () => {
    const values = [null, 1e308, -1, 0.5, 'x', [], {}, true, '__proto__'];
    for (const value of values) {
      const wrong = [
        { audit: value },
        { audit: { ledger: value } },
        { audit: { ledger: { index: value, origin: value, previous: value } } },
      ];
      for (const record of wrong) {
        const report = await verify(publish([encodeCanonical(record)]));
        expect(findings(report)).toContain('entry_index_wrong 0 tile/entries/000.p/1');
        expect(findings(report)).toContain('origin_mismatch 0 tile/entries/000.p/1');
      }
    }
  });
});
