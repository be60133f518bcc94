import { unanchored, witnessed, type Assurance, type WitnessStatement } from './assurance.ts';
import { verifyCosignatures } from './cosignature.ts';
import { equalBytes } from './encoding.ts';
import type { FailureList, FindingPlace } from './failures.ts';
import {
  formatNote,
  parseNote,
  parseVerificationKey,
  type NoteVerificationKey,
  type SignedNote,
} from './note.ts';

/** The most witnesses that one verification knows. */
export const MAX_KNOWN_WITNESSES = 100;

/** Whom a verification believes, besides the log's own key. */
export interface WitnessPolicy {
  /** Verification keys of witnesses: vkeys of type 0x04. */
  witnesses?: readonly string[];
  /**
   * How many of them must have signed the checkpoint. If not given: more than half, the fewest of which two
   * contradicting logs would need one in common. 0: it is stated who signed, and nobody has to.
   */
  quorum?: number;
}

/** A note that was found in the log, and where. */
interface SeenNote {
  note: SignedNote;
  size: number;
  place: FindingPlace;
}

/** A {@link SeenNote} of a witness, to be kept. */
export interface SeenState {
  /** The witness's name and key ID. */
  key: string;
  note: string;
  size: number;
  place: FindingPlace;
}

/** The witnesses that a verification knows, and what each of them signed. */
export class KnownWitnesses {
  readonly #failures: FailureList;
  readonly #keys: NoteVerificationKey[] = [];
  readonly #quorum: number;
  /** By witness, the largest note with a line of it whose root is the log's; not verified yet. */
  readonly #seen = new Map<NoteVerificationKey, SeenNote>();

  /**
   * @param logKeys the log's own: it cannot vouch for itself
   * @throws TypeError if the quorum is not a number from 0 to that of the witnesses
   */
  constructor(policy: WitnessPolicy, logKeys: readonly NoteVerificationKey[], failures: FailureList) {
    const { witnesses = [] } = policy;
    this.#failures = failures;
    this.#quorum = policy.quorum ?? (witnesses.length === 0 ? 0 : Math.floor(witnesses.length / 2) + 1);
    if (!Number.isInteger(this.#quorum) || this.#quorum < 0 || this.#quorum > witnesses.length) {
      throw new TypeError(`a quorum of ${this.#quorum} among ${witnesses.length} witnesses`);
    }
    for (const [i, vkey] of witnesses.slice(0, MAX_KNOWN_WITNESSES).entries())
      this.#add(vkey, i + 1, logKeys);
    if (witnesses.length > MAX_KNOWN_WITNESSES) {
      this.#refuse(MAX_KNOWN_WITNESSES + 1, `at most ${MAX_KNOWN_WITNESSES} can be given`);
    }
  }

  /**
   * Takes note of a checkpoint whose root is the log's at its size. To be called with what the log is held against,
   * and with each of its history; only the last line of each witness is verified.
   */
  see(note: SignedNote, size: number, place: FindingPlace): void {
    for (const key of this.#keys) {
      if ((this.#seen.get(key)?.size ?? -1) > size) continue;
      if (note.signatures.some(({ name, keyId }) => name === key.name && keyId === key.keyId)) {
        this.#seen.set(key, { note, size, place });
      }
    }
  }

  /** What was noted of each witness, to be taken up by {@link restore}. */
  save(): SeenState[] {
    return [...this.#seen].map(([{ name, keyId }, { note, size, place }]) => ({
      key: `${name}+${keyId}`,
      note: formatNote(note.text, note.signatures),
      size,
      place,
    }));
  }

  /** Takes up what was noted; to be called before anything is seen. */
  restore(seen: readonly SeenState[]): void {
    for (const { key: wanted, note, size, place } of seen) {
      const parsedNote = parseNote(note);
      const key = this.#keys.find(({ name, keyId }) => `${name}+${keyId}` === wanted);
      if (parsedNote.ok && key !== undefined) this.#seen.set(key, { note: parsedNote.value, size, place });
    }
  }

  /**
   * Verifies what the witnesses signed, and reports what is wrong with it.
   *
   * @param size the log's; undefined if it has no checkpoint that can be read
   */
  assess(size: number | undefined): Assurance {
    const statements = this.#keys.map((key) => this.#verify(key));
    if (statements.length === 0) return unanchored();
    const current = statements.filter((statement) => size !== undefined && (statement.size ?? -1) >= size);
    if (size !== undefined && current.length < this.#quorum) {
      const detail =
        `The checkpoint of size ${size} is signed by ${current.length} of ${statements.length} known witnesses; ` +
        `${this.#quorum} are demanded.`;
      this.#failures.add('quorum_missing', { path: 'checkpoint' }, detail);
    }
    return size === undefined
      ? { ...unanchored(), signed: 0, of: statements.length }
      : witnessed(statements, { quorum: this.#quorum, size });
  }

  #add(vkey: string, number: number, logKeys: readonly NoteVerificationKey[]): void {
    const key = parseVerificationKey(vkey, 'cosignature');
    if (!key.ok) this.#refuse(number, key.detail);
    else if (logKeys.some(({ publicKey }) => equalBytes(key.value.publicKey, publicKey))) {
      this.#refuse(number, "it is the log's own key");
    } else if (this.#keys.some(({ publicKey }) => equalBytes(publicKey, key.value.publicKey))) {
      this.#refuse(number, 'it is given twice');
    } else {
      this.#keys.push(key.value);
    }
  }

  #refuse(number: number, detail: string): void {
    this.#failures.add('witness_key_malformed', {}, `Witness ${number}: its key cannot be used: ${detail}.`);
  }

  #verify(key: NoteVerificationKey): WitnessStatement {
    const seen = this.#seen.get(key);
    if (seen === undefined) return { name: key.name };
    const { verified, invalid } = verifyCosignatures(seen.note, [key]);
    if (invalid.length > 0) {
      const detail = `The cosignature by ${key.name} is not one over this checkpoint (size ${seen.size}).`;
      this.#failures.add('cosignature_invalid', seen.place, detail);
      return { name: key.name };
    }
    return { name: key.name, size: seen.size, timeS: Math.max(...verified.map(({ timeS }) => timeS)) };
  }
}
