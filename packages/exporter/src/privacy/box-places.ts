import type { DatabaseSync, StatementSync } from 'node:sqlite';

import { asBytes, asInteger } from './vault-damage.ts';

/** Entries whose places stand in one row: as wide as a tile. */
const ROW_ENTRIES = 256;
const PLACE_BYTES = 4;

/** The table of {@link BoxPlaces}. */
export const PLACES_SCHEMA = `
  CREATE TABLE IF NOT EXISTS places (
    tile INTEGER PRIMARY KEY,
    base INTEGER NOT NULL,
    boxes BLOB NOT NULL
  );
`;

/** The places of 256 entries, as they are stored. */
interface PlaceRow {
  /** The id that `boxes` count from. */
  base: number;
  /** For each entry a uint32, little-endian: 0 where it is in no box, else its box is `base + it - 1`. */
  boxes: Buffer;
}

/** Says in which box the openings of an entry are. */
export class BoxPlaces {
  readonly #select: StatementSync;
  readonly #put: StatementSync;
  /** What was changed and is not stored yet. */
  #changed: Map<number, PlaceRow> = new Map();

  constructor(database: DatabaseSync) {
    this.#select = database.prepare('SELECT base, boxes FROM places WHERE tile = ?');
    this.#put = database.prepare('INSERT OR REPLACE INTO places (tile, base, boxes) VALUES (?, ?, ?)');
  }

  /** The boxes in which openings of the entries `from` up to, not including, `to` are, and of which of them each has. */
  boxesOf(from: number, to: number): Map<number, Set<number>> {
    const found = new Map<number, Set<number>>();
    for (let tile = tileOf(from); tile <= tileOf(to - 1); tile++) {
      const row = this.#row(tile);
      if (row === undefined) continue;
      const first = tile * ROW_ENTRIES;
      const end = Math.min(to - first, ROW_ENTRIES);
      for (let place = Math.max(from - first, 0); place < end; place++) {
        const counted = row.boxes.readUInt32LE(place * PLACE_BYTES);
        if (counted === 0) continue;
        const box = row.base + counted - 1;
        const indexes = found.get(box);
        if (indexes === undefined) found.set(box, new Set([first + place]));
        else indexes.add(first + place);
      }
    }
    return found;
  }

  /** From now on the openings of an entry are in this box; undefined: in none. {@link BoxPlaces.store} keeps it. */
  set(index: number, box: number | undefined): void {
    const tile = tileOf(index);
    let row = this.#changed.get(tile) ?? this.#row(tile);
    if (row === undefined) {
      if (box === undefined) return;
      row = { base: box, boxes: Buffer.alloc(ROW_ENTRIES * PLACE_BYTES) };
    }
    if (box !== undefined && box < row.base) row = rebase(row, box);
    row.boxes.writeUInt32LE(box === undefined ? 0 : box - row.base + 1, (index % ROW_ENTRIES) * PLACE_BYTES);
    this.#changed.set(tile, row);
  }

  /** Writes down what was changed, within the transaction of what it is about. */
  store(): void {
    for (const [tile, { base, boxes }] of this.#changed) this.#put.run(tile, base, boxes);
    this.#changed = new Map();
  }

  /** The transaction was undone. */
  forget(): void {
    this.#changed = new Map();
  }

  #row(tile: number): PlaceRow | undefined {
    const row = this.#select.get(tile);
    if (row === undefined) return undefined;
    return { base: asInteger(row['base']), boxes: Buffer.from(asBytes(row['boxes'])) };
  }
}

function tileOf(index: number): number {
  return Math.floor(index / ROW_ENTRIES);
}

/** The same places, counted from an earlier box. */
function rebase({ base, boxes }: PlaceRow, earlier: number): PlaceRow {
  const moved = Buffer.alloc(boxes.length);
  for (let at = 0; at < boxes.length; at += PLACE_BYTES) {
    const box = boxes.readUInt32LE(at);
    if (box !== 0) moved.writeUInt32LE(box + base - earlier, at);
  }
  return { base: earlier, boxes: moved };
}
