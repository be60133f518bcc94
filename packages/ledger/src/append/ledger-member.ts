/**
 * The `"ledger":{…},` member of an entry's `audit` object, which only the sequencer can know. Its keys are in
 * RFC 8785 order, and so is its own place: just before `"outcome"`,
 * or before `"lost"` in a gap record.
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

/**
 * The member of the entry that comes next, as bytes, with room for the link. From one entry to the next only the index
 * changes, so it is changed in place: composing the text and encoding it for every entry took a sixth of the time of
 * sequencing, the hash included.
 */
export class NextMember {
  readonly #member: LedgerMember;
  #bytes: Buffer = Buffer.alloc(0);
  #index = 0;

  /**
   * @param origin the log's
   * @param index the next entry's
   */
  constructor(origin: string, index: number) {
    this.#member = new LedgerMember(origin);
    this.reset(index);
  }

  /** The next entry's index. */
  get index(): number {
    return this.#index;
  }

  /** The member, valid until the next call of a method; where the link belongs there are 64 zeros. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Where in {@link bytes} the link belongs; undefined for the first entry, which has none. */
  get linkAt(): number | undefined {
    return this.#index === 0 ? undefined : this.#bytes.length - HASH_DIGITS - LINK_END.length;
  }

  /** Goes to any place. */
  reset(index: number): void {
    this.#bytes = Buffer.from(this.#member.text(index, index === 0 ? undefined : '0'.repeat(HASH_DIGITS)));
    this.#index = index;
  }

  /** Goes one entry on. */
  advance(): void {
    if (this.#index === 0 || !this.#increment()) this.reset(this.#index + 1);
    else this.#index++;
  }

  /** Adds one to the index where it stands; false, and nothing is right any more, if it gets a digit longer. */
  #increment(): boolean {
    for (let at = INDEX_AT + digitCount(this.#index) - 1; at >= INDEX_AT; at--) {
      const digit = this.#bytes[at] ?? NINE;
      this.#bytes[at] = digit === NINE ? ZERO : digit + 1;
      if (digit !== NINE) return true;
    }
    return false;
  }
}

const ZERO = 0x30;
const NINE = 0x39;
/** Hexadecimal digits of a leaf hash. */
export const HASH_DIGITS = 64;
const INDEX_AT = '"ledger":{"index":'.length;
const LINK_END = '"},';
const LINK_BYTES = ',"previous":""'.length + HASH_DIGITS;

function digitCount(index: number): number {
  let digits = 1;
  for (let rest = index; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  return digits;
}
