import type { EntryFields } from './entry-fields.ts';
import { encodeHex } from './encoding.ts';
import type { FailureList } from './failures.ts';

/** The hash chain, followed entry by entry in the order of their indices. */
export class EntryChain {
  readonly #origin: string;
  readonly #failures: FailureList;
  #last: { index: number; hash: string; provenHash: string | undefined } | undefined;

  /**
   * @param origin what every entry must state as `audit.ledger.origin`
   * @param failures where what does not hold is reported
   * @param last the entry that was followed last, by its hash in hex; absent at the beginning of the log
   */
  constructor(origin: string, failures: FailureList, last?: { index: number; hash: string }) {
    this.#origin = origin;
    this.#failures = failures;
    this.#last = last && { ...last, provenHash: undefined };
  }

  /**
   * Checks what an entry says about its place, and takes it as the predecessor of the next one: the chain goes on
   * from what is stored, so that one break is reported once.
   *
   * @param index where the entry belongs
   * @param fields undefined if the entry cannot be read
   * @param hash the entry's leaf hash
   * @param provenHash the hash that the tree has for it, as far as known
   * @returns whether all of it holds
   */
  check(
    index: number,
    path: string,
    fields: EntryFields | undefined,
    hash: Uint8Array,
    provenHash?: Uint8Array,
  ): boolean {
    const before = this.#failures.total;
    if (fields !== undefined) {
      this.#checkPlace(index, path, fields);
      this.#checkPrevious(index, path, fields);
    }
    this.#last = { index, hash: encodeHex(hash), provenHash: provenHash && encodeHex(provenHash) };
    return fields !== undefined && this.#failures.total === before;
  }

  /**
   * Whether the chain goes on with an entry as far as can be told.
   *
   * @param index the entry's
   * @param previous what it states as the hash before it
   */
  isContinuedBy(index: number, previous: string | undefined): boolean {
    return this.#last?.index !== index - 1 || previous === this.#last.hash;
  }

  /** Takes note of an entry about which everything holds. */
  pass(index: number, hash: Uint8Array): void {
    this.#last = { index, hash: encodeHex(hash), provenHash: undefined };
  }

  /** Takes note of an entry that is not there, or not the one that belongs there, by the hash the tree has for it. */
  skip(index: number, provenHash: Uint8Array | undefined): void {
    this.#last = provenHash && { index, hash: encodeHex(provenHash), provenHash: undefined };
  }

  #checkPlace(index: number, path: string, fields: EntryFields): void {
    if (fields.index !== index) {
      const detail = `The entry at index ${index} states ${describe(fields.index)} as its index.`;
      this.#failures.add('entry_index_wrong', { index, path, field: 'audit.ledger.index' }, detail);
    }
    if (fields.origin !== this.#origin) {
      const detail = `Entry ${index} states ${describe(fields.origin)} as its log, which is ${describe(this.#origin)}.`;
      this.#failures.add('origin_mismatch', { index, path, field: 'audit.ledger.origin' }, detail);
    }
  }

  #checkPrevious(index: number, path: string, fields: EntryFields): void {
    const place = { index, path, field: 'audit.ledger.previous' };
    if (index === 0) {
      if (fields.hasPrevious)
        this.#failures.add('previous_mismatch', place, 'The first entry names one before it.');
      return;
    }
    if (this.#last?.index !== index - 1 || fields.previous === this.#last.hash) return;
    const detail =
      fields.previous !== undefined && fields.previous === this.#last.provenHash
        ? `Entry ${index} names the hash that entry ${index - 1} had before it was changed.`
        : `Entry ${index} names ${describe(fields.previous)} as the hash before it, entry ${index - 1} has ${this.#last.hash}.`;
    this.#failures.add('previous_mismatch', place, detail);
  }
}

function describe(value: string | number | undefined): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 200);
}
