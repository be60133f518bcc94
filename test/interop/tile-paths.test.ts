import {
  entryBundlePath,
  parseEntryBundlePath,
  parseTilePath,
  tilePath,
  TILE_WIDTH,
  type TileCoordinates,
} from '@spanledger/ledger/verify';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ask } from './support/ask.ts';

const PLACES = 2_000;
/** The number of the last tile of a log as long as can be. */
const MAX_INDEX = 2 ** 53 / TILE_WIDTH;

const place = fc.record({
  level: fc.integer({ min: 0, max: 63 }),
  index: fc.oneof(fc.integer({ min: 0, max: 2_000_000 }), fc.integer({ min: 0, max: MAX_INDEX })),
  width: fc.integer({ min: 1, max: TILE_WIDTH }),
});

it('tiles and bundles are where Tessera and sumdb look for them', async () => {
  const places: TileCoordinates[] = [
    ...[0, 999, 1_000, 1_234_067, 999_999, 1_000_000, MAX_INDEX].map((index) => ({
      level: 1,
      index,
      width: TILE_WIDTH,
    })),
    ...fc.sample(place, PLACES),
  ];
  const answers = await ask(
    'tile-paths',
    places.map(({ level, index, width }) => `${level} ${index} ${width}`),
  );
  for (const [i, { level, index, width }] of places.entries()) {
    const [tile = '', bundle = ''] = (answers[i] ?? '').split(' ');
    expect(tilePath(level, index, width)).toBe(tile);
    expect(entryBundlePath(index, width)).toBe(bundle);
    expect(parseTilePath(tile)).toEqual({ level, index, width });
    expect(parseEntryBundlePath(bundle)).toEqual({ index, width });
  }
  expect(answers[3]).toBe('tile/1/x001/x234/067 tile/entries/x001/x234/067');
});
