import type { FailureList } from './failures.ts';
import type { LogFiles } from './log-files.ts';
import { MINIMUM_INDEX_PATH, parseMinimumIndex } from './minimum-index.ts';
import { entryBundlePath, TILE_WIDTH } from './tile.ts';

/** The most separate runs of missing entries that are kept until it is known what became of them. */
const MAX_RUNS = 1_000;

/** Entries that are not there, in whole bundles, and whose hashes the tree proves. */
export interface AbsentRun {
  /** Index of the first and of the last of them. */
  from: number;
  to: number;
}

/** What {@link PrunedEntries} knows, to be taken up again. */
export interface PrunedState {
  runs: AbsentRun[];
  stated: number;
}

/**
 * Entries that are not there, until it is known whether they were pruned: by a record of the log that states the minimum
 * index (`retention.pruned`), and nothing else. Such a record stands behind what it is about, so whoever takes entries
 * away and cannot write to the log is found out.
 */
export class PrunedEntries {
  readonly #files: LogFiles;
  readonly #runs: AbsentRun[] = [];
  /** What the log's file says. */
  #published = 0;
  /** The largest that an entry states. */
  #stated = 0;

  constructor(files: LogFiles) {
    this.#files = files;
  }

  /**
   * Reads the published minimum index. To be called before a checkpoint is read, so that the record of it is among the
   * entries that this one covers.
   */
  async read(failures: FailureList): Promise<void> {
    const file = await this.#files.read(MINIMUM_INDEX_PATH);
    const place = { path: MINIMUM_INDEX_PATH };
    if (file.kind === 'failed')
      failures.add('read_failed', place, `${MINIMUM_INDEX_PATH} cannot be read: ${file.detail}`);
    if (file.kind !== 'found') return;
    const index = parseMinimumIndex(file.bytes);
    if (index === undefined)
      failures.add('minimum_index_wrong', place, 'It is no index at which a bundle begins.');
    else this.#published = index;
  }

  /** How many entries are not there, as far as they were taken note of. */
  get count(): number {
    return this.#runs.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  }

  /** What an entry states: of what lies behind it, it says nothing. */
  takeStatement(index: number, minimumIndex: number): void {
    if (minimumIndex <= index) this.#stated = Math.max(this.#stated, minimumIndex);
  }

  /**
   * Takes note of entries that are not there.
   *
   * @returns false if they cannot have been pruned: they are behind others, and behind the published minimum index
   */
  take({ from, to }: AbsentRun): boolean {
    const last = this.#runs.at(-1);
    if (last?.to === from - 1) {
      last.to = to;
      return true;
    }
    const isPossible = from === 0 || to < this.#published;
    if (!isPossible || this.#runs.length >= MAX_RUNS) return false;
    this.#runs.push({ from, to });
    return true;
  }

  /**
   * Reports what was not pruned. To be called once all entries have passed.
   *
   * @returns how many entries were pruned, and the first index that the log says it still has
   */
  async finish(failures: FailureList): Promise<{ pruned: number; minimumIndex: number; isSound: boolean }> {
    let pruned = 0;
    const before = failures.total;
    for (const { from, to } of this.#runs) {
      pruned += Math.max(0, Math.min(to + 1, this.#stated) - from);
      if (to < this.#stated) continue;
      const first = Math.max(from, this.#stated);
      const why =
        this.#stated === 0
          ? 'no entry of the log says that they were pruned'
          : `the log says that it was pruned up to entry ${this.#stated} only`;
      const again = (await this.#isPrunedSince())
        ? ' It was pruned while it was verified: verify again.'
        : '';
      failures.add(
        'bundle_missing',
        { index: first, path: entryBundlePath(Math.floor(first / TILE_WIDTH)) },
        `Entries ${first} to ${to} are not there, and ${why}.${again}`,
      );
    }
    if (this.#published > this.#stated) {
      const said = this.#stated === 0 ? 'no entry of the log says so' : `the log says ${this.#stated}`;
      failures.add(
        'minimum_index_wrong',
        { path: MINIMUM_INDEX_PATH },
        `It says that the log begins at entry ${this.#published}, and ${said}.`,
      );
    }
    return { pruned, minimumIndex: this.#stated, isSound: failures.total === before };
  }

  /** What is known, to be taken up by {@link restore}. */
  save(): PrunedState {
    return { runs: this.#runs.map((run) => ({ ...run })), stated: this.#stated };
  }

  /** Takes up what was known. */
  restore({ runs, stated }: PrunedState): void {
    this.#runs.splice(0, this.#runs.length, ...runs);
    this.#stated = stated;
  }

  async #isPrunedSince(): Promise<boolean> {
    const file = await this.#files.read(MINIMUM_INDEX_PATH);
    return file.kind === 'found' && (parseMinimumIndex(file.bytes) ?? 0) > this.#published;
  }
}
