import { setTimeout as delay } from 'node:timers/promises';
import type { JsonObject } from '@spanledger/record';
import { z } from 'zod';
import { readStateFile, writeStateFile } from '../../state-file.ts';
import { BackOff } from './back-off.ts';

/** Sessions that one request writes. */
const MAX_BATCH = 500;

/** Changed sessions that are remembered; of more it is known since when, and they are looked for. */
const MAX_CHANGED = 100_000;

/** How long changes are gathered: a session in use changes with each record. */
const INTERVAL_MS = 10_000;

/** A session that changed, and where. */
export interface ChangedSession {
  /** `audit.session.id`. */
  reference: string;
  /** Ledger index of the last record that changed it. */
  index: number;
}

/** The index that they are copied to. */
export interface SessionIndex {
  /** What it is told by: another one has to be filled from the beginning. */
  identify: (signal: AbortSignal) => Promise<string>;
  /** Writes documents, by `audit.session.id`, in place of what was there. */
  write: (documents: ReadonlyMap<string, JsonObject>, signal: AbortSignal) => Promise<void>;
}

/** What copying sessions takes. */
export interface SessionCopierOptions {
  target: SessionIndex;
  /** Keeps how far the copies are. */
  stateFile: string;
  /** Sessions that records from a ledger index on changed, in the order of these. */
  changedSince: (from: number, limit: number) => ChangedSession[];
  /** Their documents; nothing for those that are not there any more. */
  read: (references: readonly string[]) => Promise<ReadonlyMap<string, JsonObject>>;
  /** The first ledger index that the sessions have not taken in. */
  position: () => number;
  /** Told once when it does not go on, and why. */
  onTrouble: (error: unknown) => void;
  /** How long changes are gathered; default 10 seconds. */
  intervalMs?: number;
}

/** How far the copies of an index are. */
interface CopierState {
  /** Of the {@link SessionIndex}. */
  identity: string;
  position: number;
}

const storedState: z.ZodType<CopierState> = z.strictObject({
  identity: z.string(),
  position: z.int().nonnegative(),
});

/**
 * Keeps a document of each session in an index of Elasticsearch, as the session is now. It is for looking at: what
 * proves anything are the records. Elasticsearch need not be up, and what it misses is written when it is again.
 */
export class SessionCopier {
  readonly #options: SessionCopierOptions;
  readonly #changed: Set<string> = new Set();
  readonly #stop: AbortController = new AbortController();
  readonly #backOff: BackOff = new BackOff();
  #hasMissed = false;
  #state: CopierState | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #running: Promise<void> | undefined;

  constructor(options: SessionCopierOptions) {
    this.#options = options;
  }

  /** These sessions are other than they were. */
  mark(references: Iterable<string>): void {
    for (const reference of references) {
      if (this.#changed.size < MAX_CHANGED || this.#changed.has(reference)) this.#changed.add(reference);
      else this.#hasMissed = true;
    }
  }

  /** Copies these sessions, with all others that have changed, before it resolves. */
  async renew(references: readonly string[]): Promise<void> {
    if (references.length === 0) return;
    this.mark(references);
    await this.alone(() => this.#copy());
  }

  /** Copies until {@link SessionCopier.close}. */
  start(): void {
    this.#running = this.#run();
  }

  /** While this work lasts no session is read or written. */
  async alone<Done>(work: () => Promise<Done>): Promise<Done> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return await done;
  }

  /** Ends; what is not copied is by the next run. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const { intervalMs = INTERVAL_MS, onTrouble } = this.#options;
    while (!signal.aborted) {
      let pauseMs = intervalMs;
      try {
        await this.alone(() => this.#copy());
        this.#backOff.reset();
      } catch (error) {
        if (signal.aborted) return;
        if (this.#backOff.failures === 0) onTrouble(error);
        pauseMs = this.#backOff.next(intervalMs);
      }
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #copy(): Promise<void> {
    this.#state ??= await this.#findState();
    while (this.#changed.size > 0 || this.#hasMissed) {
      if (this.#changed.size === 0) this.#lookForMissed();
      const batch = this.#takeBatch();
      // Marked with whatever is committed: once nothing is left, all before this position is copied.
      const position = this.#changed.size === 0 && !this.#hasMissed ? this.#options.position() : undefined;
      try {
        await this.#write(batch);
      } catch (error) {
        this.mark(batch);
        this.#state = undefined;
        throw error;
      }
      if (position !== undefined) await this.#keep(position);
    }
  }

  #takeBatch(): string[] {
    const batch: string[] = [];
    for (const reference of this.#changed) {
      if (batch.length === MAX_BATCH) break;
      batch.push(reference);
      this.#changed.delete(reference);
    }
    return batch;
  }

  /** Sessions too many to be remembered, or of an earlier run. */
  #lookForMissed(): void {
    const state = this.#state;
    if (state === undefined) return;
    const found = this.#options.changedSince(state.position, MAX_CHANGED);
    this.#hasMissed = found.length === MAX_CHANGED;
    for (const { reference } of found) this.#changed.add(reference);
    const last = found.at(-1);
    if (this.#hasMissed && last !== undefined) state.position = last.index;
  }

  async #write(references: readonly string[]): Promise<void> {
    const { target, read } = this.#options;
    const documents = await read(references);
    if (documents.size > 0) await target.write(documents, this.#stop.signal);
  }

  async #keep(position: number): Promise<void> {
    if (this.#state === undefined) return;
    this.#state.position = position;
    await writeStateFile(this.#options.stateFile, `${JSON.stringify(this.#state)}\n`);
  }

  /** Where an earlier run was; in another index from the beginning. */
  async #findState(): Promise<CopierState> {
    const { target, stateFile } = this.#options;
    const identity = await target.identify(this.#stop.signal);
    const text = await readStateFile(stateFile);
    const stored = text === undefined ? undefined : storedState.safeParse(parseJson(text)).data;
    this.#hasMissed = true;
    return { identity, position: stored?.identity === identity ? stored.position : 0 };
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
