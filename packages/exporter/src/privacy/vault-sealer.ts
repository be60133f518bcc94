import type { KeyObject } from 'node:crypto';
import type { JournalGroup } from '@spanledger/ledger';
import { actorOf, blindKey, type NamedParty, sessionOf } from './named-party.ts';
import { parseOwnOpenings } from './own-openings.ts';
import { readOwner, type RecordOwner } from './record-owner.ts';
import type { ScopeKey } from './scope-keys.ts';
import type { OpeningEntry } from './sealed-openings.ts';
import { parseSealedRecord } from './sealed-record.ts';
import type { Vault } from './vault.ts';

/** JCS of no openings. */
const NO_OPENINGS_BYTES = 2;

/** Scopes whose keys are kept at hand; all are dropped when there are more. */
const MAX_CACHED_SCOPES = 65_536;

/**
 * Entries, and bytes of openings, that are gathered by scope before they are sealed: the more, the fewer boxes. Who reads
 * so many entries opens each of their boxes once.
 */
const MAX_GATHERED_ENTRIES = 8192;
const MAX_GATHERED_BYTES = 16_777_216;

/** Scopes that are sealed before others have their turn. */
const SCOPES_PER_TURN = 128;

/**
 * Moves the openings of journal groups into the vault, within a transaction of its caller: groups them by scope, draws keys
 * for new scopes, and notes the references of subjects and sessions.
 */
export class VaultSealer {
  readonly #vault: Vault;
  readonly #referenceKey: KeyObject;
  readonly #scopes: Map<string, ScopeKey> = new Map();
  readonly #knownReferences: Set<string> = new Set();
  readonly #erased: Set<string>;
  #waiting: Map<string, OpeningEntry[]> = new Map();
  #waitingEntries = 0;
  #waitingBytes = 0;

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

  /** Whether nothing is sealed under a reference any more. */
  isErased(reference: string): boolean {
    return this.#erased.has(reference);
  }

  /** Whether so much is waiting that it is to be sealed: {@link VaultSealer.flush}. */
  get isFull(): boolean {
    return this.#waitingEntries >= MAX_GATHERED_ENTRIES || this.#waitingBytes >= MAX_GATHERED_BYTES;
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
      const owner = readOwner(entry) ?? parseOwner(entry);
      // What is erased stays erased, also what was on its way meanwhile.
      if (this.#erased.has(owner.actor.id)) continue;
      const scope = scopeOf(owner);
      if (!this.#isKnown(owner)) learned.push(...this.#noteReferences(entry, openings, scope));
      if (openings.length <= NO_OPENINGS_BYTES) continue;
      this.#wait(scope, [group.first + i, openings]);
    }
    return learned;
  }

  /** Seals what is waiting; each turn seals some of it. */
  *flush(): Generator<void> {
    const waiting = [...this.#waiting];
    this.#waiting = new Map();
    this.#waitingEntries = 0;
    this.#waitingBytes = 0;
    for (let at = 0; at < waiting.length; at += SCOPES_PER_TURN) {
      const some = waiting.slice(at, at + SCOPES_PER_TURN);
      this.#vault.putOpenings(some.map(([scope, entries]) => ({ owner: this.#scopeKey(scope), entries })));
      yield;
    }
  }

  /** The transaction was undone: keys and references that it made are not there. */
  forget(): void {
    this.#scopes.clear();
    this.#knownReferences.clear();
    this.#waiting = new Map();
    this.#waitingEntries = 0;
    this.#waitingBytes = 0;
  }

  #wait(scope: string, entry: OpeningEntry): void {
    const waiting = this.#waiting.get(scope);
    if (waiting === undefined) this.#waiting.set(scope, [entry]);
    else waiting.push(entry);
    this.#waitingEntries++;
    this.#waitingBytes += entry[1].length;
  }

  #isKnown({ actor, sessionRef }: RecordOwner): boolean {
    const known = this.#knownReferences;
    return known.has(actor.id) && (sessionRef === '' || known.has(sessionRef));
  }

  #noteReferences(entry: Uint8Array, openings: Uint8Array, scope: string): Uint8Array[] {
    const known = this.#knownReferences;
    const record = parseSealedRecord(entry);
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
    note(actorOf(record, opened), record.actor.id);
    note(sessionOf(record, opened), record.sessionRef);
    return learned;
  }

  #scopeKey(scope: string): ScopeKey {
    const known = this.#scopes.get(scope);
    if (known !== undefined) return known;
    if (this.#scopes.size >= MAX_CACHED_SCOPES) this.#scopes.clear();
    const key = this.#vault.scopeKey(scope);
    this.#scopes.set(scope, key);
    return key;
  }
}

function parseOwner(entry: Uint8Array): RecordOwner {
  const { timestamp, actor, sessionRef } = parseSealedRecord(entry);
  return { day: timestamp.slice(0, 'yyyy-mm-dd'.length), actor, sessionRef };
}

/** Whose key seals a record's openings: its subject's, or, where there is none, the service's of that day. */
function scopeOf({ actor, day }: RecordOwner): string {
  return actor.type === 'system' ? `${actor.id}/${day}` : actor.id;
}
