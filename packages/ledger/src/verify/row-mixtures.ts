import { equalBytes } from './encoding.ts';
import { HASH_BYTES } from './tile.ts';

/** Up to how many differing hashes every mixture is tried. */
const MAX_MIXED_SLOTS = 6;

/**
 * The rows that may be the true one where a tile is known in two ways. Each of the two may have been altered at other
 * places: so all mixtures are tried as long as there are few differences, else the two as they are.
 *
 * @param first hashes, end to end
 * @param second as many hashes
 * @returns none if both are undefined; `first` is the first one
 */
export function mixRows(first: Uint8Array | undefined, second: Uint8Array | undefined): Uint8Array[] {
  if (first === undefined || second === undefined)
    return [first ?? second].filter((row) => row !== undefined);
  const slots = differingSlots(first, second);
  if (slots.length > MAX_MIXED_SLOTS) return [first, second];
  let rows = [first];
  for (const slot of slots) {
    const hash = hashAt(second, slot);
    rows = [...rows, ...rows.map((row) => withHash(row, slot, hash))];
  }
  return rows;
}

/** The hash at a slot of a row, as a view. */
export function hashAt(row: Uint8Array, slot: number): Uint8Array {
  return row.subarray(slot * HASH_BYTES, (slot + 1) * HASH_BYTES);
}

/** The slots at which two rows of the same width differ. */
export function differingSlots(first: Uint8Array, second: Uint8Array): number[] {
  const slots: number[] = [];
  for (let slot = 0; slot * HASH_BYTES < first.length; slot++) {
    if (!equalBytes(hashAt(first, slot), hashAt(second, slot))) slots.push(slot);
  }
  return slots;
}

function withHash(row: Uint8Array, slot: number, hash: Uint8Array): Uint8Array {
  const copy = new Uint8Array(row);
  copy.set(hash, slot * HASH_BYTES);
  return copy;
}
