import { ByteBuffer } from '../byte-buffer.ts';
import { HASH_BYTES, LINK_BYTES, type UnlinkedFrame } from '../journal/links.ts';

/** The appends that will share one write and one sync. */
export class Group {
  /** The first entry's index. */
  readonly first: number;
  /** How many entries it holds. */
  count = 0;
  /** How many appends they came from. */
  appends = 0;
  /** The entries as a tlog-tiles entry bundle has them: each behind its uint16 length. */
  readonly entries: ByteBuffer;
  /** Where in {@link entries} entry bundles get full. */
  readonly bundleEnds: number[] = [];
  /** Where in {@link entries} each one names the one before it, as {@link UnlinkedFrame.links} has it. */
  readonly links: ByteBuffer;
  /** Place for their leaf hashes, 32 bytes each: see {@link frame}. */
  readonly hashes: ByteBuffer;
  /** The lengths of their openings, uint32 each. */
  readonly openingLengths: ByteBuffer;
  /** Their openings, end to end. */
  readonly openings: ByteBuffer;
  /** Resolves once the group is durable; rejects if it never will be. */
  readonly settled: Promise<void>;
  readonly #settle: PromiseWithResolvers<void>;

  /**
   * @param storage a group that is done with: this one takes over its buffers
   * @param like a group that this one is expected to be as long as: to grow to it would take as much memory again
   */
  constructor(first: number, storage?: Group, like?: Group) {
    this.first = first;
    this.entries = reused(storage?.entries, like?.entries);
    this.links = reused(storage?.links, like?.links);
    this.hashes = reused(storage?.hashes, like?.hashes);
    this.openingLengths = reused(storage?.openingLengths, like?.openingLengths);
    this.openings = reused(storage?.openings, like?.openings);
    this.#settle = Promise.withResolvers<void>();
    this.settled = this.#settle.promise;
    // Each append and barrier has its own view of it; that nobody waits is no accident.
    this.settled.catch(() => undefined);
  }

  /** The index after the last entry. */
  get end(): number {
    return this.first + this.count;
  }

  /** How much memory the group's content takes. */
  get sizeBytes(): number {
    const { entries, openings, openingLengths } = this;
    return entries.length + openings.length + openingLengths.length + this.count * (LINK_BYTES + HASH_BYTES);
  }

  /**
   * What is to be written; the entries' hashes are there once it is.
   *
   * @param previous the leaf hash of the entry before the first, 64 hexadecimal digits; undefined for the first of all
   */
  frame(previous: string | undefined): UnlinkedFrame {
    this.hashes.reserve(this.count * HASH_BYTES);
    this.hashes.length = this.count * HASH_BYTES;
    return {
      first: this.first,
      count: this.count,
      previous,
      entries: this.entries.view,
      links: this.links.view,
      hashes: this.hashes.view,
      openingLengths: this.openingLengths.view,
      openings: this.openings.view,
    };
  }

  /** The leaf hash of the last entry, 64 hexadecimal digits, once the group is written. */
  get lastHash(): string {
    return this.hashes.view.toString('hex', this.hashes.length - HASH_BYTES);
  }

  /** How much memory it has, in use or not. */
  get storageBytes(): number {
    const buffers = [this.entries, this.links, this.hashes, this.openingLengths, this.openings];
    return buffers.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** Tells all who wait that the group is durable. */
  resolve(): void {
    this.#settle.resolve();
  }

  /** Tells all who wait that the group is gone. */
  reject(reason: Error): void {
    this.#settle.reject(reason);
  }
}

function reused(buffer: ByteBuffer | undefined, like: ByteBuffer | undefined): ByteBuffer {
  if (buffer !== undefined) buffer.length = 0;
  // Shared: another thread may link it, seal it and write it where it is.
  return buffer ?? new ByteBuffer(like?.length ?? 0, true);
}
