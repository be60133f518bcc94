import { closeSync, constants, fdatasyncSync, openSync, writeSync, writevSync } from 'node:fs';
import { asBuffer, copyInto } from '../byte-buffer.ts';
import { hasCode, type BlockingHandle } from './file-system.ts';

/** Where such a write begins and ends: a multiple of the blocks of all disks and file systems that are in use. */
const BLOCK_BYTES = 4096;

/** Of so many bytes on, a write goes past the cache: below, there is more to do than there is to save. */
const DIRECT_FROM_BYTES = 64 * 1024;

/** How much is written at once. */
const MAX_WRITE_BYTES = 1024 * 1024;

/** As much of WebAssembly as is needed here; the types that Node comes with have none of it. */
declare const WebAssembly: {
  Memory: new (pages: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
};

const WASM_PAGE_BYTES = 64 * 1024;

/** Takes what is written, for it has to begin at a block too; null where there is no such memory. One for each thread. */
let blocks: Buffer | null | undefined;

/**
 * An open file whose large writes go to the disk from where they are, past the operating system's cache (O_DIRECT): to find
 * a page in memory for each four kilobytes, to copy them there and to write them back takes the processor longer than
 * all else that is done with a record (docs/performance.md). Where that cannot be done, all goes through the cache.
 */
export class DirectHandle implements BlockingHandle {
  readonly #fd: number;
  /** The same file, opened once more; null where it cannot be written so. */
  #direct: number | null | undefined;

  /** @param fd of the file, open for writing; it stays the caller's */
  constructor(fd: number) {
    this.#fd = fd;
  }

  writev(buffers: readonly Uint8Array[], position: number): number {
    const toBlock = (BLOCK_BYTES - (position % BLOCK_BYTES)) % BLOCK_BYTES;
    const whole = sizeOf(buffers) - toBlock;
    if (whole < DIRECT_FROM_BYTES) return writevSync(this.#fd, buffers, position);
    if (toBlock > 0) return writevSync(this.#fd, firstOf(buffers, toBlock), position);
    return this.#writeBlocks(buffers, position) ?? writevSync(this.#fd, buffers, position);
  }

  datasync(): void {
    fdatasyncSync(this.#fd);
  }

  /** Releases what it opened. */
  close(): void {
    if (typeof this.#direct === 'number') closeSync(this.#direct);
    this.#direct = null;
  }

  /** Writes as many whole blocks as are written at once; undefined if none can be written so. */
  #writeBlocks(buffers: readonly Uint8Array[], position: number): number | undefined {
    const memory = (blocks ??= makeBlocks());
    const fd = (this.#direct ??= openDirect(this.#fd));
    if (memory === null || fd === null) return undefined;
    const filled = fill(memory, buffers);
    try {
      return writeSync(fd, memory, 0, filled - (filled % BLOCK_BYTES), position);
    } catch (error) {
      // What the disk asks for beyond whole blocks, nobody tells.
      if (!hasCode(error, 'EINVAL')) throw error;
      this.close();
      return undefined;
    }
  }
}

function openDirect(fd: number): number | null {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_DIRECT);
  } catch {
    // Not on this operating system, or not in this file system.
    return null;
  }
}

function makeBlocks(): Buffer | null {
  const pages = MAX_WRITE_BYTES / WASM_PAGE_BYTES;
  try {
    // Of all memory that JavaScript can have, this alone is sure to begin at a page.
    return Buffer.from(new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer);
  } catch {
    return null;
  }
}

/** Copies as much of some buffers as there is place for; returns how much that was. */
function fill(memory: Buffer, buffers: readonly Uint8Array[]): number {
  let filled = 0;
  for (const buffer of firstOf(buffers, memory.length)) {
    filled += copyInto(memory, filled, asBuffer(buffer));
  }
  return filled;
}

/** The first bytes of some buffers. */
function firstOf(buffers: readonly Uint8Array[], count: number): Uint8Array[] {
  const first: Uint8Array[] = [];
  for (const buffer of buffers) {
    if (count <= 0) break;
    first.push(buffer.subarray(0, count));
    count -= buffer.length;
  }
  return first;
}

function sizeOf(buffers: readonly Uint8Array[]): number {
  return buffers.reduce((sum, { length }) => sum + length, 0);
}
