import type { EntryBatch } from '@spanledger/record';
import { LedgerError } from '../errors.ts';
import { explainFailure } from '../storage/failure.ts';
import type { FrameContent } from '../journal/frame.ts';
import { Group } from './group.ts';
import { Sequencer, type LogTail } from './sequencer.ts';

/**
 * The most bytes that may be sequenced and not yet durable; and the most that may be durable and wait to be written
 * to tiles. A batch that alone holds more is refused for good.
 */
export const MAX_PENDING_BYTES: number = 64 * 1024 * 1024;

/** What an append resolves to. */
export interface Appended {
  /** The first entry's index; the others follow without a gap. */
  first: number;
  count: number;
}

/** What a {@link Committer} is made of. */
export interface CommitterOptions {
  origin: string;
  /** The durable end of the log. */
  tail: LogTail;
  /** Makes a group durable, or leaves no trace of it. Nobody else waits to append if it `isAlone`. */
  write: (content: FrameContent, isAlone: boolean) => Promise<void>;
  /**
   * Called with each group once it is durable, in order, as the next one is on its way to the disk, or at once if there is
   * none. The group's buffers are reused after it returns.
   */
  onDurable: (group: Group) => void;
  /** Called with the error that a group, and those that were chained to it, are refused with. */
  onFailed: (error: LedgerError) => void;
  /** Bytes that are durable and wait to be integrated. */
  unintegratedBytes: () => number;
  /** Called before each group: resolves when integration has caught up enough for it, in a second at the latest. */
  catchUp: () => Promise<void>;
}

/**
 * Group commit: all appends that arrive while one group is being made durable form the next, and share its write and
 * its sync. They are sequenced and hashed as they arrive, while the disk is busy with the group before.
 */
export class Committer {
  readonly #options: CommitterOptions;
  readonly #sequencer: Sequencer;
  /** The group that appends join. */
  #open: Group;
  /** The group that is being made durable. */
  #committing: Group | undefined;
  #durable: LogTail;
  /** The group that has become durable last, until {@link CommitterOptions.onDurable} is called with it. */
  #unannounced: Group | undefined;
  /** Groups that are done with, whose storage the next ones take over. */
  readonly #spares: Group[] = [];
  #running: Promise<void> | undefined;
  /** One append was in the last group, and no other came while that was on its way to the disk. */
  #isAlone = false;

  constructor(options: CommitterOptions) {
    this.#options = options;
    this.#sequencer = new Sequencer(options.origin, options.tail);
    this.#durable = options.tail;
    this.#open = new Group(options.tail.size);
  }

  /** How many entries were given a place. */
  get sequenced(): number {
    return this.#open.end;
  }

  /** How many entries are durable. */
  get durable(): number {
    return this.#durable.size;
  }

  /**
   * Appends a batch. Resolves once it is durable.
   *
   * @throws LedgerError `batch_too_large`, `ledger_busy`, `append_failed`, and what {@link Sequencer.add} throws
   */
  async append(batch: EntryBatch): Promise<Appended> {
    this.#checkRoom(batch);
    const group = this.#open;
    const first = group.end;
    this.#sequencer.add(batch, group);
    group.appends++;
    this.#running ??= this.#commitAll();
    await group.settled;
    return { first, count: batch.count };
  }

  /** Whether a batch of so many bytes would be taken now. */
  hasRoom(sizeBytes: number): boolean {
    const pending = this.#pendingBytes;
    const isFull = pending > 0 && pending + sizeBytes > MAX_PENDING_BYTES;
    return !isFull && this.#options.unintegratedBytes() <= MAX_PENDING_BYTES;
  }

  /** Resolves once everything that was appended before is durable; rejects if some of it never will be. */
  async barrier(): Promise<void> {
    await (this.#open.count > 0 ? this.#open : this.#committing)?.settled;
  }

  /** Resolves once nothing is waiting any more, whatever became of it. */
  async idle(): Promise<void> {
    await this.#running;
  }

  #checkRoom({ bytes, openings }: EntryBatch): void {
    if (bytes.length + openings.length > MAX_PENDING_BYTES) {
      throw new LedgerError('batch_too_large', `a batch has at most ${MAX_PENDING_BYTES} bytes`);
    }
    if (this.hasRoom(bytes.length + openings.length)) return;
    const waiting = this.#pendingBytes + this.#options.unintegratedBytes();
    throw new LedgerError('ledger_busy', `${waiting} bytes are waiting to be written`, {
      hint: 'Try again in a second. If it stays so, the disk is too slow or full.',
    });
  }

  get #pendingBytes(): number {
    return this.#open.sizeBytes + (this.#committing?.sizeBytes ?? 0);
  }

  async #commitAll(): Promise<void> {
    for (;;) {
      // All that arrives in this turn of the event loop joins the group, also from those who were just told of the last.
      // And there is one turn for each group: one that is alone may be written without waiting for another.
      await new Promise(setImmediate);
      if (this.#open.count === 0) break;
      await this.#options.catchUp();
      await this.#commit(this.#open);
    }
    this.#announce();
    this.#running = undefined;
  }

  async #commit(group: Group): Promise<void> {
    const tail = this.#sequencer.tail;
    this.#committing = group;
    this.#open = new Group(group.end, this.#spares.pop());
    // By then the disk is busy: whoever waits for it is not kept waiting by the tiles of the group before.
    setImmediate(() => this.#announce());
    try {
      const content = {
        first: group.first,
        count: group.count,
        entries: group.entries.view,
        openingLengths: group.openingLengths.view,
        openings: group.openings.view,
      };
      await this.#options.write(content, this.#isAlone && group.appends === 1);
    } catch (cause) {
      this.#rollBack(group, cause);
      return;
    }
    this.#announce();
    this.#committing = undefined;
    this.#durable = tail;
    this.#unannounced = group;
    this.#isAlone = group.appends === 1 && this.#open.appends === 0;
    group.resolve();
  }

  /** Tells of the group that has become durable last, unless that is done. */
  #announce(): void {
    const group = this.#unannounced;
    if (group === undefined) return;
    this.#unannounced = undefined;
    this.#options.onDurable(group);
    this.#spares.push(group);
  }

  /** The group is not durable, and what was sequenced after it is chained to it: all of it goes. */
  #rollBack(group: Group, cause: unknown): void {
    const { reason, help } = explainFailure(cause);
    const error = new LedgerError('append_failed', `the journal could not be written${reason}`, {
      cause,
      hint: `Nothing of the request was recorded. ${help} Then send it again.`,
    });
    this.#options.onFailed(error);
    const following = this.#open;
    this.#committing = undefined;
    this.#sequencer.reset(this.#durable);
    this.#open = new Group(this.#durable.size);
    group.reject(error);
    following.reject(error);
  }
}
