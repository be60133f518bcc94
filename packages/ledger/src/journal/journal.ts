import type { KeyObject } from 'node:crypto';
import type { WriteHow } from '../append/committer.ts';
import { LedgerError } from '../errors.ts';
import { SerialQueue } from '../serial-queue.ts';
import type { WritableStorage } from '../storage/storage.ts';
import type { EpochKeys } from './epoch-keys.ts';
import { FrameStream, headerOf } from './frame-stream.ts';
import { FrameThread } from './frame-thread.ts';
import { encodeFrame } from './frame.ts';
import { linkEntries, type UnlinkedFrame } from './links.ts';
import { SegmentReader, type JournalGroup } from './segment-reader.ts';
import { addFrame, emptySegment, segmentFile, type Segment } from './segment.ts';

/** What can be told of a segment from outside. */
export interface SegmentInfo {
  /** The first index, 20 digits. */
  name: string;
  /** The first entry's index. */
  first: number;
  /** The index after its last entry. */
  end: number;
  /** True once nothing more will be appended to it. */
  closed: boolean;
}

/** What can be read of the journal, also from beside the process that writes it. */
export interface JournalReader {
  /** The segments that are there, oldest first. */
  segments(): SegmentInfo[];
  /**
   * Reads the durable groups of a segment, in order; nothing if there is no such segment.
   *
   * @throws LedgerError `journal_damaged`, `journal_read_failed` or `epoch_key_missing`
   */
  read(name: string): AsyncIterable<JournalGroup>;
  /**
   * The openings of the entries from index `from` up to, not including, `to`, as far as the journal still holds
   * them; by index.
   *
   * @throws LedgerError `journal_damaged`, `journal_read_failed` or `epoch_key_missing`
   */
  readOpenings(from: number, to: number): Promise<Map<number, Uint8Array>>;
}

/** The write-ahead log of the ledger, and the only place where opened groups stand until the vault has them. */
export interface Journal extends JournalReader {
  /** Closes the segment that is being appended to, if it holds anything. */
  rotate(): Promise<void>;
  /**
   * Removes a segment and destroys its epoch key. No error if it is gone already.
   *
   * @throws LedgerError `segment_in_use` unless it is closed and all its entries are published
   */
  retire(name: string): Promise<void>;
}

/** What a {@link SegmentedJournal} is made of. */
export interface JournalOptions {
  storage: WritableStorage;
  epochKeys: EpochKeys;
  /** What is there already; all closed. */
  segments: Segment[];
  /** A segment is closed once it holds this many bytes. */
  segmentMaxBytes: number;
  /** A segment is closed once it is this old. */
  segmentMaxAgeMs: number;
  /** The published size, up to which segments may be retired. */
  publishedSize: () => number;
  /** Told of a failure that no caller waits for. */
  onError: (error: unknown) => void;
  /** Writes frames that are streamed; a test brings its own. */
  thread?: FrameThread;
}

/** How much room is left behind a small group. A segment's last is cut off when it is closed. */
const ROOM_BYTES = 256 * 1024;

/** The most frames of a segment; they are known in memory, about 100 bytes each. */
const MAX_SEGMENT_FRAMES = 65_536;

/** The segment that is being appended to. */
interface Tail {
  segment: Segment;
  key: KeyObject;
  /** There may be room beyond the segment's size, or what a failed write left: it is cut off when the segment is closed. */
  uncut: boolean;
  /** Closes it when it is old; set once it holds a frame, since an empty one is not closed. */
  timer: NodeJS.Timeout | undefined;
}

/** A frame that waits for a stream to be opened. */
interface WaitingFrame {
  first: number;
  isFollowing: boolean;
  write: (stream: FrameStream) => void;
  reject: (error: unknown) => void;
}

