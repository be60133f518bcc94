import type { EntryBatch } from '@spanledger/record';
import { LedgerError } from '../errors.ts';
import { explainFailure } from '../storage/failure.ts';
import type { UnlinkedFrame } from '../journal/links.ts';
import { Group } from './group.ts';
import { SpareGroups } from './spare-groups.ts';
import { Sequencer } from './sequencer.ts';

/** The most bytes of one batch: what holds more is refused for good. */
export const MAX_BATCH_BYTES: number = 64 * 1024 * 1024;

/**
 * The most bytes that may be sequenced and not yet durable; and the most that may be durable and wait to be written
 * to tiles. A batch that alone holds more than half of it is taken while no more than the other half waits, or it would wait for a
 * moment in which nobody else appends.
 */
export const MAX_PENDING_BYTES: number = 32 * 1024 * 1024;

/** What an append resolves to. */
export interface Appended {
  /** The first entry's index; the others follow without a gap. */
  first: number;
  count: number;
}

/** The end of the log that the next entry is chained to. */
export interface LogTail {
  /** How many entries there are, and so the next one's index. */
  size: number;
  /** The last entry's leaf hash, 64 hexadecimal digits; undefined if there are no entries. */
  hash: string | undefined;
}

/** How a group is to be made durable. */
export interface WriteHow {
  /** Nobody else waits to append. */
  isAlone: boolean;
  /** It may be followed by others before it is durable. */
  isStreamed: boolean;
  /** Others are on their way before it: the hash of the entry before it is known only to who links them. */
  isFollowing: boolean;
}

/** What a {@link Committer} is made of. */
export interface CommitterOptions {
  origin: string;
  /** The durable end of the log. */
  tail: LogTail;
  /**
   * Links a group and makes it durable, or leaves no trace of it. Called again before that is done only for groups that are
   * streamed; if one fails, so do those that follow it.
   */
  write: (frame: UnlinkedFrame, how: WriteHow) => Promise<void>;
  /** Groups of so many bytes are streamed; Infinity where there is no thread that could write them. */
  streamsFromBytes: number;
  /** Called with each group once it is durable, in order. The group's buffers are reused after it returns. */
  onDurable: (group: Group) => void;
  /** Called with the error that a group, and those that were chained to it, are refused with. */
  onFailed: (error: LedgerError) => void;
  /** Bytes that are durable and wait to be integrated. */
  unintegratedBytes: () => number;
  /** Called before each group: resolves when integration has caught up enough for it, in a second at the latest. */
  catchUp: () => Promise<void>;
}

/**
 * How many groups may be on their way to the disk. While the first of them is synced, the next is linked and sealed, and
 * one waits, so that the thread which does so need not wait for this one.
 */
const MAX_STREAMED = 4;

/** A group of so many bytes takes no more appends, where it could be streamed: its memory is used again by the next. */
const MAX_GROUP_BYTES = 2 * 1024 * 1024;

/**
 * Group commit: all appends that arrive while others are on their way to the disk form the next group, and share its write
 * and its sync. They get their places as they arrive. Large groups are streamed: they go to the disk one after the other
 * without waiting for each other's end.
 */
export class Committer {
  readonly #options: CommitterOptions;
  readonly #sequencer: Sequencer;
  readonly #maxGroupBytes: number;
  /** The group that appends join. */
  #open: Group;
  /** Groups that take no more appends, and wait to be made durable. */
  readonly #full: Group[] = [];
  /** The groups that are being made durable, in their order. */
  readonly #underWay: Group[] = [];
  /** The last of them is streamed. */
  #isStreaming = false;
  #durable: LogTail;
  /** Groups that are durable, and that {@link CommitterOptions.onDurable} was not called with. */
  #unannounced: Group[] = [];
  /** Groups that could not be made durable, and why the first of them could not. */
  #failed: { groups: Group[]; cause: unknown } | undefined;
  /** Groups that are done with, whose storage the next ones take over. */
  readonly #spares = new SpareGroups();
  #running: Promise<void> | undefined;
  /** Has {@link #commitAll} look again whether the open group may go. */
  #wake: () => void = () => undefined;
  /** One append was in the last group, and no other came while that was on its way to the disk. */
  #isAlone = false;

