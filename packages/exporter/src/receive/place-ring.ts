import { randomFillSync } from 'node:crypto';

const NOWHERE = -1;

/**
 * Places that are taken one after the other, and then again, beginning with the one that was taken first; by a hash they are
 * found without passing over the others. What is in a place is kept by who takes it.
 */
export class PlaceRing {
  /**
   * What hashes begin with ({@link mixHash}): nobody outside can find out what has the same one, and make finding slow.
   */
  readonly seed: number = randomFillSync(new Int32Array(1))[0] ?? 0;
  readonly #mask: number;
  readonly #hashes: Int32Array;
  readonly #isTaken: Uint8Array;
  /** The next place of the same bucket. */
  readonly #following: Int32Array;
  /** The first place of each bucket. */
  readonly #buckets: Int32Array;
  #next = 0;
  #taken = 0;

  /** @param capacity - how many places there are, a power of two */
  constructor(capacity: number) {
    this.#mask = capacity - 1;
    this.#hashes = new Int32Array(capacity);
    this.#isTaken = new Uint8Array(capacity);
    this.#following = new Int32Array(capacity);
    this.#buckets = new Int32Array(capacity).fill(NOWHERE);
  }

  /** How many places are taken. */
  get taken(): number {
    return this.#taken;
  }

  /** Takes the next place, from whom it may have been. */
  take(hash: number): number {
    const place = this.#next;
    this.#next = (place + 1) & this.#mask;
    if (this.#isTaken[place] !== 0) this.release(place);
    const bucket = hash & this.#mask;
    this.#hashes[place] = hash;
    this.#isTaken[place] = 1;
    this.#following[place] = this.#buckets[bucket] ?? NOWHERE;
    this.#buckets[bucket] = place;
    this.#taken++;
    return place;
  }

  /** The place that was taken last of those whose hash may be this one; negative if there is none. */
  first(hash: number): number {
    return this.#buckets[hash & this.#mask] ?? NOWHERE;
  }

  /** The one before; negative if there is none. */
  following(place: number): number {
    return this.#following[place] ?? NOWHERE;
  }

  /** Gives up a place that is taken. */
  release(place: number): void {
    const bucket = (this.#hashes[place] ?? 0) & this.#mask;
    const following = this.following(place);
    let before = this.#buckets[bucket] ?? NOWHERE;
    if (before === place) this.#buckets[bucket] = following;
    else {
      while (this.#following[before] !== place) before = this.following(before);
      this.#following[before] = following;
    }
    this.#isTaken[place] = 0;
    this.#taken--;
  }
}

/** Adds 32 bits to a hash, as the finalizer of MurmurHash3 mixes them. */
export function mixHash(hash: number, bits: number): number {
  let mixed = hash ^ bits;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
