import { LedgerError } from '../errors.ts';
import type { TileSource } from '../verify/tile.ts';
import { HISTORY_INDEX, historyPath, parseHistoryIndex, splitNotes } from '../verify/history-file.ts';
import { checkpointOf, MAX_HISTORY_NOTES } from './history-notes.ts';

/** A history file, taken apart. */
interface HistoryFile {
  firstSize: number;
  checkpoints: { size: number; note: string }[];
}

/** Finds published checkpoints in the history of a log. */
export class HistoryReader {
  readonly #source: TileSource;
  #firstSizes: number[] = [];
  /** The file that was read last: neighbouring entries are asked for together. */
  #file: HistoryFile | undefined;

  constructor(source: TileSource) {
    this.#source = source;
  }

  /**
   * The first published checkpoint that is larger than an index; undefined if none is yet.
   *
   * @throws LedgerError `checkpoint_invalid` or `tile_missing` where the history is damaged
   */
  async covering(index: number): Promise<string | undefined> {
    const kept = this.#file;
    const known = kept === undefined ? undefined : firstLarger(kept.checkpoints, index);
    // In the file that was read last, unless it might be in one before.
    if (kept !== undefined && known !== undefined && kept.firstSize <= index) return known.note;

    if ((this.#firstSizes.at(-1) ?? 0) <= index || this.#firstSizes.length === 0) await this.#readIndex();
    // The file that begins with the last size that does not cover the index; it may end before one that does.
    const at = Math.max(
      0,
      this.#firstSizes.findLastIndex((size) => size <= index),
    );
    for (const firstSize of this.#firstSizes.slice(at, at + 2)) {
      const found = firstLarger((await this.#read(firstSize)).checkpoints, index);
      if (found !== undefined) return found.note;
    }
    return undefined;
  }

  async #readIndex(): Promise<void> {
    const bytes = await this.#source.read(HISTORY_INDEX);
    const firstSizes = bytes === undefined ? [] : parseHistoryIndex(bytes);
    if (firstSizes === undefined) {
      throw new LedgerError('checkpoint_invalid', `${HISTORY_INDEX} is not a list of history files`);
    }
    this.#firstSizes = firstSizes;
  }

  async #read(firstSize: number): Promise<HistoryFile> {
    const path = historyPath(firstSize);
    const kept = this.#file;
    if (kept?.firstSize === firstSize && kept.checkpoints.length === MAX_HISTORY_NOTES) return kept;
    const bytes = await this.#source.read(path);
    if (bytes === undefined) throw new LedgerError('tile_missing', `${path} is missing`);
    const checkpoints = splitNotes(new TextDecoder().decode(bytes)).notes.map((note) => {
      const checkpoint = checkpointOf(note);
      if (checkpoint === undefined)
        throw new LedgerError('checkpoint_invalid', `${path} holds a note that is none`);
      return { size: checkpoint.size, note };
    });
    this.#file = { firstSize, checkpoints };
    return this.#file;
  }
}

function firstLarger(
  checkpoints: readonly { size: number; note: string }[],
  index: number,
): { size: number; note: string } | undefined {
  let low = 0;
  let high = checkpoints.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((checkpoints[middle]?.size ?? 0) <= index) low = middle + 1;
    else high = middle;
  }
  return checkpoints[low];
}
