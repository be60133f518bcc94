import { type KeyObject, randomBytes } from 'node:crypto';
import type { DraftSession, DraftSubject } from '@spanledger/record';
import type { ReferenceBook } from '../reference-book.ts';
import { THE_SERVICE } from '../own-record.ts';
import { blindKey, type NamedParty } from './named-party.ts';

const REFERENCE_BYTES = 16;

/** References that are found without a hash; two generations of this many. */
const CACHED_NAMES = 65_536;

/** Where references are kept for good. */
export interface StoredReferences {
  /** @param blind - see {@link blindKey} */
  reference(blind: Uint8Array): string | undefined;
  /** Whether a reference is unlinked for good. */
  isErased(reference: string): boolean;
}

/**
 * Draws references and finds them again: by name in a bounded cache, then by blind key among those that are only in
 * the journal yet, then in the vault. A reference is safe without a write of its own, because the journal holds both
 * it and the name; the vault's follower writes it down before the journal's segment goes.
 */
export class References implements ReferenceBook {
  readonly #key: KeyObject;
  readonly #vault: StoredReferences;
  readonly #unsaved: Map<string, string> = new Map();
  /** What was drawn within {@link References.attempt}: names, and keys of {@link References.#unsaved}. */
  #drawn: [name: string, key: string][] | undefined;
  #young: Map<string, string> = new Map();
  #old: Map<string, string> = new Map();
  #generation = 0;

  constructor(key: KeyObject, vault: StoredReferences) {
    this.#key = key;
    this.#vault = vault;
  }

  get generation(): number {
    return this.#generation;
  }

  ofSubject(subject: DraftSubject): string {
    return this.#of('actor', subject.issuer, subject.id);
  }

  ofSession(session: DraftSession): string {
    return this.#of('session', session.issuer, session.id);
  }

  /** The journal holds this reference and the vault may not: at start, for each record that is not re-sealed yet. */
  remember(party: NamedParty, reference: string): void {
    if (this.#vault.isErased(reference)) return;
    const blind = blindKey(this.#key, party);
    if (this.#vault.reference(blind) !== undefined) return;
    const known = blind.toString('base64');
    if (!this.#unsaved.has(known)) this.#unsaved.set(known, reference);
  }

  /** The vault holds these now. */
  forgetSaved(blinds: Iterable<Uint8Array>): void {
    for (const blind of blinds) this.#unsaved.delete(Buffer.from(blind).toString('base64'));
  }

  /** The reference of a party; undefined where it has none yet. None is drawn. */
  find(party: NamedParty): string | undefined {
    const blind = blindKey(this.#key, party);
    return this.#unsaved.get(blind.toString('base64')) ?? this.#vault.reference(blind);
  }

  /** These stand for nobody from now on: whoever had one is met for the first time when they come again. */
  retire(references: Iterable<string>): void {
    this.#generation++;
    const retired = new Set(references);
    for (const known of [this.#unsaved, this.#young, this.#old]) {
      for (const [name, reference] of known) if (retired.has(reference)) known.delete(name);
    }
  }

  attempt<Result>(work: () => Result): Result {
    const drawn: [string, string][] = [];
    this.#drawn = drawn;
    try {
      return work();
    } catch (error) {
      this.#generation++;
      for (const [name, key] of drawn) {
        this.#unsaved.delete(key);
        this.#young.delete(name);
        this.#old.delete(name);
      }
      throw error;
    } finally {
      this.#drawn = undefined;
    }
  }

  isErased(reference: string): boolean {
    return this.#vault.isErased(reference);
  }

  #of(kind: NamedParty['kind'], issuer: string, id: string): string {
    // With its length, so that no name can pass for another by where it is cut.
    const name = `${kind} ${issuer.length} ${issuer}${id}`;
    const cached = this.#young.get(name);
    if (cached !== undefined) return cached;
    const reference = this.#old.get(name) ?? this.#findOrDraw(name, { kind, issuer, id });
    if (this.#young.size >= CACHED_NAMES) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(name, reference);
    return reference;
  }

  #findOrDraw(name: string, party: NamedParty): string {
    const blind = blindKey(this.#key, party);
    if (isNobody(party)) {
      const reference = blind.subarray(0, REFERENCE_BYTES).toString('base64url');
      if (!this.#vault.isErased(reference)) return reference;
    }
    const key = blind.toString('base64');
    const found = this.#unsaved.get(key) ?? this.#vault.reference(blind);
    if (found !== undefined) return found;
    const drawn = randomBytes(REFERENCE_BYTES).toString('base64url');
    this.#unsaved.set(key, drawn);
    this.#drawn?.push([name, key]);
    return drawn;
  }
}

/**
 * The service itself, and who is not known at all. Their records hold no name by which the vault could find the reference
 * again, and it is nobody's secret: it follows from the log's key.
 */
function isNobody({ kind, issuer, id }: NamedParty): boolean {
  return kind === 'actor' && issuer === '' && (id === '' || id === THE_SERVICE.id);
}
