import { formatReport, verifyLedger, type VerificationReport } from '@spanledger/ledger/verify';
import { describe, expect, test } from 'vitest';
import {
  copyLog,
  publish,
  publishWithHistory,
  sourceOf,
  VKEY,
  type MemoryLog,
} from './support/memory-log.ts';
import { editEntries, ENTRIES } from './support/tampering.ts';

/** What other software may log: nothing, text, noise, the longest there is, and something like a record. */
const FOREIGN = Array.from({ length: 300 }, (_, i) => {
  if (i === 100) return new Uint8Array(65_535).fill(7);
  if (i % 3 === 0) return new Uint8Array();
  return i % 3 === 1 ? Buffer.from(`line ${i}`) : Buffer.from(`{"audit":{"ledger":{"index":${i + 1}}}}`);
}).map((entry, i) => Buffer.concat([entry, Buffer.from(i === 100 ? '' : `${i}`)]));

function verifyOpaque(log: MemoryLog): Promise<VerificationReport> {
  return verifyLedger({ source: sourceOf(log), vkey: VKEY, history: 'optional', entries: 'opaque' });
}

function codesOf({ failures }: VerificationReport): string[] {
  return failures.map(({ code, place }) => `${code} ${place.index ?? ''}`.trim());
}

describe('a log whose entries are opaque', () => {
  test('is verified by its tree and signature, and the report says that nothing else was', async () => {
    const log = publish(FOREIGN);
    const report = await verifyOpaque(log);
    expect(report).toMatchObject({ ok: true, entries: 'opaque', verified: 300, producersTotal: 0 });
    expect(report.warnings.map(({ code }) => code)).toEqual(['history_missing']);
    const text = formatReport(report);
    expect(text).toMatch(/^VERIFIED {2}\S+ — Merkle tree and signature only\n/);
    expect(text).toContain('300 of 300 verified: bytes, Merkle tree; NOT CHECKED: hash chain and content');
    expect(text).toContain('Producers:   not looked for');

    const asRecords = await verifyLedger({ source: sourceOf(log), vkey: VKEY, history: 'optional' });
    expect(asRecords.failures.map(({ code }) => code)).toContain('entry_malformed');
  });

  test('says so where the entries are records after all, whose chain may be broken', async () => {
    const rechained = ENTRIES.with(7, ENTRIES[8] ?? new Uint8Array());
    const log = publishWithHistory(rechained);
    const report = await verifyOpaque(log);
    expect(report).toMatchObject({ ok: true, verified: ENTRIES.length });
    expect(report.warnings).toContainEqual(expect.objectContaining({ code: 'chain_unchecked' }));
    expect(formatReport(report)).toContain('that the hash chain holds was not checked');

    const checked = await verifyLedger({ source: sourceOf(log), vkey: VKEY });
    expect(checked).toMatchObject({ ok: false, entries: 'records' });
    expect(checked.warnings.map(({ code }) => code)).not.toContain('chain_unchecked');
    expect(formatReport(checked)).not.toContain('NOT CHECKED');
  });

  test.each<[string, (entries: Uint8Array[]) => Uint8Array[], string[]]>([
    ['an altered', (entries) => entries.with(4, Buffer.from('another')), ['entry_altered 4']],
    ['a removed', (entries) => entries.toSpliced(4, 1), ['entry_missing 4']],
    ['an inserted', (entries) => entries.toSpliced(4, 0, Buffer.from('new')), ['entry_inserted 4']],
    [
      'a repeated',
      (entries) => entries.toSpliced(10, 0, entries[9] ?? new Uint8Array()),
      ['entry_duplicated 10'],
    ],
    [
      'two swapped',
      (entries) => entries.with(4, entries[5] ?? new Uint8Array()).with(5, entries[4] ?? new Uint8Array()),
      ['entry_misplaced 4'],
    ],
  ])('%s entry is found', async (_name, change, expected) => {
    const copy = copyLog(publish(FOREIGN));
    editEntries(copy, 0, 256, change);
    const report = await verifyOpaque(copy);
    expect(codesOf(report)).toEqual(expected);
    expect(formatReport(report)).toMatch(/^FAILED {2}\S+ — Merkle tree and signature only\n/);
  });

  test('equal entries are no copies of each other, unless there is one too many', async () => {
    const equal = Array.from({ length: 200 }, (_, i) => Buffer.from(i % 2 === 0 ? 'even' : `${i}`));
    const log = publish(equal);
    expect(await verifyOpaque(log)).toMatchObject({ ok: true, verified: 200 });
    const findingsAfter = async (change: (entries: Uint8Array[]) => Uint8Array[]): Promise<string[]> => {
      const copy = copyLog(log);
      editEntries(copy, 0, 200, change);
      return codesOf(await verifyOpaque(copy));
    };
    expect(await findingsAfter((entries) => entries.with(7, Buffer.from('new')))).toEqual([
      'entry_altered 7',
    ]);
    expect(await findingsAfter((entries) => entries.with(8, Buffer.from('new')))).toEqual([
      'entry_altered 8',
    ]);
    const repeated = await findingsAfter((entries) => [...entries, Buffer.from('even')]);
    expect(repeated).toEqual(['entry_duplicated 200']);
  });

  test('an empty log is no log of records', async () => {
    expect(await verifyOpaque(publish([]))).toMatchObject({ ok: true, size: 0, verified: 0 });
  });
});
