import {
  type BatchCrypto,
  buildEntryBatch,
  COMMITMENT_GROUPS,
  type EntryBatch,
  type ReferencedDraft,
  SALT_BYTES,
} from '@spanledger/record';
import type { KernelRun, RunTaker, SpanKernel } from '../kernel/span-kernel.ts';
import { ByteStore } from './byte-store.ts';

/** First guesses of the bytes of an entry and of its openings. */
const TYPICAL_ENTRY_BYTES = 1_792;
const TYPICAL_OPENINGS_BYTES = 1_024;

/** What is hashed of a group begins with more than what is stored, and is written over what stands before. */
export const LEAD_BYTES = 32;

/** What of a writer's memory is kept for the next one. */
const MAX_KEPT_BYTES = 8 * 1024 * 1024;

/** Gathers the records of one request, in their order: those that templates write, and those that are drafts. */
export class BatchWriter implements RunTaker {
  /** Canonical bytes of the records. */
  readonly entries: ByteStore;
  /** Opened groups, from {@link LEAD_BYTES} on. */
  readonly openings: ByteStore;
  /** Salts, of as many entries as were announced. */
  readonly salts: Uint8Array;
  readonly crypto: Required<BatchCrypto>;
  readonly #kernel: SpanKernel | undefined;
  readonly #ends: number[] = [];
  readonly #holes: number[] = [];
  readonly #openingEnds: number[] = [];
  #drafts: ReferencedDraft[] = [];
  #saltAt = 0;

  /**
   * @param spans - how many spans there are at the most; lifecycle events are drafts
   * @param kernel - writes runs of records, which are taken from it before anything else is added
   * @param storage - a writer that is done with: this one takes over its memory
   */
  constructor(spans: number, crypto: Required<BatchCrypto>, kernel?: SpanKernel, storage?: BatchWriter) {
    this.crypto = crypto;
    this.#kernel = kernel;
    kernel?.reset();
    this.entries = reused(storage?.entries, spans * TYPICAL_ENTRY_BYTES);
    this.openings = reused(storage?.openings, spans * TYPICAL_OPENINGS_BYTES);
    this.openings.length = LEAD_BYTES;
    this.salts = crypto.randomBytes(spans * COMMITMENT_GROUPS.length * SALT_BYTES);
  }

  /** How many records there are. */
  get count(): number {
    return this.#ends.length + this.#drafts.length + (this.#kernel?.count ?? 0);
  }

  /** Where the next salt begins in {@link salts}. */
  nextSalt(): number {
    const at = this.#saltAt;
    this.#saltAt += SALT_BYTES;
    return at;
  }

  beginRun(): Uint8Array {
    this.#settleDrafts();
    return this.salts.subarray(this.#saltAt);
  }

  takeRun({ count, entries, openings, results }: KernelRun, usedSalts: number): void {
    const [entryAt, openingAt] = [this.entries.length, this.openings.length - LEAD_BYTES];
    for (let i = 0; i < 3 * count; i += 3) {
      this.#ends.push(entryAt + (results[i] ?? 0));
      this.#holes.push(entryAt + (results[i + 1] ?? 0));
      this.#openingEnds.push(openingAt + (results[i + 2] ?? 0));
    }
    this.entries.push(entries);
    this.openings.push(openings);
    this.#saltAt += usedSalts * SALT_BYTES;
  }

  /** Adds a record that is a draft. */
  addDraft(draft: ReferencedDraft): void {
    this.#kernel?.flush(this);
    this.#drafts.push(draft);
  }

  /** Before a record is written at the end of {@link entries}: what came before it stands there. */
  settle(): void {
    this.#kernel?.flush(this);
    this.#settleDrafts();
  }

  #settleDrafts(): void {
    if (this.#drafts.length === 0) return;
    const { bytes, ends, holes, openings, openingEnds, count } = buildEntryBatch(this.#drafts, this.crypto);
    this.#drafts = [];
    const [entryAt, openingAt] = [this.entries.length, this.openings.length - LEAD_BYTES];
    for (let i = 0; i < count; i++) {
      this.#ends.push(entryAt + (ends[i] ?? 0));
      this.#holes.push(entryAt + (holes[i] ?? 0));
      this.#openingEnds.push(openingAt + (openingEnds[i] ?? 0));
    }
    this.entries.push(bytes);
    this.openings.push(openings);
  }

  /** Notes that a record was written. @param hole - see `EntryBatch.holes` */
  addWritten(hole: number): void {
    this.#ends.push(this.entries.length);
    this.#holes.push(hole);
    this.#openingEnds.push(this.openings.length - LEAD_BYTES);
  }

  /** @throws RecordError as `buildEntryBatch` does */
  batch(): EntryBatch {
    this.#kernel?.flush(this);
    if (this.#ends.length === 0) return buildEntryBatch(this.#drafts, this.crypto);
    this.#settleDrafts();
    return {
      count: this.#ends.length,
      bytes: this.entries.bytes.subarray(0, this.entries.length),
      ends: Uint32Array.from(this.#ends),
      holes: Uint32Array.from(this.#holes),
      openings: this.openings.bytes.subarray(LEAD_BYTES, this.openings.length),
      openingEnds: Uint32Array.from(this.#openingEnds),
    };
  }
}

function reused(store: ByteStore | undefined, sizeBytes: number): ByteStore {
  if (store === undefined || store.bytes.length > MAX_KEPT_BYTES)
    return new ByteStore(sizeBytes + LEAD_BYTES);
  store.length = 0;
  return store;
}
