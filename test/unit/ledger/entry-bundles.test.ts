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

function makeBundles(): {
  add: (letter: string, count: number) => void;
  bundles: EntryBundles;
  full: EntryBundle[];
} {
  const full: EntryBundle[] = [];
  const bundles = new EntryBundles(new Uint8Array(0), 0, (bundle) => full.push(bundle));
  let size = 0;
  const add = (letter: string, count: number): void => {
    const entries = entriesOf(letter, count);
    const ends: number[] = [];
    for (let i = 1; i <= count; i++) if ((size + i) % WIDTH === 0) ends.push((i * entries.length) / count);
    size += count;
    bundles.add(entries, ends, size);
  };
  return { add, bundles, full };
}

test('a bundle that is not written yet stays as it is, however many come after it', () => {
  const { add, bundles, full } = makeBundles();
  for (const letter of 'abcdefgh') {
    add(letter, WIDTH);
    // All but the first are written at once, and their storage used again.
    const last = full.at(-1);
    if (last !== undefined && last.index > 0) bundles.giveBack(last.bytes);
  }
  expect(full.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(full[0]?.bytes).toEqual(entriesOf('a', WIDTH));
});

test('the storage of a written bundle is used again, and other bytes are not taken for it', () => {
  const { add, bundles, full } = makeBundles();
  add('a', WIDTH);
  const [first] = full;
  if (first === undefined) throw new TypeError('no bundle is full');
  const foreign = Buffer.alloc(first.bytes.length, 'x');
  bundles.giveBack(foreign);
  bundles.giveBack(first.bytes);
  bundles.giveBack(first.bytes);
  add('b', 2 * WIDTH);
  add('c', 1);
  expect(full[2]?.bytes.buffer).toBe(first.bytes.buffer);
  expect(full[1]?.bytes).toEqual(entriesOf('b', WIDTH));
  expect(full[2]?.bytes).toEqual(entriesOf('b', WIDTH));
  expect(bundles.partial()?.bytes).toEqual(entriesOf('c', 1));
  expect(foreign.every((byte) => byte === 0x78)).toBe(true);
});

test('what is unfinished is handed out as a copy', () => {
  const { add, bundles } = makeBundles();
  add('a', 3);
  const partial = bundles.partial();
  add('b', WIDTH - 1);
  expect(partial?.bytes).toEqual(entriesOf('a', 3));
});
