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

/** Reads opened groups as they are kept: RFC 8785 bytes of {@link Openings}. */
export interface OpeningBytesReader {
  /**
   * @param from - first ledger index
   * @param to - ledger index just past the last
   * @returns bytes by ledger index; what was erased, or never had any, is absent
   */
  readBytes(from: number, to: number): Promise<Map<number, Uint8Array>>;
}
