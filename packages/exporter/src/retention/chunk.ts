/** Entries whose retention is kept in one row: as wide as a tile of the log. */
export const CHUNK_ENTRIES = 256;

const SECOND_MS = 1000;
const TIME_BYTES = 4;

/** In the place of a class: the entry was not taken in yet; it was purged; its class is not known. */
const ABSENT = 0xff;
const PURGED = 0xfe;
const UNKNOWN = 0xfd;

/** What is known of an entry that is still there. */
export interface KeptEntry {
  /** Ledger index. */
  index: number;
  /** Place of its class in the configuration; undefined: not known. */
  classAt: number | undefined;
  /** When it was recorded, in milliseconds since the epoch; never before that. */
  recordedMs: number;
}

/** When the entries of one tile were recorded, their classes, and which of them were purged. */
export class Chunk {
  readonly number: number;
  readonly #times: Uint32Array;
  readonly #classes: Uint8Array;

  /** @param stored - as {@link Chunk.times} and {@link Chunk.classes} gave it; without: nothing was taken in */
  constructor(number: number, stored?: { times: Uint8Array; classes: Uint8Array }) {
    this.number = number;
    this.#times = new Uint32Array(CHUNK_ENTRIES);
    this.#classes = new Uint8Array(CHUNK_ENTRIES).fill(ABSENT);
    if (stored === undefined) return;
    this.#classes.set(stored.classes);
    const view = new DataView(stored.times.buffer, stored.times.byteOffset, stored.times.byteLength);
    for (let at = 0; at < CHUNK_ENTRIES; at++) this.#times[at] = view.getUint32(at * TIME_BYTES, true);
  }

  /** To be stored: seconds since the epoch, a little-endian uint32 for each entry. */
  get times(): Uint8Array {
    const bytes = new Uint8Array(CHUNK_ENTRIES * TIME_BYTES);
    const view = new DataView(bytes.buffer);
    for (const [at, second] of this.#times.entries()) view.setUint32(at * TIME_BYTES, second, true);
    return bytes;
  }

  /** To be stored: a byte for each entry. */
  get classes(): Uint8Array {
    return this.#classes;
  }

  /** Whether every entry was taken in. */
  get isFull(): boolean {
    return !this.#classes.includes(ABSENT);
  }

  /** How many entries are still there. */
  get kept(): number {
    return this.#classes.reduce((sum, one) => sum + (one < PURGED ? 1 : 0), 0);
  }

  /** Takes in an entry, or its class anew. What was purged stays that. */
  take({ index, classAt, recordedMs }: KeptEntry): void {
    const at = index % CHUNK_ENTRIES;
    if (this.#classes[at] === PURGED) return;
    if (this.#classes[at] === ABSENT) this.#times[at] = Math.ceil(recordedMs / SECOND_MS);
    this.#classes[at] = classAt ?? UNKNOWN;
  }

  /** Notes that an entry was purged. */
  purge(index: number): void {
    this.#classes[index % CHUNK_ENTRIES] = PURGED;
  }

  isPurged(index: number): boolean {
    return this.#classes[index % CHUNK_ENTRIES] === PURGED;
  }

  /** The entries that are still there, in order. */
  *entries(): Generator<KeptEntry> {
    for (const [at, one] of this.#classes.entries()) {
      if (one >= PURGED) continue;
      yield {
        index: this.number * CHUNK_ENTRIES + at,
        classAt: one === UNKNOWN ? undefined : one,
        recordedMs: (this.#times[at] ?? 0) * SECOND_MS,
      };
    }
  }
}

/** The chunk that an entry is in. */
export function chunkOf(index: number): number {
  return Math.floor(index / CHUNK_ENTRIES);
}
