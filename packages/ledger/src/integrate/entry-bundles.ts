import { ByteBuffer } from '../byte-buffer.ts';
import { TILE_WIDTH } from '../verify/tile.ts';

/** An entry bundle's place and content. */
export interface EntryBundle {
  index: number;
  /** 1 to 256 entries. */
  width: number;
  bytes: Buffer;
}

/**
 * Storage that is kept for bundles to come: as much as may wait to be written. It is shared with a thread: see
 * `append/spare-groups.ts`.
 */
const MAX_SPARE_BYTES = 32 * 1024 * 1024;

/** Storage above this is not kept: a log of large entries shall not hold memory after they have ended. */
const MAX_SPARE_BUNDLE_BYTES = 1024 * 1024;

/** The rightmost entry bundle of a log. One that gets full is handed out. */
export class EntryBundles {
  readonly #onFull: (bundle: EntryBundle) => void;
  /** Shared: the thread that writes files reads from where the bundle was gathered. */
  #bytes = new ByteBuffer(0, true);
  /** Bundles that are written, whose storage the next ones take over, and those that are not, by their bytes. */
  readonly #spares: ByteBuffer[] = [];
  #spareBytes = 0;
  readonly #handedOut = new Map<Uint8Array, ByteBuffer>();
  #index: number;
  #width: number;

  /**
   * @param partial the unfinished bundle of the log so far
   * @param size the log's size so far
   * @param onFull takes each bundle that gets full; the bytes are its own, until it gives them back
   */
  constructor(partial: Uint8Array, size: number, onFull: (bundle: EntryBundle) => void) {
    this.#onFull = onFull;
    this.#bytes.push(partial);
    this.#index = Math.floor(size / TILE_WIDTH);
    this.#width = size % TILE_WIDTH;
  }

  /**
   * Adds entries.
   *
   * @param entries each behind its uint16 length: the encoding of bundles
   * @param ends where in them bundles get full, ascending
   * @param size the log's with them
   */
  add(entries: Buffer, ends: readonly number[], size: number): void {
    let start = 0;
    for (const end of ends) {
      this.#bytes.push(entries, start, end);
      this.#handOut();
      this.#index++;
      start = end;
    }
    this.#bytes.push(entries, start);
    this.#width = size % TILE_WIDTH;
  }

  /** Takes back the bytes of a full bundle, which nobody uses any more; no other bytes are taken. */
  giveBack(bytes: Uint8Array): void {
    const storage = this.#handedOut.get(bytes);
    this.#handedOut.delete(bytes);
    const sizeBytes = storage?.bytes.length ?? 0;
    if (storage === undefined || sizeBytes > MAX_SPARE_BUNDLE_BYTES) return;
    if (this.#spareBytes + sizeBytes > MAX_SPARE_BYTES) return;
    storage.length = 0;
    this.#spares.push(storage);
    this.#spareBytes += sizeBytes;
  }

  /** A copy of the unfinished bundle; undefined if all are full. */
  partial(): EntryBundle | undefined {
    if (this.#width === 0) return undefined;
    return { index: this.#index, width: this.#width, bytes: Buffer.from(this.#bytes.view) };
  }

  #handOut(): void {
    const full = this.#bytes;
    const { view } = full;
    this.#handedOut.set(view, full);
    const spare = this.#spares.pop();
    this.#spareBytes -= spare?.bytes.length ?? 0;
    // The next one will be about as long, and copied if it is any longer.
    this.#bytes = spare ?? new ByteBuffer(full.length + (full.length >> 3), true);
    this.#onFull({ index: this.#index, width: TILE_WIDTH, bytes: view });
  }
}
