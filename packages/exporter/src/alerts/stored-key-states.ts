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

// An update leaves alone the index of what does not change, which a replacement would write anew.
const WRITE = `INSERT INTO key_states (rule, key, state, expires, awaits) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET state = excluded.state, expires = excluded.expires, awaits = excluded.awaits`;

/** Expired states are removed each time that so much time has passed by the records. */
const PURGE_EVERY_MS = 60_000;

interface Cached {
  rule: string;
  key: string;
  /** Undefined: there is none. */
  state: KeyState | undefined;
  expiresMs: number;
}

/** The states of keys in a database, the ones that were used last in memory. */
export class StoredKeyStates implements KeyStates {
  readonly #database: DatabaseSync;
  readonly #maxKeys: number;
  readonly #nowMs: () => number;
  readonly #select: StatementSync;
  readonly #write: StatementSync;
  /** By rule and key; of each rule the one that was used last is the last. */
  readonly #cache: Map<string, Map<string, Cached>> = new Map();
  /** Those that are to be written. */
  readonly #changed: Set<Cached> = new Set();
  /** Those in memory that await something. */
  readonly #awaiting: Set<Cached> = new Set();
  #size = 0;
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
    this.#write = database.prepare(WRITE);
  }

  /** How many are in memory. */
  get size(): number {
    return this.#size;
  }

  /** How many of them are to be written. */
  get changed(): number {
    return this.#changed.size;
  }

  get(rule: string, key: string): KeyState | undefined {
    const keys = this.#keysOf(rule);
    let cached = keys.get(key);
    if (cached === undefined && this.#isComplete) return undefined;
    if (cached === undefined) {
      cached = this.#read(rule, key);
      this.#put(keys, cached);
    } else {
      this.#touch(keys, cached);
    }
    return cached.expiresMs < this.#nowMs() ? undefined : cached.state;
  }

  set(rule: string, key: string, state: KeyState, expiresMs: number): void {
    const keys = this.#keysOf(rule);
    let cached = keys.get(key);
    if (cached === undefined) {
      cached = { rule, key, state, expiresMs };
      this.#put(keys, cached);
    } else {
      cached.state = state;
      cached.expiresMs = expiresMs;
      this.#touch(keys, cached);
    }
    this.#changed.add(cached);
    this.#noteAwaiting(cached);
  }

  awaiting(untilMs: (rule: string) => number): { rule: string; key: string; state: KeyState }[] {
    const due: { rule: string; key: string; state: KeyState; sinceMs: number }[] = [];
    const add = ({ rule, key, state }: Cached): void => {
      const sinceMs = state?.awaits?.sinceMs;
      if (state !== undefined && sinceMs !== undefined && sinceMs <= untilMs(rule)) {
        due.push({ rule, key, state, sinceMs });
      }
    };
    for (const cached of this.#awaiting) add(cached);
    if (!this.#isComplete) {
      const rows = this.#database.prepare('SELECT rule, key FROM key_states WHERE awaits IS NOT NULL').all();
      for (const row of rows) {
        const [rule, key] = [String(row['rule']), String(row['key'])];
        if (this.#cache.get(rule)?.has(key) !== true) add(this.#read(rule, key));
      }
    }
    return due.toSorted((a, b) => a.sinceMs - b.sinceMs || (a.key < b.key ? -1 : 1));
  }

  /** Within the follower's transaction: writes what has changed. */
  flush(): void {
    for (const { rule, key, state, expiresMs } of this.#changed) {
      if (state === undefined) continue;
      this.#write.run(rule, key, JSON.stringify(state), expiresMs, state.awaits?.sinceMs ?? null);
    }
    this.#changed.clear();
    if (this.#nowMs() - this.#purgedMs < PURGE_EVERY_MS) return;
    this.#purgedMs = this.#nowMs();
    this.#database.prepare('DELETE FROM key_states WHERE expires < ?').run(this.#purgedMs);
  }

  /** After the transaction: lets go of what was not used for longest, of each rule's as large a part. */
  evict(): void {
    const excess = this.#size - this.#maxKeys;
    if (excess <= 0) return;
    const share = excess / this.#size;
    for (const keys of this.#cache.values()) {
      let left = Math.ceil(keys.size * share);
      for (const cached of keys.values()) {
        if (left-- <= 0) break;
        keys.delete(cached.key);
        this.#awaiting.delete(cached);
        this.#size--;
      }
    }
    this.#isComplete = false;
  }

  /** The transaction was undone: what is in memory is not what is stored. */
  forget(): void {
    this.#cache.clear();
    this.#changed.clear();
    this.#awaiting.clear();
    this.#size = 0;
    this.#isComplete = false;
  }

  #keysOf(rule: string): Map<string, Cached> {
    const known = this.#cache.get(rule);
    if (known !== undefined) return known;
    const keys = new Map<string, Cached>();
    this.#cache.set(rule, keys);
    return keys;
  }

  #put(keys: Map<string, Cached>, cached: Cached): void {
    keys.set(cached.key, cached);
    this.#size++;
    this.#noteAwaiting(cached);
  }

  #noteAwaiting(cached: Cached): void {
    if (cached.state?.awaits !== undefined) this.#awaiting.add(cached);
    else if (this.#awaiting.size > 0) this.#awaiting.delete(cached);
  }

  /** Makes it the last; while there is room for twice as many nothing is let go of, and the order is no matter. */
  #touch(keys: Map<string, Cached>, cached: Cached): void {
    if (this.#size * 2 < this.#maxKeys) return;
    keys.delete(cached.key);
    keys.set(cached.key, cached);
  }

  #read(rule: string, key: string): Cached {
    const row = this.#select.get(rule, key);
    if (row === undefined) return { rule, key, state: undefined, expiresMs: Infinity };
    // Written by this class alone.
    const state: KeyState = JSON.parse(String(row['state']));
    return { rule, key, state, expiresMs: Number(row['expires']) };
  }
}
