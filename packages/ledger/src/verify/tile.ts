/**
 * C2SP tlog-tiles: a log as a set of immutable files.
 *
 *     tile/<L>/<N>[.p/<W>]         W hashes of level L (256 if not partial), 32 bytes each
 *     tile/entries/<N>[.p/<W>]     the W entries under tile 0/<N>, each a big-endian uint16 length and its bytes
 *
 * N is written in groups of three digits, all but the last marked by an `x`: 1234067 is `x001/x234/067`.
 */
import { parseDecimal } from './encoding.ts';
import { malformed, parsed, type Parsed } from './parsed.ts';

/** Hashes in a full tile, entries in a full bundle. */
export const TILE_WIDTH = 256;

/** Bytes of a hash. */
export const HASH_BYTES = 32;

/** The highest tile level that the specification knows. */
export const MAX_TILE_LEVEL = 63;

/** The most bytes that an entry can have: its length is a uint16. */
export const MAX_BUNDLED_ENTRY_BYTES = 0xffff;

/** The most bytes that an entry bundle can have. */
export const MAX_BUNDLE_BYTES: number = TILE_WIDTH * (2 + MAX_BUNDLED_ENTRY_BYTES);

/** Which hashes a tile holds: `width` of them, from hash `index * 256` of tile level `level` on. */
export interface TileCoordinates {
  /** 0 to 63; level 0 holds the leaf hashes. */
  level: number;
  index: number;
  /** 1 to 256; below 256 the tile is partial. */
  width: number;
}

/** Where a verifier gets a log's files from. */
export interface TileSource {
  /**
   * Reads a file.
   *
   * @param path relative to the log's prefix: `checkpoint`, `tile/0/x001/000`, `tile/entries/000.p/12`
   * @returns the file's bytes; undefined if there is no such file
   * @throws if it cannot be told whether there is such a file, or if it cannot be read
   */
  read(path: string): Promise<Uint8Array | undefined>;
}

/**
 * A tile's path.
 *
 * @param width 256, the default, for a full tile
 * @throws TypeError if a number is out of its range
 */
export function tilePath(level: number, index: number, width: number = TILE_WIDTH): string {
  if (!Number.isInteger(level) || level < 0 || level > MAX_TILE_LEVEL) {
    throw new TypeError(`not a tile level: ${level}`);
  }
  return `tile/${level}/${indexPath(index)}${widthSuffix(width)}`;
}

/** Reads what {@link tilePath} writes; undefined if it would not write this path. */
export function parseTilePath(path: string): TileCoordinates | undefined {
  const match = /^tile\/([0-9]{1,2})\/(.+)$/.exec(path);
  const level = parseDecimal(match?.[1] ?? '');
  const place = parsePlace(match?.[2] ?? '');
  if (level === undefined || level > MAX_TILE_LEVEL || place === undefined) return undefined;
  return { level, ...place };
}

/**
 * An entry bundle's path.
 *
 * @param width 256, the default, for a full bundle
 * @throws TypeError if a number is out of its range
 */
export function entryBundlePath(index: number, width: number = TILE_WIDTH): string {
  return `tile/entries/${indexPath(index)}${widthSuffix(width)}`;
}

/** Reads what {@link entryBundlePath} writes; undefined if it would not write this path. */
export function parseEntryBundlePath(path: string): Omit<TileCoordinates, 'level'> | undefined {
  const prefix = 'tile/entries/';
  return path.startsWith(prefix) ? parsePlace(path.slice(prefix.length)) : undefined;
}

/**
 * How many hashes of a tile level a tree has: floor(size / 256^level).
 *
 * @param size the tree's size
 */
export function hashCountAtLevel(size: number, level: number): number {
  return Math.floor(size / TILE_WIDTH ** level);
}

/**
 * How wide a tile is in a tree of some size.
 *
 * @returns 0 to 256; 0 if the tree has no such tile
 */
export function tileWidthAt(size: number, level: number, index: number): number {
  return Math.max(0, Math.min(TILE_WIDTH, hashCountAtLevel(size, level) - index * TILE_WIDTH));
}

/**
 * Writes an entry bundle.
 *
 * @param entries 1 to 256 entries of at most 65,535 bytes
 * @throws TypeError if there are too many or one is too long
 */
export function encodeEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length > TILE_WIDTH) throw new TypeError(`a bundle holds at most ${TILE_WIDTH} entries`);
  const bundle = new Uint8Array(entries.reduce((sum, entry) => sum + 2 + entry.length, 0));
  let at = 0;
  for (const entry of entries) {
    if (entry.length > MAX_BUNDLED_ENTRY_BYTES) throw new TypeError('an entry has at most 65,535 bytes');
    bundle[at] = entry.length >> 8;
    bundle[at + 1] = entry.length & 255;
    bundle.set(entry, at + 2);
    at += 2 + entry.length;
  }
  return bundle;
}

/** What {@link scanEntryBundle} finds. */
export interface ScannedBundle {
  /** The entries that stand there whole, as views into the bundle. */
  entries: Uint8Array[];
  /** Bytes after the last of them: 0 in a sound bundle. */
  trailingBytes: number;
}

/**
 * Reads as much of an entry bundle as can be read, whatever its bytes are.
 *
 * @param maxEntries where to stop; what follows counts as trailing
 */
export function scanEntryBundle(bytes: Uint8Array, maxEntries: number = TILE_WIDTH): ScannedBundle {
  const entries: Uint8Array[] = [];
  let at = 0;
  while (entries.length < maxEntries && at + 2 <= bytes.length) {
    const end = at + 2 + (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0));
    if (end > bytes.length) break;
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return { entries, trailingBytes: bytes.length - at };
}

/**
 * Reads an entry bundle strictly.
 *
 * @param width how many entries it must hold
 * @returns the entries, as views into the bundle
 */
export function parseEntryBundle(bytes: Uint8Array, width: number): Parsed<Uint8Array[]> {
  const { entries, trailingBytes } = scanEntryBundle(bytes);
  if (trailingBytes > 0) return malformed(`${trailingBytes} bytes at its end are not a whole entry`);
  if (entries.length !== width) return malformed(`it holds ${entries.length} entries instead of ${width}`);
  return parsed(entries);
}

function indexPath(index: number): string {
  if (!Number.isSafeInteger(index) || index < 0) throw new TypeError(`not a tile index: ${index}`);
  const digits = `${index}`;
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  const groups = padded.match(/[0-9]{3}/g) ?? [];
  return groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/');
}

function widthSuffix(width: number): string {
  if (!Number.isInteger(width) || width < 1 || width > TILE_WIDTH)
    throw new TypeError(`not a tile width: ${width}`);
  return width === TILE_WIDTH ? '' : `.p/${width}`;
}

function parsePlace(text: string): { index: number; width: number } | undefined {
  const match = /^((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/.exec(text);
  if (match === null) return undefined;
  const index = parseDecimal((match[1] ?? '').replace(/[x/]/g, '').replace(/^0+(?=[0-9])/, ''));
  const width = match[2] === undefined ? TILE_WIDTH : parseDecimal(match[2]);
  if (index === undefined || width === undefined || width < 1 || width > TILE_WIDTH) return undefined;
  return `${indexPath(index)}${widthSuffix(width)}` === text ? { index, width } : undefined;
}