  constructor(options: CommitterOptions) {
    this.#options = options;
    this.#sequencer = new Sequencer(options.origin, options.tail.size);
    this.#maxGroupBytes = Math.max(MAX_GROUP_BYTES, options.streamsFromBytes);
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
    if (group.sizeBytes >= this.#maxGroupBytes) this.#close(group);
    if (this.#running === undefined) this.#running = this.#commitAll();
    else if (this.#isLarge) this.#wake();
    await group.settled;
    return { first, count: batch.count };
  }

  /** Whether a batch of so many bytes would be taken now. */
  hasRoom(sizeBytes: number): boolean {
    const isFull = this.#pendingBytes + Math.min(sizeBytes, MAX_PENDING_BYTES / 2) > MAX_PENDING_BYTES;
    return !isFull && this.#options.unintegratedBytes() <= MAX_PENDING_BYTES;
  }

  /** Resolves once everything that was appended before is durable; rejects if some of it never will be. */
  async barrier(): Promise<void> {
    const last = this.#open.count > 0 ? this.#open : (this.#full.at(-1) ?? this.#underWay.at(-1));
    await last?.settled;
  }

  /** Resolves once nothing is waiting any more, whatever became of it. */
  async idle(): Promise<void> {
    await this.#running;
  }

  #checkRoom({ bytes, openings }: EntryBatch): void {
    if (bytes.length + openings.length > MAX_BATCH_BYTES) {
      throw new LedgerError('batch_too_large', `a batch has at most ${MAX_BATCH_BYTES} bytes`);
    }
    if (this.hasRoom(bytes.length + openings.length)) return;
    const waiting = this.#pendingBytes + this.#options.unintegratedBytes();
    throw new LedgerError('ledger_busy', `${waiting} bytes are waiting to be written`, {
      hint: 'Try again in a second. If it stays so, the disk is too slow or full.',
    });
  }

  get #pendingBytes(): number {
    return [...this.#underWay, ...this.#full].reduce(
      (sum, { sizeBytes }) => sum + sizeBytes,
      this.#open.sizeBytes,
    );
  }

  /** The group that is to be made durable next. */
  get #next(): Group {
    return this.#full[0] ?? this.#open;
  }

  get #isLarge(): boolean {
    return this.#next.sizeBytes >= this.#options.streamsFromBytes;
  }

  /** Has the open group take no more appends. */
  #close(group: Group): void {
    this.#full.push(group);
    this.#open = new Group(group.end, this.#spares.take(), group);
  }

  async #commitAll(): Promise<void> {
    for (;;) {
      let isTurnOver = false;
      setImmediate(() => {
        isTurnOver = true;
        this.#wake();
      });
      while (!this.#mayGo(isTurnOver)) await new Promise<void>((resolve) => (this.#wake = resolve));
      if (this.#next.count === 0) break;
      await this.#options.catchUp();
      // Meanwhile a group may have failed, and this one with it.
      if (this.#mayGo(true) && this.#next.count > 0) this.#commit(this.#next);
    }
    this.#announce();
    this.#running = undefined;
  }

  /** @param isTurnOver the event loop has had a turn since the group before went */
  #mayGo(isTurnOver: boolean): boolean {
    if (this.#failed !== undefined) return false;
    const { length } = this.#underWay;
    // All that arrives in this turn of the event loop joins the group, also from those who were just told of the last.
    // And there is one turn for each group: one that is alone may be written without waiting for another.
    if (length === 0) return isTurnOver || this.#isLarge;
    // Only who links a group knows, before it is durable, what its last entry's hash is.
    return this.#isStreaming && length < MAX_STREAMED && this.#isLarge;
  }

  #commit(group: Group): void {
    const how = {
      isAlone: this.#isAlone && group.appends === 1,
      isStreamed: this.#isLarge,
      isFollowing: this.#underWay.length > 0,
    };
    const frame = group.frame(how.isFollowing ? undefined : this.#durable.hash);
    this.#underWay.push(group);
    this.#isStreaming = how.isStreamed;
    if (group === this.#open) this.#close(group);
    this.#full.shift();
    this.#options.write(frame, how).then(
      () => this.#succeed(group),
      (cause: unknown) => this.#fail(group, cause),
    );
  }

  #succeed(group: Group): void {
    this.#underWay.shift();
    this.#durable = { size: group.end, hash: group.lastHash };
    this.#isAlone = group.appends === 1 && this.#open.appends === 0 && this.#underWay.length === 0;
    // Whoever waits is told, and what waits goes to the disk, before the tiles are seen to.
    if (this.#unannounced.push(group) === 1) setImmediate(() => this.#announce());
    group.resolve();
    this.#wake();
  }

  /** Tells of the groups that have become durable, unless that is done. */
  #announce(): void {
    const groups = this.#unannounced;
    this.#unannounced = [];
    for (const group of groups) {
      this.#options.onDurable(group);
      this.#spares.give(group);
    }
  }

  #fail(group: Group, cause: unknown): void {
    this.#underWay.shift();
    this.#failed ??= { groups: [], cause };
    this.#failed.groups.push(group);
    // What follows fails too, and until then it may be looked at by another thread.
    if (this.#underWay.length > 0) return;
    this.#rollBack(this.#failed.groups, this.#failed.cause);
    this.#failed = undefined;
    this.#wake();
  }

  /** These groups are not durable, and what was sequenced after them is chained to them: all of it goes. */
  #rollBack(groups: readonly Group[], cause: unknown): void {
    const { reason, help } = explainFailure(cause);
    const error = new LedgerError('append_failed', `the journal could not be written${reason}`, {
      cause,
      hint: `Nothing of the request was recorded. ${help} Then send it again.`,
    });
    this.#options.onFailed(error);
    const following = [...this.#full.splice(0), this.#open];
    this.#sequencer.reset(this.#durable.size);
    this.#open = new Group(this.#durable.size);
    for (const group of [...groups, ...following]) group.reject(error);
  }
}
