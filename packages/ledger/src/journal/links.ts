/**
 * The chain: each entry names the leaf hash of the entry before it. One SHA-256 an entry, the RFC 6962 leaf hash, serves
 * the chain and the tree; it can be computed only once the entry before has been.
 */
import { hash } from 'node:crypto';
import type { FrameContent } from './frame.ts';

/** Bytes of a leaf hash. */
export const HASH_BYTES = 32;

/** Bytes of an entry's place in {@link UnlinkedFrame.links}. */
export const LINK_BYTES = 4;

/** In {@link UnlinkedFrame.links}: the entry names none, for it is the first of the log. */
export const NO_LINK = 0;

/** The byte that RFC 6962 puts before a leaf when it hashes it. */
const LEAF_PREFIX = 0;

/** A frame of which no entry names the one before it yet. */
export interface UnlinkedFrame extends FrameContent {
  /** The leaf hash of the entry before the first, 64 hexadecimal digits; undefined for the first of the log. */
  previous: string | undefined;
  /** Each behind its uint16 length. */
  entries: Buffer;
  /** Where in `entries` each of them has room for the 64 digits of the one before: uint32, the lower bytes first. */
  links: Buffer;
  /** Takes their leaf hashes, 32 bytes each. */
  hashes: Buffer;
}

/**
 * Writes into each entry the hash of the one before it, and into `hashes` its own.
 *
 * @returns that of the last, 64 hexadecimal digits
 */
export function linkEntries({ count, previous, entries, links, hashes }: UnlinkedFrame): string {
  let digest = previous ?? '';
  let at = 0;
  for (let i = 0; i < count; i++) {
    const end = at + 2 + entries.readUInt16BE(at);
    const place = links.readUInt32LE(i * LINK_BYTES);
    if (place !== NO_LINK) entries.write(digest, place, 'latin1');
    // The byte before the entry is half of its length, and stands for the prefix while it is hashed.
    const length = entries[at + 1] ?? 0;
    entries[at + 1] = LEAF_PREFIX;
    digest = hash('sha256', entries.subarray(at + 1, end), 'hex');
    entries[at + 1] = length;
    hashes.write(digest, i * HASH_BYTES, 'hex');
    at = end;
  }
  return digest;
}
