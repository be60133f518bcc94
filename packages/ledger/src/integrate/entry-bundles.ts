import { ByteBuffer } from '../byte-buffer.ts';
import { TILE_WIDTH } from '../verify/tile.ts';

/** An entry bundle's place and content. */
export interface EntryBundle {
  index: number;
  /** 1 to 256 entries. */
  width: number;
  bytes: Buffer;
}

/** The rightmost entry bundle of a log. One that gets full is handed out. */
export class EntryBundles {
  readonly #onFull: (bundle: EntryBundle) => void;
  #bytes = new ByteBuffer();
  #index: number;
  #width: number;

  /**
   * @param partial the unfinished bundle of the log so far
   * @param size the log's size so far
   * @param onFull takes each bundle that gets full; the bytes are its own
   */
  constructor(partial: Uint8Array, size: number, onFull: (bundle: EntryBundle) => void) {
    this.#onFull = onFull;
    this.#bytes.push(partial);
    this.#index = Math.floor(size / TILE_WIDTH);
    this.#width = size % TILE_WIDTH;
  }

  /** Adds entries, each behind its uint16 length: the encoding of bundles. */
  add(entries: Buffer): void {
    let start = 0;
    let at = 0;
    while (at < entries.length) {
      at += 2 + entries.readUInt16BE(at);
      this.#width++;
      if (this.#width === TILE_WIDTH) {
        this.#bytes.push(entries.subarray(start, at));
        this.#onFull({ index: this.#index, width: TILE_WIDTH, bytes: this.#bytes.view });
        // The next one will be about as long.
        this.#bytes = new ByteBuffer(this.#bytes.length);
        this.#index++;
        this.#width = 0;
        start = at;
      }
    }
    this.#bytes.push(entries.subarray(start));
  }

  /** A copy of the unfinished bundle; undefined if all are full. */
  partial(): EntryBundle | undefined {
    if (this.#width === 0) return undefined;
    return { index: this.#index, width: this.#width, bytes: Buffer.from(this.#bytes.view) };
  }
}
