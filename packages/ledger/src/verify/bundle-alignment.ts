import { encodeHex } from './encoding.ts';
import { HASH_BYTES } from './tile.ts';

/** An entry as it stands in a bundle, before it is known which one it is. */
export interface FoundEntry {
  /** Its leaf hash. */
  hash: Uint8Array;
  /** The offset in the bundle that its own `audit.ledger.index` claims; may be outside of the bundle. */
  claimed?: number;
}

/** Which entry of the log stands at each slot of a bundle. */
export interface Alignment {
  /** For each slot the offset of the entry that stands there; undefined if it is none of this bundle's. */
  offsets: (number | undefined)[];
  /** Slots whose entry stands a second time: the offset of which it is a copy. */
  copies: Map<number, number>;
  /** Slots whose entry belongs to this bundle and stands out of order. */
  displaced: Set<number>;
  /** Offsets of which no slot holds the entry. */
  missing: number[];
}

/**
 * Finds out which entries stand in a bundle that is not as it should be, so that one removed entry is reported
 * as one, and not as everything behind it having changed. By hash first, then by the index that an entry claims,
 * then by its neighbours.
 *
 * @param row the hashes that the tree has for this bundle; undefined if there are none
 * @param width how many entries the bundle should hold
 */
export function alignBundle(
  entries: readonly FoundEntry[],
  row: Uint8Array | undefined,
  width: number,
): Alignment {
  const slotOf = new Map<number, number>();
  const offsets = entries.map((): number | undefined => undefined);
  const copies = new Map<number, number>();
  const place = (slot: number, offset: number): void => {
    offsets[slot] = offset;
    slotOf.set(offset, slot);
  };

  const hexes = entries.map(({ hash }) => encodeHex(hash));
  // Entries of other software may be equal; then each of them has its hash at an offset of its own.
  const offsetsOfHash = new Map<string, number[]>();
  for (let offset = 0; row !== undefined && offset < width; offset++) {
    const hex = encodeHex(row.subarray(offset * HASH_BYTES, (offset + 1) * HASH_BYTES));
    offsetsOfHash.set(hex, [...(offsetsOfHash.get(hex) ?? []), offset]);
  }
  // An entry at its own place wins over a copy of it elsewhere.
  for (const [slot, hex] of hexes.entries()) if (offsetsOfHash.get(hex)?.includes(slot)) place(slot, slot);
  for (const [slot, hex] of hexes.entries()) {
    const [first, ...more] = offsetsOfHash.get(hex) ?? [];
    if (first === undefined || offsets[slot] !== undefined) continue;
    const free = [first, ...more].find((offset) => !slotOf.has(offset));
    if (free === undefined) copies.set(slot, first);
    else place(slot, free);
  }

  const isFree = (offset: number | undefined): offset is number =>
    offset !== undefined && offset >= 0 && offset < width && Number.isInteger(offset) && !slotOf.has(offset);
  for (const [slot, { claimed }] of entries.entries()) {
    if (offsets[slot] === undefined && !copies.has(slot) && isFree(claimed)) place(slot, claimed);
  }
  for (const slot of entries.keys()) {
    if (offsets[slot] !== undefined || copies.has(slot)) continue;
    const next = (offsets[slot - 1] ?? slot - 1) + 1;
    if (isFree(next)) place(slot, next);
  }

  const missing: number[] = [];
  for (let offset = 0; offset < width; offset++) if (!slotOf.has(offset)) missing.push(offset);
  return { offsets, copies, displaced: findDisplaced(offsets), missing };
}

/** The slots that are not part of the longest ascending sequence of offsets. */
function findDisplaced(offsets: readonly (number | undefined)[]): Set<number> {
  const placed = [...offsets.entries()].flatMap(([slot, offset]) =>
    offset === undefined ? [] : [{ slot, offset }],
  );
  // best[i]: length of the longest ascending sequence that ends with placed[i], and what comes before it there.
  const best: { length: number; before: number }[] = [];
  let last = -1;
  for (const [i, { offset }] of placed.entries()) {
    let entry = { length: 1, before: -1 };
    for (let k = 0; k < i; k++) {
      const length = (best[k]?.length ?? 0) + 1;
      if ((placed[k]?.offset ?? Infinity) < offset && length > entry.length) entry = { length, before: k };
    }
    best.push(entry);
    if (entry.length > (best[last]?.length ?? 0)) last = i;
  }
  const displaced = new Set(placed.map(({ slot }) => slot));
  for (let i = last; i >= 0; i = best[i]?.before ?? -1) displaced.delete(placed[i]?.slot ?? -1);
  return displaced;
}
