import type { TileSource } from './verify/tile.ts';

/** Keeps the immutable files of a log that were read last, up to a number of bytes. */
export class FileCache implements TileSource {
  readonly #source: TileSource;
  readonly #maxBytes: number;
  readonly #kept = new Map<string, Uint8Array>();
  #keptBytes = 0;

  constructor(source: TileSource, maxBytes: number) {
    this.#source = source;
    this.#maxBytes = maxBytes;
  }

  /** Reads a file whose content never changes once it is there. */
  async read(path: string): Promise<Uint8Array | undefined> {
    const kept = this.#kept.get(path);
    if (kept !== undefined) {
      // Set again, it moves to the end: the first is the one unused for the longest time.
      this.#kept.delete(path);
      this.#kept.set(path, kept);
      return kept;
    }
    const bytes = await this.#source.read(path);
    if (bytes !== undefined) this.#keep(path, bytes);
    return bytes;
  }

  #keep(path: string, bytes: Uint8Array): void {
    if (bytes.length > this.#maxBytes || this.#kept.has(path)) return;
    this.#kept.set(path, bytes);
    this.#keptBytes += bytes.length;
    for (const [oldest, { length }] of this.#kept) {
      if (this.#keptBytes <= this.#maxBytes) break;
      this.#kept.delete(oldest);
      this.#keptBytes -= length;
    }
  }
}
