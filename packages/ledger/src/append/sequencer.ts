import { MAX_BATCH_ENTRIES, MAX_ENTRY_BYTES, type EntryBatch } from '@spanledger/record';
import { asBuffer, copyInto } from '../byte-buffer.ts';
import { LedgerError } from '../errors.ts';
import { TILE_WIDTH } from '../verify/tile.ts';
import { LINK_BYTES, NO_LINK } from '../journal/links.ts';
import type { Group } from './group.ts';
import { LedgerMember, NextMember } from './ledger-member.ts';

/** The largest log: an index is a JavaScript number, and a JSON one, exactly. */
export const MAX_LEDGER_SIZE: number = Number.MAX_SAFE_INTEGER;

/** What may follow `ledger` in an `audit` object: `outcome`, which every record has, or what stands between the two. */
const NEXT_KEYS = ['"outcome"', '"lost"'].map((key) => Buffer.from(key, 'latin1'));
const LONGEST_KEY_BYTES = Math.max(...NEXT_KEYS.map(({ length }) => length));

/**
 * Gives entries their place: writes index and origin into each, with room for the hash of the entry before, which is
 * written when the group is ({@link linkEntries}).
 */
export class Sequencer {
  readonly #member: LedgerMember;
  readonly #next: NextMember;

  /**
   * @param origin the log's
   * @param size how many entries there are
   */
  constructor(origin: string, size: number) {
    this.#member = new LedgerMember(origin);
    this.#next = new NextMember(origin, size);
  }

  /** How many entries there are with those that were sequenced. */
  get size(): number {
    return this.#next.index;
  }

  /** Goes back: what was sequenced after so many entries never became durable. */
  reset(size: number): void {
    this.#next.reset(size);
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
    const links = group.links.reserve(batch.count * LINK_BYTES);
    let at = group.entries.length;
    let linkAt = group.links.length;
    let start = 0;
    for (let i = 0; i < batch.count; i++) {
      const end = offset(batch.ends, i);
      const hole = offset(batch.holes, i);
      let cursor = at + 2 + source.copy(out, at + 2, start, hole);
      linkAt = links.writeUInt32LE(next.linkAt === undefined ? NO_LINK : cursor + next.linkAt, linkAt);
      cursor += copyInto(out, cursor, next.bytes);
      cursor += source.copy(out, cursor, hole, end);
      out.writeUInt16BE(cursor - at - 2, at);
      next.advance();
      if (next.index % TILE_WIDTH === 0) group.bundleEnds.push(cursor);
      at = cursor;
      start = end;
    }
    group.entries.length = at;
    group.links.length = linkAt;
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
