import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sealContext, type Frame } from './frame.ts';
import { segmentName, segmentNumber } from './segment-name.ts';
import { SegmentReader } from './segment-reader.ts';
import { segmentBytes } from './spool-directory.ts';
import type { SpoolSeal } from './spool-seal.ts';
import { isBefore, readPosition, writePosition, type SpoolPosition } from './spool-position.ts';

/** Payloads that go out together, in order; valid until the next batch is read. */
export interface SpoolBatch {
  readonly payloads: readonly Buffer[];
  /** Up to where the folder is through once they have arrived. */
  readonly next: SpoolPosition;
}

/** How many payloads go out together at the most; each is an allocation and a chance to be refused. */
export const MAX_BATCH_PAYLOADS = 1_024;

interface Unsettled {
  readonly segment: number;
  readonly payload: Buffer;
}

/** Bytes that are no frame: somewhere, or at the very end, where a process died while it wrote. */
export type SpoolDamage = 'damaged' | 'torn_end';

/**
 * Reads one producer's folder in order, and removes what has arrived.
 *
 * A folder is `live` while its process may append. Of a dead process's folder the torn end is skipped, and provisional
 * spans that nothing settled come last.
 */
export class SpoolReader {
  readonly #folder: string;
  readonly #live: boolean;
  readonly #onDamage: (damage: SpoolDamage) => void;
  readonly #seal: SpoolSeal | undefined;
  /** Up to here everything has arrived. */
  #confirmed: SpoolPosition;
  #segment: number;
  /** Of those that are there still, as far as is known. */
  #oldest: number;
  #reader: SegmentReader;
  #unreadable = false;
  readonly #unsettled = new Map<number, Unsettled>();

  /**
   * @param folder - The producer's folder.
   * @param live - Whether its process still appends.
   * @param onDamage - Called when bytes were skipped that are no frame; the end of a live folder is never skipped.
   * @param seal - Opens frames that are sealed; one that it does not open is damaged.
   */
  constructor(folder: string, live: boolean, onDamage: (damage: SpoolDamage) => void, seal?: SpoolSeal) {
    this.#seal = seal;
    this.#folder = folder;
    this.#live = live;
    this.#onDamage = onDamage;
    this.#confirmed = readPosition(folder);
    // From the oldest segment, not from what was confirmed: provisional spans before it may still be unsettled.
    this.#segment = this.#segments()[0] ?? 1;
    this.#oldest = this.#segment;
    this.#reader = new SegmentReader(this.#path(this.#segment));
  }

  /** Up to where everything has arrived. */
  get confirmed(): SpoolPosition {
    return this.#confirmed;
  }

  /** Whether reading ended at an error of the disk: then the folder must stay. */
  get unreadable(): boolean {
    return this.#unreadable;
  }

  /** The bytes of all segments. */
  sizeBytes(): number {
    return segmentBytes(this.#folder);
  }

  /**
   * The next payloads: at most `maxBytes` together, unless one alone is larger.
   *
   * @returns Undefined when there is nothing to send now.
   */
  next(maxBytes: number): SpoolBatch | undefined {
    const payloads: Buffer[] = [];
    let size = 0;
    let next: SpoolPosition | undefined;
    this.#reader.release();
    while (payloads.length < MAX_BATCH_PAYLOADS) {
      const frame = this.#nextFrame();
      if (frame === undefined) break;
      const here = { segment: this.#segment, offset: this.#reader.offset };
      if (frame.kind === 'final' && isBefore(this.#confirmed, here)) {
        if (size > 0 && size + frame.payload.length > maxBytes) {
          this.#reader.putBack();
          break;
        }
        payloads.push(frame.payload);
        size += frame.payload.length;
        next = here;
      }
      this.#settle(frame);
    }
    if (next !== undefined) return { payloads, next };
    return this.#live ? undefined : this.#unsettledBatch(maxBytes);
  }

  #settle(frame: Frame): void {
    for (const number of frame.numbers) {
      if (frame.kind === 'final') this.#unsettled.delete(number);
      // A copy: the view is valid until the next batch.
      else this.#unsettled.set(number, { segment: this.#segment, payload: Buffer.from(frame.payload) });
    }
  }

  #unsettledBatch(maxBytes: number): SpoolBatch | undefined {
    const payloads: Buffer[] = [];
    let size = 0;
    for (const [number, { payload }] of this.#unsettled) {
      if (payloads.length === MAX_BATCH_PAYLOADS || (size > 0 && size + payload.length > maxBytes)) break;
      payloads.push(payload);
      size += payload.length;
      this.#unsettled.delete(number);
    }
    if (payloads.length === 0) return undefined;
    return { payloads, next: { segment: this.#segment, offset: this.#reader.offset } };
  }

  #nextFrame(): Frame | undefined {
    for (;;) {
      const frame = this.#reader.next();
      if (frame?.sealed === true) {
        const payload = this.#seal?.open(sealContext(frame.kind, frame.numbers), frame.payload);
        if (payload !== undefined) return { ...frame, payload };
        this.#onDamage('damaged');
        continue;
      }
      if (frame !== undefined) return frame;
      if (this.#refill()) continue;
      // Waited for in a live folder, left alone in another: what cannot be read now must not be taken for the end.
      if (this.#unreadable) return undefined;
      const following = this.#segments().find((number) => number > this.#segment);
      // The writer never goes back: with a following segment there, this one is complete after one more look.
      if (following !== undefined && this.#refill()) continue;
      if (following === undefined && this.#live) return undefined;
      const rest = this.#reader.skipDamage();
      if (rest === 'skipped' || (rest === 'torn' && following !== undefined)) this.#onDamage('damaged');
      else if (rest === 'torn') this.#onDamage('torn_end');
      if (rest === 'skipped') continue;
      if (following === undefined) return undefined;
      this.#segment = following;
      this.#reader = new SegmentReader(this.#path(following));
    }
  }

  #refill(): boolean {
    try {
      this.#unreadable = false;
      return this.#reader.refill();
    } catch {
      this.#unreadable = true;
      return false;
    }
  }

  /**
   * Notes that a batch has arrived, and removes segments that nobody needs any more.
   *
   * @returns How many bytes of disk that freed.
   */
  confirm(batch: SpoolBatch): number {
    this.#confirmed = batch.next;
    writePosition(this.#folder, batch.next);
    let freed = 0;
    if (this.#oldest >= this.#confirmed.segment) return freed;
    // In the order in which they were read: the first is the oldest.
    const oldestUnsettled = this.#unsettled.values().next().value?.segment ?? Number.POSITIVE_INFINITY;
    this.#oldest = this.#confirmed.segment;
    for (const segment of this.#segments()) {
      if (segment >= this.#confirmed.segment) break;
      this.#oldest = segment;
      if (segment >= oldestUnsettled) break;
      const size = fileSize(this.#path(segment));
      if (!remove(this.#path(segment))) break;
      freed += size;
      this.#oldest = this.#confirmed.segment;
    }
    return freed;
  }

  /** Removes the folder, once everything in a dead process's folder has arrived. */
  remove(): void {
    remove(this.#folder);
  }

  #segments(): number[] {
    return listNames(this.#folder)
      .map(segmentNumber)
      .filter((number) => number !== undefined)
      .toSorted((a, b) => a - b);
  }

  #path(segment: number): string {
    return join(this.#folder, segmentName(segment));
  }
}

function listNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** False where the disk does not let us; then it is tried again with what arrives next. */
function remove(path: string): boolean {
  try {
    rmSync(path, { recursive: true, force: true });
    return true;
  } catch {
    return false;
  }
}

function fileSize(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
