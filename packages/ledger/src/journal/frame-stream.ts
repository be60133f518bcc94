import { randomBytes, type KeyObject } from 'node:crypto';
import type { FrameThread } from './frame-thread.ts';
import { FRAME_IV_BYTES, frameBytes, type FrameHeader } from './frame.ts';
import type { UnlinkedFrame } from './links.ts';
import { addFrame, type Segment } from './segment.ts';

/** What a {@link FrameStream} goes to. */
export interface FrameStreamOptions {
  thread: FrameThread;
  segment: Segment;
  /** The segment's epoch key. */
  key: KeyObject;
  /** The segment's file, open for writing until {@link FrameStream.ended} settles. */
  fd: number;
}

/**
 * Frames that a thread appends to a segment, handed over without waiting for the end of the one before. It ends when all
 * are done.
 */
export class FrameStream {
  readonly #options: FrameStreamOptions;
  readonly #ended = Promise.withResolvers<void>();
  /** Where the next frame begins. */
  #position: number;
  #underWay = 0;
  #failure: { cause: unknown } | undefined;
  #isEnded = false;

  constructor(options: FrameStreamOptions) {
    this.#options = options;
    this.#position = options.segment.sizeBytes;
  }

  /** Resolves once nothing is under way and nothing more is taken; rejects if a frame could not be written. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Whether a frame that follows may be written. */
  get isOpen(): boolean {
    return !this.#isEnded && this.#failure === undefined;
  }

  /** How many bytes the segment has with what is under way. */
  get sizeBytes(): number {
    return this.#position;
  }

  /**
   * Writes a frame; resolves once it is durable.
   *
   * @param isFollowing see `FrameTask`
   */
  async write(frame: UnlinkedFrame, isFollowing: boolean): Promise<void> {
    if (!this.isOpen) throw new Error('the frame before was not written', this.#failure);
    const { thread, segment, key, fd } = this.#options;
    const header = headerOf(frame);
    const position = this.#position;
    this.#position += frameBytes(header);
    this.#underWay++;
    try {
      await thread.write(frame, { key, iv: header.iv, fd, position, isFollowing });
      addFrame(segment, header);
    } catch (cause) {
      this.#failure ??= { cause };
      throw cause;
    } finally {
      this.#underWay--;
      if (this.#underWay === 0) this.#end();
    }
  }

  #end(): void {
    this.#isEnded = true;
    if (this.#failure === undefined) this.#ended.resolve();
    else this.#ended.reject(this.#failure.cause);
  }
}

/** The header of a frame that is about to be written, with an initialisation vector of its own. */
export function headerOf({ first, count, entries, openingLengths, openings }: UnlinkedFrame): FrameHeader {
  return {
    first,
    count,
    entriesBytes: entries.length,
    sealedBytes: openingLengths.length + openings.length,
    iv: randomBytes(FRAME_IV_BYTES),
  };
}
