import type { JsonObject } from '@spanledger/record';

/** A document with its proof, and the key that shall verify both. */
export interface Evidence {
  document: JsonObject;
  /** A tlog-proof. */
  proof: string;
  /** A signed-note verification key. */
  vkey: string;
}

/** One file of `valid/` or `invalid/`. */
export interface Vector extends Evidence {
  /** What was done, as a sentence. */
  about: string;
  /** The failure codes that a verifier reports, sorted; none for a valid one. */
  failures: string[];
}
