import { LedgerError } from '../errors.ts';
import type { NoteSigner } from '../signer.ts';
import {
  isSameKey,
  isValidAt,
  KEYS_PATH,
  readKeyHistory,
  soleKey,
  type KeyHistory,
  type LogKey,
  type LogKeys,
} from '../verify/key-history.ts';
import { formatNote, parseNote, parseVerificationKey, type NoteVerificationKey } from '../verify/note.ts';

/** The keys of a log that this process holds, and what is stated about all of them. */
export class KeyRing {
  readonly origin: string;
  readonly #signers: NoteSigner[];
  /** A key that is about to be stated: until verifiers know it, its signature means nothing to them. */
  #coming: NoteSigner | undefined;
  #history: KeyHistory;

  /**
   * @param signers all keys that are held, at least one; those that nothing is stated about do not sign
   * @param text what `keys` states; undefined for a log that has had one key only, the first of `signers`
   * @throws LedgerError `keys_invalid` if the statements do not hold, `key_missing` if the newest key is not held,
   *   `key_invalid` if a signer's vkey cannot be read
   */
  constructor(signers: readonly [NoteSigner, ...NoteSigner[]], text: string | undefined) {
    this.origin = signers[0].origin;
    this.#signers = [...signers];
    this.#history = this.#read(text);
  }

  /** Those that are stated, or the only one. */
  get keys(): LogKeys {
    return this.#history.keys;
  }

  /** What is stated, in order. */
  get statements(): KeyHistory['statements'] {
    return this.#history.statements;
  }

  /** The key that was introduced last. */
  get newest(): LogKey {
    const newest = this.keys.keys.at(-1);
    if (newest === undefined) throw new TypeError('a log has a key');
    return newest;
  }

  /**
   * Signs a checkpoint with each key that is held and counts at its size.
   *
   * @param text the checkpoint's note text
   */
  signNote(text: string, size: number): string {
    const signing = this.keys.keys.filter((key) => isValidAt(key, size)).map((key) => this.signerOf(key));
    return signWith([...signing, this.#coming], text);
  }

  /** The signer of a key; undefined if it is not held. */
  signerOf(key: NoteVerificationKey): NoteSigner | undefined {
    return this.#signers.find((signer) => isSameKey(verificationKeyOf(signer), key));
  }

  /** Has a key sign from now on, before it is stated: no checkpoint after the statement may lack its signature. */
  prepare(signer: NoteSigner): void {
    this.#coming = signer;
  }

  /**
   * Takes up what `keys` states now.
   *
   * @throws as the constructor
   */
  update(text: string): void {
    if (this.#coming !== undefined && this.signerOf(verificationKeyOf(this.#coming)) === undefined)
      this.#signers.push(this.#coming);
    this.#history = this.#read(text);
    const coming = this.#coming && verificationKeyOf(this.#coming);
    if (coming !== undefined && this.keys.keys.some((key) => isSameKey(key, coming)))
      this.#coming = undefined;
  }

  #read(text: string | undefined): KeyHistory {
    const keys = this.#signers.map(verificationKeyOf);
    const [first] = keys;
    if (first === undefined) throw new TypeError('a log has a key');
    const isStated = text !== undefined && text !== '';
    if (!isStated) return { keys: soleKey(first), statements: [], problems: [] };
    // Any key that is held can be the one from which the others are reached; one that is not stated yet is no such key.
    const histories = keys.map((key) => readKeyHistory(text, key));
    const history = histories.find(({ problems }) => problems.length === 0) ?? histories[0];
    const problem = history?.problems[0];
    if (history === undefined || problem !== undefined) {
      const place =
        problem?.statement === undefined ? KEYS_PATH : `statement ${problem.statement} of ${KEYS_PATH}`;
      throw new LedgerError('keys_invalid', `${place}: ${problem?.detail ?? 'no key is held'}`, {
        hint: 'Restore the file from a copy, or give the ledger the keys of this log.',
      });
    }
    const newest = history.keys.keys.at(-1);
    if (newest === undefined || this.signerOf(newest) === undefined) {
      throw new LedgerError('key_missing', `the private key of ${newest?.vkey ?? 'the log'} is not held`, {
        hint: 'It signs this log since the last change of its key. Restore it from a backup.',
      });
    }
    return history;
  }
}

/** A note with the signatures of some signers. */
export function signWith(signers: readonly (NoteSigner | undefined)[], text: string): string {
  const signatures = signers.flatMap((signer) => {
    const note = signer === undefined ? undefined : parseNote(signer.signNote(text));
    return note?.ok === true ? note.value.signatures : [];
  });
  return formatNote(text, signatures);
}

/**
 * The key that verifies what a signer signs.
 *
 * @throws LedgerError `key_invalid` if its vkey cannot be read
 */
export function verificationKeyOf(signer: NoteSigner): NoteVerificationKey {
  const key = parseVerificationKey(signer.vkey);
  if (!key.ok) throw new LedgerError('key_invalid', `the signer's vkey cannot be read: ${key.detail}`);
  return key.value;
}
