import { randomBytes } from 'node:crypto';
import type { RecordDraft } from '@spanledger/record';

import { ExporterError } from '../errors.ts';
import type { Asker } from './erasure.ts';
import { holdSchema, type Hold } from './hold.ts';
import { holdRecord } from './privacy-records.ts';
import type { SealedRows } from './sealed-rows.ts';

const ID_BYTES = 6;

/** The most holds that are in force at once; each is asked for before anything is erased. */
export const MAX_HOLDS = 1000;

/** What is to be held. */
export type HoldWish = Pick<Hold, 'kind' | 'query' | 'reason' | 'reference'>;

/** What {@link Holds} works with. */
export interface HoldsOptions {
  rows: SealedRows;
  /** Whether any record matches both. */
  matches: (query: string, reference: string) => Promise<boolean>;
  /** Appends a record of the service's own; resolves once it is durable. */
  append: (draft: RecordDraft) => Promise<void>;
  now: () => number;
}

/** The legal holds of a log. */
export class Holds {
  readonly #options: HoldsOptions;
  readonly #holds: Map<string, Hold>;
  /** What is under way: whether something is held is never asked for beside a hold that is being set. */
  #turn: Promise<unknown> = Promise.resolve();
  #restored: Promise<void> = Promise.resolve();

  /** @throws ExporterError `privacy_state_damaged` */
  constructor(options: HoldsOptions) {
    this.#options = options;
    const stored = options.rows.read('hold ', (value) => holdSchema.safeParse(value).data);
    this.#holds = new Map(stored.map((hold) => [hold.id, hold]));
  }

  /**
   * Takes up holds that the ledger knows of and this does not: they were lost with the database, or came after its backup.
   * Nothing is said of what is held before that is done.
   *
   * @param find - looks them up in the ledger; rejects only when the service stops
   */
  restore(find: () => Promise<readonly Hold[]>): void {
    this.#restored = find().then((found) => {
      for (const hold of found) {
        const known = this.#holds.get(hold.id);
        if (known === undefined || (known.released_at === undefined && hold.released_at !== undefined))
          this.#keep(hold);
      }
    });
    this.#restored.catch(() => undefined);
  }

  /** All of them, those that were released too, the oldest first. */
  async list(): Promise<Hold[]> {
    await this.#restored;
    return this.#sorted();
  }

  #sorted(): Hold[] {
    return [...this.#holds.values()].toSorted((a, b) => (a.set_at < b.set_at ? -1 : 1));
  }

  #active(): Hold[] {
    return this.#sorted().filter((hold) => hold.released_at === undefined);
  }

  /**
   * Sets a hold.
   *
   * @throws ExporterError `erasure_refused` where there are too many
   */
  add(wish: HoldWish, setBy: Asker): Promise<Hold> {
    return this.#inTurn(() => this.#add(wish, setBy));
  }

  async #add(wish: HoldWish, setBy: Asker): Promise<Hold> {
    if (this.#active().length >= MAX_HOLDS) {
      throw new ExporterError('erasure_refused', `there are ${MAX_HOLDS} legal holds already`, {
        hint: 'Release those that are over: spanledger hold list, spanledger hold release.',
      });
    }
    const at = new Date(this.#options.now()).toISOString();
    const hold: Hold = { id: randomBytes(ID_BYTES).toString('hex'), ...wish, set_by: setBy, set_at: at };
    // In force before anybody reads of it.
    this.#keep(hold);
    await this.#options.append(holdRecord(hold, this.#options.now()));
    return hold;
  }

  /** @throws ExporterError `not_found`; `erasure_refused` where it was released before */
  async release(id: string, reason: string, releasedBy: Asker): Promise<Hold> {
    const hold = this.#holds.get(id);
    if (hold === undefined) {
      throw new ExporterError('not_found', `there is no legal hold ${id}`, {
        hint: 'List them with: spanledger hold list',
      });
    }
    if (hold.released_at !== undefined) {
      throw new ExporterError('erasure_refused', `the legal hold ${id} was released at ${hold.released_at}`);
    }
    const at = new Date(this.#options.now()).toISOString();
    const released: Hold = { ...hold, released_by: releasedBy, released_at: at };
    await this.#options.append(holdRecord({ ...released, reason }, this.#options.now()));
    this.#keep(released);
    return released;
  }

  /**
   * Does something to a subject unless it is held, and lets no hold be set meanwhile.
   *
   * @param reference - `audit.actor.id`
   * @throws ExporterError `legal_hold`, naming the holds
   */
  unlessHeld<T>(reference: string, run: () => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      const holds = await this.#covering(reference);
      if (holds.length === 0) return await run();
      const names = holds.map(({ id, kind }) => `${id} (${kind})`).join(', ');
      throw new ExporterError('legal_hold', `the subject is under legal hold: ${names}`, {
        hint: 'spanledger hold list says why; nothing is erased before it is released.',
      });
    });
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(run);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #covering(reference: string): Promise<Hold[]> {
    await this.#restored;
    const covering: Hold[] = [];
    for (const hold of this.#active()) {
      const isOwn = hold.kind === 'subject' && hold.reference === reference;
      if (isOwn || (await this.#options.matches(hold.query, reference))) covering.push(hold);
    }
    return covering;
  }

  #keep(hold: Hold): void {
    this.#options.rows.write(`hold ${hold.id}`, hold);
    this.#holds.set(hold.id, hold);
  }
}
