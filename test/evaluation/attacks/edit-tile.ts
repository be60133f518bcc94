import { parseTilePath, TILE_WIDTH } from '@spanledger/ledger/verify';
import type { Attack, Crime, Shown } from '../attack.ts';
import { LogCopy } from '../log-copy.ts';

/** Changes a hash of a tile that the log needs, full or partial. */
function spoilTile({ log, random }: Crime, isWanted: (width: number) => boolean): Shown {
  const copy = new LogCopy(log.files);
  const { size } = copy;
  const tiles = [...copy.files.keys()].filter((path) => {
    const tile = parseTilePath(path);
    if (tile === undefined || !isWanted(tile.width)) return false;
    const count = Math.floor(size / TILE_WIDTH ** tile.level);
    return tile.width === TILE_WIDTH || tile.index * TILE_WIDTH + tile.width === count;
  });
  // Of each level as often as of the others, though there are few of the upper ones.
  const levels = [...new Set(tiles.map((path) => parseTilePath(path)?.level))];
  const level = random.pick(levels);
  spoil(copy, random.pick(tiles.filter((path) => parseTilePath(path)?.level === level)), random);
  return { files: copy.files, soundTo: size };
}

/** Changes a bit, or cuts the end off. */
function spoil(copy: LogCopy, path: string, random: Crime['random']): void {
  const bytes = Buffer.from(copy.read(path));
  if (random.integer(5) === 0) {
    copy.files.set(path, bytes.subarray(0, bytes.length - random.between(1, Math.min(32, bytes.length))));
    return;
  }
  const at = random.integer(bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.integer(8));
  copy.files.set(path, bytes);
}

export const editTile: Attack = {
  name: 'edit a tile',
  needs: 'files',
  strikesLarge: true,
  about: 'A bit of a full hash tile, of any level, is changed, or its end is cut off.',
  commit: (crime) => spoilTile(crime, (width) => width === TILE_WIDTH),
};

export const editPartial: Attack = {
  name: 'edit a partial',
  needs: 'files',
  strikesLarge: true,
  about: 'The same to a partial hash tile, of any level, or to the partial entry bundle.',
  commit(crime) {
    const { log, random } = crime;
    if (random.flip()) return spoilTile(crime, (width) => width < TILE_WIDTH);
    const copy = new LogCopy(log.files);
    const { size } = copy;
    const ending = `.p/${size % TILE_WIDTH}`;
    const path = [...copy.files.keys()].find(
      (name) => name.startsWith('tile/entries/') && name.endsWith(ending),
    );
    spoil(copy, path ?? '', random);
    return { files: copy.files, soundTo: size };
  },
};
