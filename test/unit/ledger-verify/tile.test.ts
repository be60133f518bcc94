import {
  encodeEntryBundle,
  entryBundlePath,
  hashCountAtLevel,
  parseEntryBundle,
  parseEntryBundlePath,
  parseTilePath,
  scanEntryBundle,
  tilePath,
  tileWidthAt,
} from '@spanledger/ledger/verify';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

describe('paths', () => {
  test.each([
    // tlog-tiles: "index 1234067 will be encoded as x001/x234/067".
    [0, 1_234_067, 256, 'tile/0/x001/x234/067'],
    [0, 0, 256, 'tile/0/000'],
    [0, 999, 256, 'tile/0/999'],
    [1, 1_000, 256, 'tile/1/x001/000'],
    [63, 5, 1, 'tile/63/005.p/1'],
    [2, 123_456, 255, 'tile/2/x123/456.p/255'],
    [0, Number.MAX_SAFE_INTEGER, 256, 'tile/0/x009/x007/x199/x254/x740/991'],
  ])('tile %i %i %i is %s', (level, index, width, path) => {
    expect(tilePath(level, index, width)).toBe(path);
    expect(parseTilePath(path)).toEqual({ level, index, width });
    expect(parseEntryBundlePath(path)).toBeUndefined();
    const entries = path.replace(/^tile\/[0-9]+/, 'tile/entries');
    expect(entryBundlePath(index, width)).toBe(entries);
    expect(parseEntryBundlePath(entries)).toEqual({ index, width });
    expect(parseTilePath(entries)).toBeUndefined();
  });

  test('every index and width survives', () => {
    const place = fc.tuple(fc.nat({ max: 63 }), fc.maxSafeNat(), fc.integer({ min: 1, max: 256 }));
    fc.assert(
      fc.property(place, ([level, index, width]) => {
        expect(parseTilePath(tilePath(level, index, width))).toEqual({ level, index, width });
        expect(parseEntryBundlePath(entryBundlePath(index, width))).toEqual({ index, width });
      }),
    );
  });

  test.each([
    '',
    'tile',
    'tile/0',
    'tile/0/',
    'tile/0/0',
    'tile/0/00',
    'tile/0/0000',
    'tile/00/000',
    'tile/01/000',
    'tile/64/000',
    'tile/-1/000',
    'tile/+1/000',
    'tile/0/x000/001',
    'tile/0/x000/x000/001',
    'tile/0/001/x002',
    'tile/0/x001',
    'tile/0/001/002',
    'tile/0/X001/002',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/257',
    'tile/0/000.p/01',
    'tile/0/000.p/',
    'tile/0/000.p',
    'tile/0/000/',
    'tile/0//000',
    '/tile/0/000',
    'tile/0/000?x',
    'tile/0/../0/000',
    'tile/0/x999/x999/x999/x999/x999/999',
    'tile/0/x001/x000/x000/x000/x000/x000/000',
    'tile/0/٠٠٠',
    'tile/entries/',
    'tile/entries/0',
    'tile/entries/../checkpoint',
  ])('%j is none', (path) => {
    expect(parseTilePath(path)).toBeUndefined();
    expect(parseEntryBundlePath(path)).toBeUndefined();
  });

  test('mutated paths that parse are written the same', () => {
    const path = 'tile/5/x123/456.p/78';
    fc.assert(
      fc.property(
        fc.nat({ max: path.length }),
        fc.nat({ max: 2 }),
        fc.string({ maxLength: 2 }),
        (at, cut, add) => {
          const mutated = path.slice(0, at) + add + path.slice(at + cut);
          const tile = parseTilePath(mutated);
          if (tile !== undefined) expect(tilePath(tile.level, tile.index, tile.width)).toBe(mutated);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('numbers out of range are a programmer’s error', () => {
    for (const level of [-1, 64, 0.5, NaN]) expect(() => tilePath(level, 0)).toThrow(TypeError);
    for (const index of [-1, 0.5, 2 ** 53, Infinity]) expect(() => tilePath(0, index)).toThrow(TypeError);
    for (const width of [0, -1, 257, 1.5]) expect(() => entryBundlePath(0, width)).toThrow(TypeError);
  });
});

test('the tiles of a tree of 70,000, as the specification lists them', () => {
  const size = 70_000;
  expect([0, 1, 2, 3].map((level) => hashCountAtLevel(size, level))).toEqual([70_000, 273, 1, 0]);
  expect(tileWidthAt(size, 0, 272)).toBe(256);
  expect(tileWidthAt(size, 0, 273)).toBe(112);
  expect(tileWidthAt(size, 0, 274)).toBe(0);
  expect(tileWidthAt(size, 1, 0)).toBe(256);
  expect(tileWidthAt(size, 1, 1)).toBe(17);
  expect(tileWidthAt(size, 2, 0)).toBe(1);
  expect(tileWidthAt(256, 0, 0)).toBe(256);
  expect(tileWidthAt(256, 1, 0)).toBe(1);
});

describe('entry bundles', () => {
  const entry = fc.uint8Array({ maxLength: 300 });

  test('survive', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 256 }), (entries) => {
        const bundle = encodeEntryBundle(entries);
        expect(parseEntryBundle(bundle, entries.length)).toEqual({ ok: true, value: entries });
        expect(parseEntryBundle(bundle, entries.length + 1).ok).toBe(false);
      }),
    );
  });

  test('have big-endian lengths up to 65,535', () => {
    expect([...encodeEntryBundle([new Uint8Array(258), new Uint8Array(0)]).subarray(0, 2)]).toEqual([1, 2]);
    const largest = new Uint8Array(65_535).fill(1);
    expect(parseEntryBundle(encodeEntryBundle([largest]), 1)).toEqual({ ok: true, value: [largest] });
    expect(() => encodeEntryBundle([new Uint8Array(65_536)])).toThrow(TypeError);
    expect(() => encodeEntryBundle(Array.from({ length: 257 }, () => new Uint8Array(1)))).toThrow(TypeError);
  });

  test('cut anywhere are malformed, and what is whole is still read', () => {
    const entries = [Uint8Array.of(1, 2, 3), Uint8Array.of(4), Uint8Array.of(5, 6)];
    const bundle = encodeEntryBundle(entries);
    for (let length = 0; length < bundle.length; length++) {
      const cut = bundle.subarray(0, length);
      expect(parseEntryBundle(cut, 3).ok).toBe(false);
      const scanned = scanEntryBundle(cut);
      expect(scanned.entries).toEqual(entries.slice(0, scanned.entries.length));
      const read = scanned.entries.reduce((sum, { length: bytes }) => sum + 2 + bytes, 0);
      expect(read + scanned.trailingBytes).toBe(length);
    }
  });

  test('any bytes at all are scanned without harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        const { entries, trailingBytes } = scanEntryBundle(bytes);
        expect(entries.length).toBeLessThanOrEqual(256);
        expect(trailingBytes).toBeGreaterThanOrEqual(0);
      }),
    );
    expect(scanEntryBundle(new Uint8Array(2 * 300))).toMatchObject({ trailingBytes: 2 * 44 });
  });
});
