/**
 * The `"ledger":{…},` member of an entry's `audit` object, which only the sequencer can know. Its keys are in
 * RFC 8785 order, and so is its own place: just before `"outcome"`.
 */

/** Writes the members of one log, whose origin they all name. */
export class LedgerMember {
  readonly #origin: string;
  readonly #fixedBytes: number;

  /** @param origin the log's */
  constructor(origin: string) {
    // JSON.stringify escapes well-formed strings exactly as RFC 8785 demands.
    this.#origin = JSON.stringify(origin);
    this.#fixedBytes = Buffer.byteLength(this.text(0, undefined)) - 1;
  }

  /**
   * The member.
   *
   * @param index the entry's
   * @param previous the leaf hash of the entry before it, 64 hexadecimal digits; undefined for the first
   */
  text(index: number, previous: string | undefined): string {
    const link = previous === undefined ? '' : `,"previous":"${previous}"`;
    return `"ledger":{"index":${index},"origin":${this.#origin}${link}},`;
  }

  /** How many bytes {@link text} has. */
  sizeBytes(index: number): number {
    return this.#fixedBytes + digitCount(index) + (index === 0 ? 0 : LINK_BYTES);
  }
}

const LINK_BYTES = ',"previous":""'.length + 64;

function digitCount(index: number): number {
  let digits = 1;
  for (let rest = index; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  return digits;
}
