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
 * The member of the entry that comes next, as bytes. From one entry to the next only the index and the link change, so
 * they are changed in place: composing the text and encoding it for every entry took a sixth of the time of
 * sequencing, the hash included.
 */
export class NextMember {
  readonly #member: LedgerMember;
  #bytes: Buffer = Buffer.alloc(0);
  #size = 0;
  #hasLink = false;

  /** @param origin the log's */
  constructor(origin: string) {
    this.#member = new LedgerMember(origin);
  }

  /** The next entry's index. */
  get index(): number {
    return this.#size;
  }

  /** The link of the next entry: the leaf hash of the one before it; undefined for the first. */
  get previous(): string | undefined {
    return this.#hasLink
      ? this.#bytes.toString('latin1', this.#linkAt, this.#linkAt + HASH_DIGITS)
      : undefined;
  }

  /** The member, valid until the next call of a method. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Goes to any place, as {@link LedgerMember.text} describes it. */
  reset(index: number, previous: string | undefined): void {
    this.#bytes = Buffer.from(this.#member.text(index, previous));
    this.#size = index;
    this.#hasLink = previous !== undefined;
  }

  /**
   * Goes one entry on.
   *
   * @param previous the leaf hash of the entry that {@link bytes} was for, 64 hexadecimal digits
   */
  advance(previous: string): void {
    if (!this.#hasLink || !this.#increment()) return this.reset(this.#size + 1, previous);
    this.#size++;
    this.#bytes.write(previous, this.#linkAt, HASH_DIGITS, 'latin1');
  }

  get #linkAt(): number {
    return this.#bytes.length - HASH_DIGITS - LINK_END.length;
  }

  /** Adds one to the index where it stands; false, and nothing is right any more, if it gets a digit longer. */
  #increment(): boolean {
    for (let at = INDEX_AT + digitCount(this.#size) - 1; at >= INDEX_AT; at--) {
      const digit = this.#bytes[at] ?? NINE;
      this.#bytes[at] = digit === NINE ? ZERO : digit + 1;
      if (digit !== NINE) return true;
    }
    return false;
  }
}

const ZERO = 0x30;
const NINE = 0x39;
const HASH_DIGITS = 64;
const INDEX_AT = '"ledger":{"index":'.length;
const LINK_END = '"},';
const LINK_BYTES = ',"previous":""'.length + HASH_DIGITS;

function digitCount(index: number): number {
  let digits = 1;
  for (let rest = index; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  return digits;
}