/** The journal as segment files. */
export class SegmentedJournal implements Journal {
  readonly #options: JournalOptions;
  readonly #reader: SegmentReader;
  readonly #queue = new SerialQueue();
  readonly #retiring = new SerialQueue();
  readonly #thread: FrameThread;
  /** The last that was opened. */
  #stream: FrameStream | undefined;
  /** Frames for the next one. */
  readonly #waiting: WaitingFrame[] = [];
  #segments: Segment[];
  #tail: Tail | undefined;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#thread = options.thread ?? new FrameThread();
    this.#segments = options.segments;
    this.#reader = new SegmentReader(options.storage, options.epochKeys);
  }

  /** Frames of so many bytes can be streamed; Infinity where none can. */
  get streamsFromBytes(): number {
    return this.#options.storage.lending?.fromBytes ?? Infinity;
  }

  /**
   * Links and appends a group, whose first index is the end of the one before it. Resolves once it is durable; then its
   * hashes are there. If it rejects, the group is not there: what was written of it is cut off before anything else is
   * appended.
   *
   * @param how see `CommitterOptions.write`
   */
  append(frame: UnlinkedFrame, how: WriteHow): Promise<void> {
    if (!how.isStreamed) return this.#queue.run(() => this.#append(frame, how.isAlone));
    const stream = this.#stream;
    if (stream?.isOpen === true && this.#waiting.length === 0 && this.#mayGoOn(stream)) {
      return stream.write(frame, how.isFollowing);
    }
    const settled = Promise.withResolvers<void>();
    const write = (opened: FrameStream): void => {
      opened.write(frame, how.isFollowing).then(settled.resolve, settled.reject);
    };
    const { first } = frame;
    const { isFollowing } = how;
    if (this.#waiting.push({ first, isFollowing, write, reject: settled.reject }) === 1) {
      void this.#queue.run(() => this.#streamWaiting());
    }
    return settled.promise;
  }

  segments(): SegmentInfo[] {
    return this.#segments
      .filter(({ frames }) => frames.length > 0)
      .map(({ name, first, end, closed }) => ({ name, first, end, closed }));
  }

  async *read(name: string): AsyncGenerator<JournalGroup> {
    const segment = this.#segments.find((candidate) => candidate.name === name);
    if (segment !== undefined) yield* this.#reader.read(segment);
  }

  readOpenings(from: number, to: number): Promise<Map<number, Uint8Array>> {
    return this.#reader.readOpenings(this.#segments, from, to);
  }

  rotate(): Promise<void> {
    return this.#queue.run(async () => {
      if (this.#tail !== undefined && this.#tail.segment.frames.length > 0) await this.#closeTail();
    });
  }

  retire(name: string): Promise<void> {
    // Nobody who appends waits for it: to remove a large file takes as long as many groups.
    return this.#retiring.run(async () => {
      const segment = this.#segments.find((candidate) => candidate.name === name);
      if (segment === undefined) return;
      if (!segment.closed || segment.end > this.#options.publishedSize()) {
        const why = segment.closed ? 'not all of its entries are published' : 'it is still appended to';
        throw new LedgerError('segment_in_use', `journal segment ${name} cannot be retired: ${why}`);
      }
      const { storage, epochKeys } = this.#options;
      await storage.remove([segmentFile(name)]);
      await epochKeys.destroy(name);
      this.#reader.forget(name);
      this.#segments = this.#segments.filter((candidate) => candidate !== segment);
    });
  }

  /** Ends appending. If it rejects, what a failed write left behind is cut off at the next open, as after a crash. */
  async close(): Promise<void> {
    await this.#retiring.run(() => Promise.resolve());
    await this.#queue.run(async () => {
      clearTimeout(this.#tail?.timer);
      try {
        await this.#closeTail();
      } finally {
        await this.#thread.close();
      }
    });
  }

  /** Appends a frame in this thread. */
  #append(frame: UnlinkedFrame, isAlone: boolean): Promise<void> {
    return this.#withTail(frame.first, async ({ segment, key }) => {
      linkEntries(frame);
      const header = headerOf(frame);
      const pieces = encodeFrame(frame, key, header.iv);
      const { storage } = this.#options;
      await storage.append(segmentFile(segment.name), segment.sizeBytes, pieces, ROOM_BYTES, isAlone);
      addFrame(segment, header);
    });
  }

  /** Whoever waits for the segment gets it between two streams. */
  #mayGoOn(stream: FrameStream): boolean {
    return !this.#queue.isAwaited && stream.sizeBytes < this.#options.segmentMaxBytes;
  }

  /**
   * Streams the frames that wait for it, and those that come until all are done.
   */
  async #streamWaiting(): Promise<void> {
    const [next] = this.#waiting;
    if (next === undefined) return;
    let isOpened = false;
    try {
      await this.#withTail(next.first, async ({ segment, key }) => {
        const { lending } = this.#options.storage;
        if (lending === undefined) throw new TypeError('nothing can be streamed to this storage');
        await lending.lend(segmentFile(segment.name), segment.sizeBytes, async (fd) => {
          const stream = new FrameStream({ thread: this.#thread, segment, key, fd });
          this.#stream = stream;
          isOpened = true;
          for (const { write } of this.#waiting.splice(0)) write(stream);
          await stream.ended;
          return segment.sizeBytes;
        });
      });
    } catch (error) {
      // Those whose frames were handed over know it already. Who follows one of them has nothing to follow: a segment that is
      // opened for it would have a name that no frame belongs to.
      while (this.#waiting[0]?.isFollowing === true || (!isOpened && this.#waiting.length > 0)) {
        this.#waiting.shift()?.reject(error);
      }
    }
  }

  /** Has something appended to the segment that is appended to; if that fails, nothing of it is left. */
  async #withTail(first: number, append: (tail: Tail) => Promise<void>): Promise<void> {
    const tail = await this.#openTail(first);
    tail.uncut = true;
    try {
      await append(tail);
    } catch (error) {
      // If this fails too, the next write cuts it off.
      await this.#cut(tail).catch((cause: unknown) => this.#options.onError(cause));
      throw error;
    }
    tail.timer ??= this.#startTimer(tail);
    if (isFull(tail.segment, this.#options)) {
      await this.#closeTail().catch((error: unknown) => this.#options.onError(error));
    }
  }

  #startTimer(tail: Tail): NodeJS.Timeout {
    const { segmentMaxAgeMs, onError } = this.#options;
    const timer = setTimeout(() => {
      this.rotate().catch((error: unknown) => {
        onError(error);
        if (this.#tail === tail) timer.refresh();
      });
    }, segmentMaxAgeMs);
    return timer.unref();
  }

  async #openTail(first: number): Promise<Tail> {
    // A segment whose last write failed is not closed before that is cut off, so it stays the tail.
    if (this.#tail !== undefined) return this.#tail;
    const segment = emptySegment(first);
    const { storage, epochKeys } = this.#options;
    // Both wait for the disk, and who appends for both: they do so side by side. Whatever becomes of one, the other is not
    // under way any more when it is tried again.
    const [created, named] = await Promise.allSettled([
      epochKeys.create(segment.name),
      storage.append(segmentFile(segment.name), 0, []),
    ]);
    if (created.status === 'rejected') throw created.reason;
    if (named.status === 'rejected') throw named.reason;
    const key = created.value;
    this.#reader.remember(segment.name, key);
    this.#segments = [...this.#segments, segment];
    this.#tail = { segment, key, uncut: false, timer: undefined };
    return this.#tail;
  }

  async #closeTail(): Promise<void> {
    const tail = this.#tail;
    if (tail === undefined) return;
    if (tail.uncut) await this.#cut(tail);
    clearTimeout(tail.timer);
    this.#tail = undefined;
    tail.segment.closed = true;
  }

  /** Cuts off what is beyond the segment's size. */
  async #cut(tail: Tail): Promise<void> {
    await this.#options.storage.append(segmentFile(tail.segment.name), tail.segment.sizeBytes, []);
    tail.uncut = false;
  }
}

function isFull(segment: Segment, { segmentMaxBytes }: JournalOptions): boolean {
  return segment.sizeBytes >= segmentMaxBytes || segment.frames.length >= MAX_SEGMENT_FRAMES;
}
