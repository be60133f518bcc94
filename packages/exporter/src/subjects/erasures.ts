import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { RecordDraft } from '@spanledger/record';
import type { Logger } from 'pino';

import { ExporterError } from '../errors.ts';
import { erasureSchema, type Asker, type ErasedCounts, type Erasure } from './erasure.ts';
import type { Holds } from './holds.ts';
import { erasureRecord, erasureRecordId } from './privacy-records.ts';
import type { SealedRows } from './sealed-rows.ts';

const ID_BYTES = 6;

/** After a failure an erasure waits before it goes on. */
const RETRY_MS = 2000;

/** The most erasures that may wait for an approval. */
const MAX_WAITING = 1000;

/** What an erasure knows before it begins. */
export interface PlannedErasure {
  reference: string;
  names: NonNullable<Erasure['names']>;
  mentions: number[];
}

/** What {@link Erasures} works with. */
export interface ErasuresOptions {
  rows: SealedRows;
  holds: Pick<Holds, 'unlessHeld'>;
  /** Whether a subject's key is destroyed: from then on no hold keeps anything. */
  isDestroyed: (reference: string) => boolean;
  /** Destroys it. */
  destroyKey: (reference: string) => Promise<void>;
  /** Whether one asks and another, of another role, approves. */
  fourEyes: boolean;
  /** Says what a subject is called; for as long as its key is there. */
  gather: (reference: string) => Promise<NonNullable<Erasure['names']>>;
  /** Then erases everything of a subject, up to what is to be recorded of it; can be done again from the beginning. */
  erase: (
    erasure: PlannedErasure,
    /** Keeps which records name the subject, before nobody can tell any more. */
    keepMentions: (indexes: number[]) => void,
  ) => Promise<{ before: number; counts: ErasedCounts }>;
  append: (draft: RecordDraft) => Promise<void>;
  /** Whether the ledger has a record of the service's own; all that is durable is looked at. */
  isRecorded: (recordId: string) => Promise<boolean>;
  log: Pick<Logger, 'info' | 'warn' | 'error'>;
  now: () => number;
}

/**
 * The erasures of a log: who asked, who approved, how far each is. What was approved is done, however often the process
 * ends meanwhile: every step can be done again.
 */
export class Erasures {
  readonly #options: ErasuresOptions;
  readonly #erasures: Map<string, Erasure>;
  readonly #stop: AbortController = new AbortController();
  #work: Promise<void> = Promise.resolve();

  /** @throws ExporterError `privacy_state_damaged` */
  constructor(options: ErasuresOptions) {
    this.#options = options;
    const stored = options.rows.read('erasure ', (value) => erasureSchema.safeParse(value).data);
    this.#erasures = new Map(stored.map((erasure) => [erasure.id, erasure]));
  }

  /** Goes on with what was approved and is not done. */
  start(): void {
    for (const { id, state } of this.list()) if (state === 'running' || state === 'held') this.#enqueue(id);
  }

  /** A hold was released: what waited for it goes on, unless another holds it. */
  resume(): void {
    for (const { id, state } of this.list()) if (state === 'held') this.#enqueue(id);
  }

  /** Waits for the step that is under way; the rest is done after the next start. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#work;
  }

  /** All of them, the oldest first. */
  list(): Erasure[] {
    return [...this.#erasures.values()]
      .map(withoutNames)
      .toSorted((a, b) => (a.requested_at < b.requested_at ? -1 : 1));
  }

  /** @throws ExporterError `not_found` */
  get(id: string): Erasure {
    return withoutNames(this.#find(id));
  }

  #find(id: string): Erasure {
    const erasure = this.#erasures.get(id);
    if (erasure !== undefined) return erasure;
    throw new ExporterError('not_found', `there is no erasure ${id}`, {
      hint: 'List them with: spanledger subject erasures',
    });
  }

  /**
   * Somebody asks for an erasure. Without four eyes it begins at once.
   *
   * @throws ExporterError `legal_hold`, `erasure_refused`
   */
  async request(reference: string, reason: string, requestedBy: Asker): Promise<Erasure> {
    const open = this.list().filter(({ state }) => state !== 'completed' && state !== 'withdrawn');
    const same = open.find((erasure) => erasure.reference === reference);
    if (same !== undefined) {
      throw new ExporterError('erasure_refused', `the erasure ${same.id} of this subject is ${same.state}`, {
        hint: `See it with: spanledger subject erasures. Another role approves it: spanledger subject approve ${same.id}`,
      });
    }
    if (open.length >= MAX_WAITING) {
      throw new ExporterError('erasure_refused', `${MAX_WAITING} erasures are open already`);
    }
    const id = randomBytes(ID_BYTES).toString('hex');
    const erasure: Erasure = {
      id,
      reference,
      state: 'requested',
      reason,
      requested_by: requestedBy,
      requested_at: this.#timestamp(),
    };
    await this.#options.holds.unlessHeld(reference, () => this.#record(erasure, 'requested'));
    this.#keep(erasure);
    return this.#options.fourEyes ? erasure : this.#begin(erasure);
  }

  /**
   * Somebody else approves it: from now on it is done.
   *
   * @throws ExporterError `legal_hold`, `not_found`, `erasure_refused`, `permission_denied`
   */
  async approve(id: string, approvedBy: Asker): Promise<Erasure> {
    const erasure = this.#waiting(id, ['requested']);
    const { requested_by: requestedBy, reference } = erasure;
    if (approvedBy.name === requestedBy.name || approvedBy.role === requestedBy.role) {
      throw new ExporterError('permission_denied', 'whoever asked for an erasure cannot approve it', {
        hint: `It was asked for by a ${requestedBy.role}: the token of another role approves it.`,
      });
    }
    const approved: Erasure = { ...erasure, approved_by: approvedBy, approved_at: this.#timestamp() };
    await this.#options.holds.unlessHeld(reference, () => this.#record(approved, 'approved'));
    return this.#begin(approved);
  }

  /** It is not to be done after all. @throws ExporterError `not_found`, `erasure_refused` */
  async withdraw(id: string): Promise<Erasure> {
    this.#waiting(id, ['requested', 'held']);
    const before = this.#find(id);
    const withdrawn: Erasure = { ...this.#find(id), state: 'withdrawn', names: undefined };
    // First, so that one that waits for a hold does not go on meanwhile.
    this.#keep(withdrawn);
    try {
      await this.#record(withdrawn, 'withdrawn');
    } catch (error) {
      this.#keep(before);
      throw error;
    }
    return withdrawn;
  }

  #waiting(id: string, states: readonly Erasure['state'][]): Erasure {
    const erasure = this.get(id);
    if (states.includes(erasure.state)) return erasure;
    throw new ExporterError('erasure_refused', `the erasure ${id} is ${erasure.state}`);
  }

  #begin(erasure: Erasure): Erasure {
    const running: Erasure = { ...erasure, state: 'running' };
    this.#keep(running);
    this.#enqueue(running.id);
    return running;
  }

  /** One after the other. */
  #enqueue(id: string): void {
    this.#work = this.#work.then(() => this.#finish(id));
  }

