import { hashLeaf } from '@spanledger/ledger/verify';
import { encodeCanonical } from '@spanledger/record';
import { expect, test } from 'vitest';
import { makeEntries, makeRecord, publish } from './support/memory-log.ts';
import { findings, verify } from './support/tampering.ts';

/** A log of three full bundles, chained anew from an entry on that names another predecessor. */
function forkedAt(index: number): Uint8Array[] {
  const entries = makeEntries(index);
  let previous = 'ab'.repeat(32);
  for (let next = index; next < 768; next++) {
    const entry = encodeCanonical(makeRecord(next, previous));
    entries.push(entry);
    previous = Buffer.from(hashLeaf(entry)).toString('hex');
  }
  return entries;
}

test.each([1, 255, 256, 257, 512, 767])(
  'a chain that breaks at entry %i is reported there',
  async (index) => {
    const found = findings(await verify(publish(forkedAt(index))));
    const bundle = String(Math.floor(index / 256)).padStart(3, '0');
    expect(found).toEqual([`previous_mismatch ${index} tile/entries/${bundle}`]);
  },
);

test('a first entry that names one before it is reported', async () => {
  const entries = forkedAt(0);
  expect(findings(await verify(publish(entries)))).toEqual(['previous_mismatch 0 tile/entries/000']);
});

test('a bundle of entries that belong elsewhere in the log is reported entry by entry', async () => {
  const entries = makeEntries(768);
  const moved = [...entries.slice(0, 256), ...entries.slice(512), ...entries.slice(512)];
  const report = await verify(publish(moved));
  expect(report.failures.filter(({ code }) => code === 'entry_index_wrong')).toHaveLength(256);
});
