import { KeyStore } from './key-store.ts';
import { mixHash, PlaceRing } from './place-ring.ts';
import { KEY_WORDS, type SpanKey } from './span-key.ts';

/** The last so many spans, as bytes. */
export class RecentSpans {
  readonly #places: PlaceRing;
  readonly #keys: KeyStore;

  /** @param capacity - how many spans are remembered, a power of two; the oldest leaves for a new one */
  constructor(capacity: number) {
    this.#places = new PlaceRing(capacity);
    this.#keys = new KeyStore(capacity);
  }

  /** How many are remembered. */
  get size(): number {
    return this.#places.taken;
  }

  has(key: SpanKey): boolean {
    return this.#find(key) >= 0;
  }

  /** Remembers a span; false if it was known. */
  add(key: SpanKey): boolean {
    if (this.has(key)) return false;
    this.#keys.set(this.#places.take(this.#hashOf(key)), key);
    return true;
  }

  delete(key: SpanKey): void {
    const place = this.#find(key);
    if (place >= 0) this.#places.release(place);
  }

  #find(key: SpanKey): number {
    const places = this.#places;
    let place = places.first(this.#hashOf(key));
    while (place >= 0 && !this.#keys.has(place, key)) place = places.following(place);
    return place;
  }

  #hashOf(key: SpanKey): number {
    let hash = this.#places.seed;
    for (let i = 0; i < KEY_WORDS; i++) hash = mixHash(hash, key[i] ?? 0);
    return hash;
  }
}
