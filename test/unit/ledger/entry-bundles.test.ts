import { expect, test } from 'vitest';
import { type EntryBundle, EntryBundles } from '../../../packages/ledger/src/integrate/entry-bundles.ts';

const WIDTH = 256;
const ENTRY_BYTES = 40;

/** Entries of one letter, each behind its length. */
function entriesOf(letter: string, count: number): Buffer {
  const entry = Buffer.alloc(2 + ENTRY_BYTES, letter);
  entry.writeUInt16BE(ENTRY_BYTES);
  return Buffer.concat(Array.from({ length: count }, () => entry));
}

function makeBundles(): { bundles: EntryBundles; full: EntryBundle[] } {
  const full: EntryBundle[] = [];
  const bundles = new EntryBundles(new Uint8Array(0), 0, (bundle) => full.push(bundle));
  return { bundles, full };
}

test('a bundle that is not written yet stays as it is, however many come after it', () => {
  const { bundles, full } = makeBundles();
  for (const letter of 'abcdefgh') {
    bundles.add(entriesOf(letter, WIDTH));
    // All but the first are written at once, and their storage used again.
    const last = full.at(-1);
    if (last !== undefined && last.index > 0) bundles.giveBack(last.bytes);
  }
  expect(full.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(full[0]?.bytes).toEqual(entriesOf('a', WIDTH));
});

test('the storage of a written bundle is used again, and other bytes are not taken for it', () => {
  const { bundles, full } = makeBundles();
  bundles.add(entriesOf('a', WIDTH));
  const [first] = full;
  if (first === undefined) throw new TypeError('no bundle is full');
  const foreign = Buffer.alloc(first.bytes.length, 'x');
  bundles.giveBack(foreign);
  bundles.giveBack(first.bytes);
  bundles.giveBack(first.bytes);
  bundles.add(entriesOf('b', 2 * WIDTH));
  bundles.add(entriesOf('c', 1));
  expect(full[2]?.bytes.buffer).toBe(first.bytes.buffer);
  expect(full[1]?.bytes).toEqual(entriesOf('b', WIDTH));
  expect(full[2]?.bytes).toEqual(entriesOf('b', WIDTH));
  expect(bundles.partial()?.bytes).toEqual(entriesOf('c', 1));
  expect(foreign.every((byte) => byte === 0x78)).toBe(true);
});

test('what is unfinished is handed out as a copy', () => {
  const { bundles } = makeBundles();
  bundles.add(entriesOf('a', 3));
  const partial = bundles.partial();
  bundles.add(entriesOf('b', WIDTH - 1));
  expect(partial?.bytes).toEqual(entriesOf('a', 3));
});
