import type { Openings } from '@spanledger/record';

/**
 * Reads the opened groups of records. What was erased is absent, as is what never had any: an index without an
 * entry in the answer has no opened groups.
 */
export interface OpeningsReader {
  /**
   * @param from - first ledger index
   * @param to - ledger index just past the last
   * @returns opened groups by ledger index
   */
  read(from: number, to: number): Promise<Map<number, Openings>>;
}

/** Reads from the first reader, and from the next only what the ones before it did not have. */
export function composeOpenings(readers: readonly OpeningsReader[]): OpeningsReader {
  return {
    async read(from, to) {
      const found = new Map<number, Openings>();
      for (const reader of readers) {
        if (found.size >= to - from) break;
        for (const [index, openings] of await reader.read(from, to)) {
          if (!found.has(index)) found.set(index, openings);
        }
      }
      return found;
    },
  };
}
