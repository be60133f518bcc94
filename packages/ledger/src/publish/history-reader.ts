import { LedgerError } from '../errors.ts';
import type { TileSource } from '../verify/tile.ts';
import { parseSignedCheckpoint } from '../verify/checkpoint.ts';
import { isValidAt, KEYS_PATH, readKeyHistory, type LogKey } from '../verify/key-history.ts';
import { HISTORY_INDEX, historyPath, parseHistoryIndex, splitNotes } from '../verify/history-file.ts';
import { checkpointOf, MAX_HISTORY_NOTES } from './history-notes.ts';

/** How old the reader's knowledge of the log's keys may be, in milliseconds. */
const KEYS_REFRESH_MS = 1_000;

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
  #keys: readonly LogKey[] = [];
  #keysText: string | undefined;
  #keysReadAtMs = -Infinity;

  constructor(source: TileSource) {
    this.#source = source;
  }

  /**
   * The first published checkpoint that is larger than an index and whose signature counts; undefined if none is yet.
   * Where a key was revoked from an earlier size on, checkpoints that it alone has signed are passed over.
   *
   * @throws LedgerError `checkpoint_invalid` or `tile_missing` where the history is damaged
   */
  async covering(index: number): Promise<string | undefined> {
    const keys = await this.#readKeys();
    for (let from = index; ;) {
      const note = await this.#firstAfter(from);
      const next = note === undefined ? undefined : nextCounted(note, keys);
      if (next === undefined) return note;
      from = next;
    }
  }

  async #readKeys(): Promise<readonly LogKey[]> {
    if (performance.now() - this.#keysReadAtMs < KEYS_REFRESH_MS) return this.#keys;
    const bytes = await this.#source.read(KEYS_PATH);
    const text = bytes && new TextDecoder().decode(bytes);
    if (text !== this.#keysText) this.#keys = readKeyHistory(text, undefined).keys.keys;
    this.#keysText = text;
    this.#keysReadAtMs = performance.now();
    return this.#keys;
  }

  async #firstAfter(index: number): Promise<string | undefined> {
    const kept = this.#file;
    const known = kept === undefined ? undefined : firstLarger(kept.checkpoints, index);
    // In the file that was read last, unless it might be in one before, or the last of it got cosignatures since.
    const isSettled = kept?.checkpoints.length === MAX_HISTORY_NOTES || known !== kept?.checkpoints.at(-1);
    if (kept !== undefined && known !== undefined && isSettled && kept.firstSize <= index) return known.note;

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

/**
 * Whether a checkpoint's signature counts.
 *
 * @returns undefined if it does; otherwise the size after which the next can count
 */
function nextCounted(note: string, keys: readonly LogKey[]): number | undefined {
  const signed = keys.length === 0 ? undefined : parseSignedCheckpoint(note);
  if (signed?.ok !== true) return undefined;
  const { checkpoint, note: parsedNote } = signed.value;
  const { size } = checkpoint;
  const ids = new Set(parsedNote.signatures.map(({ keyId }) => keyId));
  if (keys.some((key) => ids.has(key.keyId) && isValidAt(key, size))) return undefined;
  const starts = keys
    .filter(({ until }) => until === undefined || until > size + 1)
    .map(({ from }) => Math.max(size, from - 1));
  return Math.min(...starts);
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
  const size = checkpoints[low]?.size;
  // The last of a size bears the most cosignatures.
  while (size !== undefined && checkpoints[low + 1]?.size === size) low++;
  return checkpoints[low];
}
