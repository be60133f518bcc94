import { decodeUtf8, encodeUtf8 } from './encoding.ts';
import { TILE_WIDTH } from './tile.ts';

/**
 * Where a log publishes its minimum index, relative to its prefix. C2SP tlog-tiles has the notion, and leaves open where
 * it is published: the decimal number and a newline. A log that was never pruned has no such file.
 */
export const MINIMUM_INDEX_PATH = 'minimum-index';

/** Writes a minimum index. */
export function formatMinimumIndex(index: number): Uint8Array {
  return encodeUtf8(`${index}\n`);
}

/**
 * Reads what {@link formatMinimumIndex} writes.
 *
 * @returns undefined for anything else; a minimum index is where an entry bundle begins
 */
export function parseMinimumIndex(bytes: Uint8Array): number | undefined {
  const text = decodeUtf8(bytes) ?? '';
  const index = Number(/^(0|[1-9]\d{0,15})\n$/.exec(text)?.[1]);
  return Number.isSafeInteger(index) && index % TILE_WIDTH === 0 ? index : undefined;
}
