import { LEEWAY_S, LIFE_S } from './session-token.ts';

/** How many tokens are remembered at least, for as long as they may be valid. */
export const MAX_SEEN_TOKENS = 65_536;

/** The longest that one token can be valid: early by the leeway, late by the leeway. */
const VALID_MS = (LIFE_S + 2 * LEEWAY_S) * 1_000;

/**
 * Which tokens were used already. Two sets that take turns: when the younger has lasted as long as a token may be valid,
 * or is full, the older one is forgotten.
 */
export class SeenTokens {
  readonly #maxTokens: number;
  #young = new Set<string>();
  #old = new Set<string>();
  #since = 0;

  constructor(maxTokens: number = MAX_SEEN_TOKENS) {
    this.#maxTokens = maxTokens;
  }

  /** Notes the use of a token; false when it was used before. */
  use(id: string, now: number): boolean {
    if (this.#young.has(id) || this.#old.has(id)) return false;
    const age = now - this.#since;
    if (age >= VALID_MS || age < 0 || this.#young.size >= this.#maxTokens) {
      this.#old = this.#young;
      this.#young = new Set();
      this.#since = now;
    }
    this.#young.add(id);
    return true;
  }
}
