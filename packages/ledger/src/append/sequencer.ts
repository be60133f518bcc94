import { hash } from 'node:crypto';
import { MAX_BATCH_ENTRIES, MAX_ENTRY_BYTES, type EntryBatch } from '@spanledger/record';
import { asBuffer } from '../byte-buffer.ts';
import { LedgerError } from '../errors.ts';
import { TILE_WIDTH } from '../verify/tile.ts';
import type { Group } from './group.ts';
import { LedgerMember, NextMember } from './ledger-member.ts';

/** The largest log: an index is a JavaScript number, and a JSON one, exactly. */
export const MAX_LEDGER_SIZE: number = Number.MAX_SAFE_INTEGER;

const HASH_BYTES = 32;
/** What may follow `ledger` in an `audit` object: `outcome`, which every record has, or what stands between the two. */
const NEXT_KEYS = ['"outcome"', '"lost"'].map((key) => Buffer.from(key, 'latin1'));
const LONGEST_KEY_BYTES = Math.max(...NEXT_KEYS.map(({ length }) => length));

/** The end of the log that the next entry is chained to. */
export interface LogTail {
  /** How many entries there are, and so the next one's index. */
  size: number;
  /** The last entry's leaf hash, 64 hexadecimal digits; undefined if there are no entries. */
  hash: string | undefined;
}

/**
 * Gives entries their place: writes index, origin and the hash of the entry before into each, and hashes it. One
 * SHA-256 an entry, the RFC 6962 leaf hash, serves the chain and the tree.
 */
export class Sequencer {
  readonly #member: LedgerMember;
  readonly #next: NextMember;

  constructor(origin: string, tail: LogTail) {
    this.#member = new LedgerMember(origin);
    this.#next = new NextMember(origin);
    this.reset(tail);
  }

  /** The end of what was sequenced. */
  get tail(): LogTail {
    return { size: this.#next.index, hash: this.#next.previous };
  }

  /** Goes back: what was sequenced after `tail` never became durable. */
  reset(tail: LogTail): void {
    this.#next.reset(tail.size, tail.hash);
  }

  /**
   * Adds all entries of a batch to a group, or none. The batch is copied; nothing of it is kept.
   *
   * @throws LedgerError `batch_malformed`, `entry_too_large` or `ledger_full`
   */
  add(batch: EntryBatch, group: Group): void {
    const entriesBytes = this.#check(batch);
    const source = asBuffer(batch.bytes);
    const next = this.#next;
    const out = group.entries.reserve(entriesBytes);
    const hashes = group.hashes.reserve(batch.count * HASH_BYTES);
    let at = group.entries.length;
    let hashAt = group.hashes.length;
    let start = 0;
    for (let i = 0; i < batch.count; i++) {
      const end = offset(batch.ends, i);
      const hole = offset(batch.holes, i);
      const entry = at + 2;
      let cursor = entry + source.copy(out, entry, start, hole);
      cursor += next.bytes.copy(out, cursor);
      cursor += source.copy(out, cursor, hole, end);
      // The byte before the entry holds RFC 6962's leaf prefix while it is hashed, and half of the length after.
      out[entry - 1] = 0;
      const digest = hash('sha256', out.subarray(entry - 1, cursor), 'hex');
      out.writeUInt16BE(cursor - entry, at);
      hashAt += hashes.write(digest, hashAt, HASH_BYTES, 'hex');
      next.advance(digest);
      if (next.index % TILE_WIDTH === 0) group.bundleEnds.push(cursor);
      at = cursor;
      start = end;
    }
    group.entries.length = at;
    group.hashes.length = hashAt;
    group.count += batch.count;
    addOpenings(batch, group);
  }

  /** Checks a whole batch before any of it gets a place; gives the bytes that its entries will take. */
  #check(batch: EntryBatch): number {
    const { count, bytes, ends, holes, openings, openingEnds } = batch;
    if (count < 1 || count > MAX_BATCH_ENTRIES) throw malformed(`it holds ${count} entries`);
    if (ends.length < count || holes.length < count || openingEnds.length < count) {
      throw malformed('it holds fewer offsets than entries');
    }
    if (count > MAX_LEDGER_SIZE - this.#next.index) {
      throw new LedgerError('ledger_full', `the ledger cannot hold more than ${MAX_LEDGER_SIZE} entries`);
    }
    let total = 0;
    let start = 0;
    let openingStart = 0;
    for (let i = 0; i < count; i++) {
      const end = offset(ends, i);
      const hole = offset(holes, i);
      const openingEnd = offset(openingEnds, i);
      if (hole < start || end < hole + LONGEST_KEY_BYTES || end > bytes.length) {
        throw malformed(`the offsets of its entry ${i} are out of range`);
      }
      if (openingEnd < openingStart || openingEnd > openings.length) {
        throw malformed(`the openings of its entry ${i} are out of range`);
      }
      if (!isNextKey(bytes, hole))
        throw malformed(`the hole of its entry ${i} is not before "outcome" or "lost"`);
      const sizeBytes = end - start + this.#member.sizeBytes(this.#next.index + i);
      if (sizeBytes > MAX_ENTRY_BYTES) {
        throw new LedgerError('entry_too_large', `entry ${i} of the batch would have ${sizeBytes} bytes`, {
          hint: `An entry has at most ${MAX_ENTRY_BYTES} bytes, its place in the ledger included.`,
        });
      }
      total += 2 + sizeBytes;
      start = end;
      openingStart = openingEnd;
    }
    return total;
  }
}

function addOpenings({ count, openings, openingEnds }: EntryBatch, group: Group): void {
  const lengths = group.openingLengths.reserve(count * 4);
  let start = 0;
  for (let i = 0; i < count; i++) {
    const end = offset(openingEnds, i);
    lengths.writeUInt32BE(end - start, group.openingLengths.length);
    group.openingLengths.length += 4;
    start = end;
  }
  group.openings.push(openings, 0, start);
}

function isNextKey(bytes: Uint8Array, at: number): boolean {
  for (const key of NEXT_KEYS) if (hasAt(bytes, at, key)) return true;
  return false;
}

function hasAt(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let i = 0; i < wanted.length; i++) if (bytes[at + i] !== wanted[i]) return false;
  return true;
}

function offset(offsets: Uint32Array, i: number): number {
  return offsets[i] ?? 0;
}

function malformed(what: string): LedgerError {
  return new LedgerError('batch_malformed', `the batch is malformed: ${what}`);
}
