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

/**
 * Lets followers that run side by side share what they read: the answer to the last question is kept. They must not
 * change it, and ask for published entries only, whose opened groups do not change either.
 */
export function shareOpenings(reader: OpeningsReader): OpeningsReader {
  let last: { from: number; to: number; answer: Promise<Map<number, Openings>> } | undefined;
  return {
    read(from, to) {
      if (last?.from === from && last.to === to) return last.answer;
      const answer = reader.read(from, to);
      last = { from, to, answer };
      answer.catch(() => {
        if (last?.answer === answer) last = undefined;
      });
      return answer;
    },
  };
}
