import { Buffer } from 'node:buffer';

/** The id of a span's record: trace, span and digest, with a hyphen between; see docs/record-format.md. */
const ID_BYTES = 72;

const NOWHERE = -1;

/** Places that nobody's number is in. */
const NOBODY = 0;

/** One who gives numbers to what it sends. */
export interface Numbering {
  /** Its own, larger than 0. */
  readonly serial: number;
}

/**
 * Which record each of the last so many numbers was given to. It is bytes in a few runs of memory: as many strings and objects,
 * each of which lives for a second, are most of what there would be to collect.
 */
export class RecentNumbers {
  readonly #capacity: number;
  // Of each place: whose number it is, the number, the record's id, and the next place of the same bucket.
  readonly #serials: Float64Array;
  readonly #numbers: Float64Array;
  readonly #ids: Buffer;
  readonly #lengths: Uint8Array;
  readonly #following: Int32Array;
  /** Ids that have no room in {@link #ids}, by place. */
  readonly #longIds: Map<number, string> = new Map();
  /** The first place of each bucket. */
  readonly #buckets: Int32Array;
  #next = 0;

  /** @param capacity - how many numbers are remembered, a power of two; the oldest leaves for a new one */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#serials = new Float64Array(capacity);
    this.#numbers = new Float64Array(capacity);
    this.#ids = Buffer.alloc(capacity * ID_BYTES);
    this.#lengths = new Uint8Array(capacity);
    this.#following = new Int32Array(capacity);
    this.#buckets = new Int32Array(capacity).fill(NOWHERE);
  }

  /** Whether a number is known to be that of another record than this one. */
  isOther({ serial }: Numbering, number: number, id: string): boolean {
    const place = this.#find(serial, number);
    return place !== NOWHERE && this.#idAt(place) !== id;
  }

  /**
   * Remembers a number that is not known.
   *
   * @param id - of the record: ASCII
   */
  add({ serial }: Numbering, number: number, id: string): void {
    const place = this.#next;
    this.#next = (place + 1) % this.#capacity;
    this.#empty(place);
    this.#serials[place] = serial;
    this.#numbers[place] = number;
    this.#lengths[place] = this.#ids.write(id, place * ID_BYTES, ID_BYTES, 'latin1');
    if (id.length > ID_BYTES) this.#longIds.set(place, id);
    const bucket = this.#bucketOf(serial, number);
    this.#following[place] = this.#buckets[bucket] ?? NOWHERE;
    this.#buckets[bucket] = place;
  }

  delete({ serial }: Numbering, number: number): void {
    const place = this.#find(serial, number);
    if (place !== NOWHERE) this.#empty(place);
  }

  #bucketOf(serial: number, number: number): number {
    return (Math.imul(serial, 0x9e3779b1) + number) & (this.#capacity - 1);
  }

  #find(serial: number, number: number): number {
    let place = this.#buckets[this.#bucketOf(serial, number)] ?? NOWHERE;
    while (place !== NOWHERE && (this.#numbers[place] !== number || this.#serials[place] !== serial)) {
      place = this.#following[place] ?? NOWHERE;
    }
    return place;
  }

  #empty(place: number): void {
    const serial = this.#serials[place] ?? NOBODY;
    if (serial === NOBODY) return;
    const bucket = this.#bucketOf(serial, this.#numbers[place] ?? 0);
    const following = this.#following[place] ?? NOWHERE;
    let before = this.#buckets[bucket] ?? NOWHERE;
    if (before === place) this.#buckets[bucket] = following;
    else {
      while (this.#following[before] !== place) before = this.#following[before] ?? NOWHERE;
      this.#following[before] = following;
    }
    this.#serials[place] = NOBODY;
    if (this.#longIds.size > 0) this.#longIds.delete(place);
  }

  #idAt(place: number): string {
    const start = place * ID_BYTES;
    return (
      this.#longIds.get(place) ?? this.#ids.toString('latin1', start, start + (this.#lengths[place] ?? 0))
    );
  }
}
