import { Buffer } from 'node:buffer';

/** The id of a span's record: trace, span and digest, with a hyphen between; see docs/record-format.md. */
const ID_BYTES = 72;

/** One who gives numbers to what it sends. */
export interface Numbering {
  /** Where {@link RecentNumbers} has each of its recent numbers. */
  readonly places: Map<number, number>;
}

/**
 * Which record each of the last so many numbers was given to. It is bytes in one run of memory: as many strings and objects,
 * each of which lives for a second, are most of what there would be to collect.
 */
export class RecentNumbers {
  readonly #capacity: number;
  readonly #ids: Buffer;
  readonly #lengths: Uint8Array;
  /** Ids that have no room in {@link #ids}, by place. */
  readonly #longIds: Map<number, string> = new Map();
  readonly #numbers: Float64Array;
  readonly #numberings: (Numbering | undefined)[];
  #next = 0;

  /** @param capacity - how many numbers are remembered; the oldest leaves for a new one */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#ids = Buffer.alloc(capacity * ID_BYTES);
    this.#lengths = new Uint8Array(capacity);
    this.#numbers = new Float64Array(capacity);
    this.#numberings = Array.from({ length: capacity });
  }

  /** Whether a number is known to be that of another record than this one. */
  isOther({ places }: Numbering, number: number, id: string): boolean {
    const place = places.get(number);
    return place !== undefined && this.#idAt(place) !== id;
  }

  /** @param id - of the record: ASCII */
  add(numbering: Numbering, number: number, id: string): void {
    const place = this.#next;
    this.#next = (place + 1) % this.#capacity;
    this.#leave(place);
    this.#numberings[place] = numbering;
    this.#numbers[place] = number;
    this.#lengths[place] = this.#ids.write(id, place * ID_BYTES, ID_BYTES, 'latin1');
    if (id.length > ID_BYTES) this.#longIds.set(place, id);
    numbering.places.set(number, place);
  }

  delete({ places }: Numbering, number: number): void {
    places.delete(number);
  }

  #leave(place: number): void {
    const places = this.#numberings[place]?.places;
    const number = this.#numbers[place] ?? 0;
    // It may have been taken back, and come anew, since.
    if (places?.get(number) === place) places.delete(number);
    if (this.#longIds.size > 0) this.#longIds.delete(place);
  }

  #idAt(place: number): string {
    const start = place * ID_BYTES;
    return (
      this.#longIds.get(place) ?? this.#ids.toString('latin1', start, start + (this.#lengths[place] ?? 0))
    );
  }
}
