import type { TileSource } from './tile.ts';

/** What comes of reading a file: reading never rejects, since a file that cannot be read is a finding. */
export type FileRead =
  { kind: 'found'; bytes: Uint8Array } | { kind: 'absent' } | { kind: 'failed'; detail: string };

/** A log's files, with room to fetch ahead. */
export class LogFiles {
  readonly #source: TileSource;
  readonly #ahead = new Map<string, Promise<FileRead>>();

  constructor(source: TileSource) {
    this.#source = source;
  }

  /** Reads a file. */
  async read(path: string): Promise<FileRead> {
    const pending = this.#ahead.get(path);
    this.#ahead.delete(path);
    return await (pending ?? this.#load(path));
  }

  /** Begins to read a file that is wanted soon. */
  prefetch(path: string): void {
    if (!this.#ahead.has(path)) this.#ahead.set(path, this.#load(path));
  }

  /** Keeps what was read for whoever reads the file next. */
  giveBack(path: string, read: FileRead): void {
    this.#ahead.set(path, Promise.resolve(read));
  }

  async #load(path: string): Promise<FileRead> {
    try {
      // A source is foreign code: what it answers is checked like everything else.
      const bytes: unknown = await this.#source.read(path);
      if (bytes === undefined) return { kind: 'absent' };
      if (bytes instanceof Uint8Array) return { kind: 'found', bytes };
      return { kind: 'failed', detail: `The source answered with a ${typeof bytes}.` };
    } catch (error) {
      return { kind: 'failed', detail: error instanceof Error ? error.message : String(error) };
    }
  }
}