  async #finish(id: string): Promise<void> {
    const { log } = this.#options;
    const { signal } = this.#stop;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        const erasure = this.#find(id);
        // It was withdrawn, or done, while it stood in line.
        if (erasure.state === 'running' || erasure.state === 'held') await this.#run(erasure);
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof ExporterError && error.code === 'legal_hold') {
          if (await this.#hold(this.#find(id), error)) return;
        }
        if (failures === 0)
          log.error({ err: error, erasure: id }, 'an erasure could not be finished and is tried again');
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #run({ id, reference }: Erasure): Promise<void> {
    const { erase, isRecorded, log } = this.#options;
    const erasure = await this.#destroyKey(id, reference);
    if (erasure === undefined) return;
    const { names = { names: [], addresses: [] } } = erasure;
    const planned = { reference, names, mentions: erasure.mentions ?? [] };
    const outcome = await erase(planned, (mentions) => {
      this.#keep({ ...erasure, names, mentions });
    });
    const done: Erasure = { ...erasure, ...outcome };
    // With a crash between the two it is recorded already: by its id it is found.
    if (!(await isRecorded(erasureRecordId(erasure.id, 'completed')))) await this.#record(done, 'completed');
    this.#keep({
      ...done,
      reason: undefined,
      names: undefined,
      mentions: undefined,
      state: 'completed',
      completed_at: this.#timestamp(),
    });
    log.info({ erasure: erasure.id, ...done.counts }, 'a subject was erased');
  }

  /** @returns undefined where it was withdrawn meanwhile */
  async #destroyKey(id: string, reference: string): Promise<Erasure | undefined> {
    const { gather, holds, isDestroyed, destroyKey } = this.#options;
    // Kept, sealed, before the key is destroyed: afterwards nobody could tell.
    if (this.#find(id).names === undefined) {
      const names = await gather(reference);
      this.#keep({ ...this.#find(id), names });
    }
    const destroy = async (): Promise<Erasure | undefined> => {
      const erasure: Erasure = { ...this.#find(id), state: 'running' };
      if (this.#find(id).state === 'withdrawn') return undefined;
      this.#keep(erasure);
      await destroyKey(reference);
      return erasure;
    };
    return await (isDestroyed(reference) ? destroy() : holds.unlessHeld(reference, destroy));
  }

  /** @returns false where that could not be recorded, and is tried again */
  async #hold(erasure: Erasure, { message }: ExporterError): Promise<boolean> {
    const { log } = this.#options;
    if (erasure.state === 'held') return true;
    try {
      await this.#record(erasure, 'held');
    } catch {
      return false;
    }
    // What it is called is gathered again when it goes on.
    this.#keep({ ...erasure, state: 'held', names: undefined });
    log.warn({ erasure: erasure.id }, `an erasure waits: ${message}`);
    return true;
  }

  async #record(erasure: Erasure, step: Parameters<typeof erasureRecord>[1]): Promise<void> {
    await this.#options.append(erasureRecord(erasure, step, this.#options.now()));
  }

  #timestamp(): string {
    return new Date(this.#options.now()).toISOString();
  }

  #keep(erasure: Erasure): void {
    this.#options.rows.write(`erasure ${erasure.id}`, erasure);
    this.#erasures.set(erasure.id, erasure);
  }
}

/** What the service needs to know is not for its answers. */
function withoutNames({ names: _names, mentions: _mentions, ...erasure }: Erasure): Erasure {
  return erasure;
}
