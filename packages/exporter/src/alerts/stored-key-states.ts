import type { DatabaseSync, StatementSync } from 'node:sqlite';

import type { KeyState, KeyStates } from './key-state.ts';

/** The table of what rules keep of their keys. */
export const KEY_STATES_SCHEMA = `
  CREATE TABLE key_states (
    rule TEXT NOT NULL, key TEXT NOT NULL, state TEXT NOT NULL, expires REAL NOT NULL, awaits REAL,
    PRIMARY KEY (rule, key)
  ) WITHOUT ROWID;
  CREATE INDEX key_states_by_expiry ON key_states (expires);
  CREATE INDEX key_states_awaiting ON key_states (awaits) WHERE awaits IS NOT NULL;
`;

/** Expired states are removed each time that so much time has passed by the records. */
const PURGE_EVERY_MS = 60_000;

interface Cached {
  rule: string;
  key: string;
  /** Undefined: there is none. */
  state: KeyState | undefined;
  expiresMs: number;
  isDirty: boolean;
}

/** The states of keys in a database, the ones that were used last in memory. */
export class StoredKeyStates implements KeyStates {
  readonly #database: DatabaseSync;
  readonly #maxKeys: number;
  readonly #nowMs: () => number;
  readonly #select: StatementSync;
  readonly #write: StatementSync;
  /** The one that was used last is the last. */
  readonly #cache: Map<string, Cached> = new Map();
  #purgedMs = 0;
  /** True while nothing is in the database that is not in memory: then nothing is looked for there. */
  #isComplete: boolean;

  /**
   * @param database - with the table of {@link KEY_STATES_SCHEMA}
   * @param maxKeys - the most states in memory between batches
   * @param nowMs - the time by the records
   */
  constructor(database: DatabaseSync, maxKeys: number, nowMs: () => number) {
    this.#database = database;
    this.#maxKeys = maxKeys;
    this.#nowMs = nowMs;
    this.#isComplete = database.prepare('SELECT 1 FROM key_states LIMIT 1').get() === undefined;
    this.#select = database.prepare('SELECT state, expires FROM key_states WHERE rule = ? AND key = ?');
    this.#write = database.prepare(
      'INSERT OR REPLACE INTO key_states (rule, key, state, expires, awaits) VALUES (?, ?, ?, ?, ?)',
    );
  }

  /** How many are in memory. */
  get size(): number {
    return this.#cache.size;
  }

  get(rule: string, key: string): KeyState | undefined {
    const name = nameOf(rule, key);
    let cached = this.#cache.get(name);
    if (cached === undefined && this.#isComplete) return undefined;
    if (cached === undefined) {
      cached = this.#read(rule, key);
      this.#cache.set(name, cached);
    } else {
      this.#touch(name, cached);
    }
    return cached.expiresMs < this.#nowMs() ? undefined : cached.state;
  }

  set(rule: string, key: string, state: KeyState, expiresMs: number): void {
    const name = nameOf(rule, key);
    const cached = this.#cache.get(name);
    if (cached === undefined) {
      this.#cache.set(name, { rule, key, state, expiresMs, isDirty: true });
      return;
    }
    cached.state = state;
    cached.expiresMs = expiresMs;
    cached.isDirty = true;
    this.#touch(name, cached);
  }

  awaiting(untilMs: (rule: string) => number): { rule: string; key: string; state: KeyState }[] {
    const due: { rule: string; key: string; state: KeyState; sinceMs: number }[] = [];
    const add = ({ rule, key, state }: Cached): void => {
      const sinceMs = state?.awaits?.sinceMs;
      if (state !== undefined && sinceMs !== undefined && sinceMs <= untilMs(rule)) {
        due.push({ rule, key, state, sinceMs });
      }
    };
    for (const cached of this.#cache.values()) add(cached);
    const rows = this.#database.prepare('SELECT rule, key FROM key_states WHERE awaits IS NOT NULL').all();
    for (const row of rows) {
      const [rule, key] = [String(row['rule']), String(row['key'])];
      if (!this.#cache.has(nameOf(rule, key))) add(this.#read(rule, key));
    }
    return due.toSorted((a, b) => a.sinceMs - b.sinceMs || (a.key < b.key ? -1 : 1));
  }

  /** Within the follower's transaction: writes what has changed. */
  flush(): void {
    for (const cached of this.#cache.values()) {
      if (!cached.isDirty || cached.state === undefined) continue;
      const { rule, key, state, expiresMs } = cached;
      this.#write.run(rule, key, JSON.stringify(state), expiresMs, state.awaits?.sinceMs ?? null);
      cached.isDirty = false;
    }
    if (this.#nowMs() - this.#purgedMs < PURGE_EVERY_MS) return;
    this.#purgedMs = this.#nowMs();
    this.#database.prepare('DELETE FROM key_states WHERE expires < ?').run(this.#purgedMs);
  }

  /** After the transaction: lets go of what was not used for longest. */
  evict(): void {
    for (const name of this.#cache.keys()) {
      if (this.#cache.size <= this.#maxKeys) return;
      this.#cache.delete(name);
      this.#isComplete = false;
    }
  }

  /** The transaction was undone: what is in memory is not what is stored. */
  forget(): void {
    this.#cache.clear();
    this.#isComplete = false;
  }

  /** Makes it the last; while there is room for twice as many nothing is let go of, and the order is no matter. */
  #touch(name: string, cached: Cached): void {
    if (this.#cache.size * 2 < this.#maxKeys) return;
    this.#cache.delete(name);
    this.#cache.set(name, cached);
  }

  #read(rule: string, key: string): Cached {
    const row = this.#select.get(rule, key);
    if (row === undefined) return { rule, key, state: undefined, expiresMs: Infinity, isDirty: false };
    // Written by this class alone.
    const state: KeyState = JSON.parse(String(row['state']));
    return { rule, key, state, expiresMs: Number(row['expires']), isDirty: false };
  }
}

function nameOf(rule: string, key: string): string {
  return `${rule} ${key}`;
}
