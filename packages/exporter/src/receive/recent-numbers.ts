import { KeyStore } from './key-store.ts';
import { mixHash, PlaceRing } from './place-ring.ts';
import type { SpanKey } from './span-key.ts';

const TWO_TO_32 = 2 ** 32;
/** Numbers that are near one another in memory. */
const RUN = 256;

/** One who gives numbers to what it sends. */
export interface Numbering {
  readonly serial: number;
}

/**
 * Which span each of the last so many numbers was given to. It is bytes in a few runs of memory: as many strings and objects,
 * each of which lives for a second, are most of what there would be to collect.
 */
export class RecentNumbers {
  readonly #places: PlaceRing;
  // Of each place: whose number it is, the number, and the span's key.
  readonly #serials: Float64Array;
  readonly #numbers: Float64Array;
  readonly #keys: KeyStore;

  /** @param capacity - how many numbers are remembered, a power of two; the oldest leaves for a new one */
  constructor(capacity: number) {
    this.#places = new PlaceRing(capacity);
    this.#serials = new Float64Array(capacity);
    this.#numbers = new Float64Array(capacity);
    this.#keys = new KeyStore(capacity);
  }

  /** Whether a number is known to be that of another span than this one. */
  isOther({ serial }: Numbering, number: number, key: SpanKey): boolean {
    const place = this.#find(serial, number);
    return place >= 0 && !this.#keys.has(place, key);
  }

  /** Remembers a number that is not known. */
  add({ serial }: Numbering, number: number, key: SpanKey): void {
    const place = this.#places.take(this.#hashOf(serial, number));
    this.#serials[place] = serial;
    this.#numbers[place] = number;
    this.#keys.set(place, key);
  }

  delete({ serial }: Numbering, number: number): void {
    const place = this.#find(serial, number);
    if (place >= 0) this.#places.release(place);
  }

  #find(serial: number, number: number): number {
    const places = this.#places;
    let place = places.first(this.#hashOf(serial, number));
    while (place >= 0 && (this.#numbers[place] !== number || this.#serials[place] !== serial)) {
      place = places.following(place);
    }
    return place;
  }

  /** Numbers that follow one another have places that do: those of a producer come in a row. */
  #hashOf(serial: number, number: number): number {
    const run = Math.floor(number / RUN);
    const hash = mixHash(mixHash(this.#places.seed, serial), run | 0);
    return mixHash(hash, run / TWO_TO_32) + (number - run * RUN);
  }
}
