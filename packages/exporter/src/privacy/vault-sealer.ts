import type { KeyObject } from 'node:crypto';
import type { JournalGroup } from '@spanledger/ledger';
import { actorOf, blindKey, type NamedParty, sessionOf } from './named-party.ts';
import { parseOwnOpenings } from './own-openings.ts';
import { parseSealedRecord, type SealedRecord } from './sealed-record.ts';
import { chunkOf, type SubjectKey, type Vault } from './vault.ts';

/** JCS of no openings. */
const NO_OPENINGS_BYTES = 2;

/** Scopes whose keys are kept at hand; all are dropped when there are more. */
const MAX_CACHED_SCOPES = 10_000;

/**
 * Moves the openings of journal groups into the vault, within a transaction of its caller: groups them by scope and
 * chunk, draws keys for new scopes, and notes the references of subjects and sessions.
 */
export class VaultSealer {
  readonly #vault: Vault;
  readonly #referenceKey: KeyObject;
  readonly #scopes: Map<string, SubjectKey> = new Map();
  readonly #knownReferences: Set<string> = new Set();
  readonly #erased: Set<string>;
  #chunk = -1;
  #waiting: Map<string, [index: number, openings: Uint8Array][]> = new Map();

  constructor(vault: Vault, referenceKey: KeyObject) {
    this.#vault = vault;
    this.#referenceKey = referenceKey;
    this.#erased = new Set(vault.erasedReferences());
  }

  /** Nothing is sealed under these references any more: they were erased, between two segments. */
  retire(references: Iterable<string>): void {
    for (const reference of references) {
      this.#erased.add(reference);
      this.#scopes.delete(reference);
      this.#knownReferences.delete(reference);
    }
  }

  /**
   * Takes in a group.
   *
   * @returns the blind keys of the references that the vault learned
   */
  add(group: JournalGroup): Uint8Array[] {
    const learned: Uint8Array[] = [];
    for (const [i, entry] of group.entries.entries()) {
      const openings = group.openings[i];
      if (openings === undefined) continue;
      const index = group.first + i;
      if (chunkOf(index) !== this.#chunk) this.flush();
      this.#chunk = chunkOf(index);
      const record = parseSealedRecord(entry);
      // What is erased stays erased, also what was on its way meanwhile.
      if (this.#erased.has(record.actor.id)) continue;
      const scope = scopeOf(record);
      learned.push(...this.#noteReferences(record, openings, scope));
      if (openings.length <= NO_OPENINGS_BYTES) continue;
      const waiting = this.#waiting.get(scope);
      if (waiting === undefined) this.#waiting.set(scope, [[index, openings]]);
      else waiting.push([index, openings]);
    }
    return learned;
  }

  /** Seals what is waiting for its chunk to be complete. */
  flush(): void {
    for (const [scope, entries] of this.#waiting) this.#vault.putOpenings(this.#scopeKey(scope), entries);
    this.#waiting = new Map();
  }

  /** The transaction was undone: keys and references that it made are not there. */
  forget(): void {
    this.#scopes.clear();
    this.#knownReferences.clear();
    this.#waiting = new Map();
    this.#chunk = -1;
  }

  #noteReferences(record: SealedRecord, openings: Uint8Array, scope: string): Uint8Array[] {
    const { actor, sessionRef } = record;
    const known = this.#knownReferences;
    if (known.has(actor.id) && (sessionRef === '' || known.has(sessionRef))) return [];
    const opened = parseOwnOpenings(openings);
    const learned: Uint8Array[] = [];
    const note = (party: NamedParty | undefined, reference: string): void => {
      if (party === undefined || known.has(reference) || this.#erased.has(reference)) return;
      const blind = blindKey(this.#referenceKey, party);
      this.#vault.putReference(blind, reference, this.#scopeKey(scope).id);
      if (known.size >= MAX_CACHED_SCOPES) known.clear();
      known.add(reference);
      learned.push(blind);
    };
    note(actorOf(record, opened), actor.id);
    note(sessionOf(record, opened), sessionRef);
    return learned;
  }

  #scopeKey(scope: string): SubjectKey {
    const known = this.#scopes.get(scope);
    if (known !== undefined) return known;
    if (this.#scopes.size >= MAX_CACHED_SCOPES) this.#scopes.clear();
    const key = this.#vault.subjectKey(scope);
    this.#scopes.set(scope, key);
    return key;
  }
}

/** Whose key seals a record's openings: its subject's, or, where there is none, the service's of that day. */
function scopeOf(record: SealedRecord): string {
  const { actor, timestamp } = record;
  return actor.type === 'system' ? `${actor.id}/${timestamp.slice(0, 'yyyy-mm-dd'.length)}` : actor.id;
}
