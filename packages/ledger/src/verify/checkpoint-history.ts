/**
 * Compares a log with the history of checkpoints that it keeps beside its tiles (history-file.ts). A checkpoint enters
 * the history before it becomes `checkpoint`. It gives away who cuts back the log and leaves the history, or removes
 * it; not who cuts both back to the same checkpoint, which takes no key: that only a checkpoint kept elsewhere does.
 */
import { checkCheckpoint } from './checkpoint-verifier.ts';
import { parseSignedCheckpoint, type Checkpoint } from './checkpoint.ts';
import { decodeUtf8, encodeBase64, equalBytes } from './encoding.ts';
import type { FailureList } from './failures.ts';
import { HISTORY_INDEX, historyPath, parseHistoryIndex, splitNotes } from './history-file.ts';
import type { LogKeys } from './key-history.ts';
import type { LogFiles } from './log-files.ts';
import type { KnownWitnesses } from './known-witnesses.ts';
import type { SignedNote } from './note.ts';
import type { RootTrack } from './root-track.ts';
import type { WarningList } from './warnings.ts';

/** Whether a log has to keep a history of its checkpoints. */
export type HistoryDemand = 'required' | 'optional';

/** The end of a history. */
export interface HistoryTail {
  /** The last checkpoint, its signature verified. */
  last: Checkpoint;
  /** The note that carries it. */
  note: SignedNote;
  signers: string[];
  /** The size of the one before it; 0 if there is none. */
  previousSize: number;
}

/** A log's history, compared with the log while it passes the sizes in it. */
export class CheckpointHistory {
  readonly #files: LogFiles;
  readonly #keys: LogKeys | undefined;
  readonly #failures: FailureList;
  readonly #warnings: WarningList;
  readonly #demand: HistoryDemand;
  readonly #witnesses: KnownWitnesses;
  /** First sizes of the files that were not compared yet, ascending. */
  #waiting: number[] = [];
  #verified = 0;

  constructor(
    files: LogFiles,
    keys: LogKeys | undefined,
    demand: HistoryDemand,
    witnesses: KnownWitnesses,
    failures: FailureList,
    warnings: WarningList,
  ) {
    this.#files = files;
    this.#keys = keys;
    this.#demand = demand;
    this.#witnesses = witnesses;
    this.#failures = failures;
    this.#warnings = warnings;
  }

  /** How many checkpoints stated what the log holds. */
  get verified(): number {
    return this.#verified;
  }

  /**
   * Reads where the history ends. To be called once, before everything else, and before `checkpoint` is read, so that
   * of a log that grows meanwhile the history is never the newer of the two.
   *
   * @returns undefined if the log keeps no history, which is reported, or its end cannot be trusted
   */
  async readTail(): Promise<HistoryTail | undefined> {
    const index = await this.#files.read(HISTORY_INDEX);
    if (index.kind === 'absent') {
      this.#reportMissing('There is no such file.');
      return undefined;
    }
    if (index.kind === 'failed') {
      this.#failures.add(
        'read_failed',
        { path: HISTORY_INDEX },
        `${HISTORY_INDEX} cannot be read: ${index.detail}`,
      );
      return undefined;
    }
    const sizes = parseHistoryIndex(index.bytes);
    if (sizes === undefined) {
      this.#failures.add(
        'history_malformed',
        { path: HISTORY_INDEX },
        'It is not a list of history files, ascending.',
      );
      return undefined;
    }
    this.#waiting = sizes;
    const lastSize = sizes.at(-1);
    if (lastSize === undefined) {
      this.#reportMissing('It lists no history file.');
      return undefined;
    }
    const notes = await this.#readNotes(lastSize);
    const previous =
      notes.at(-2) ?? (sizes.length > 1 ? (await this.#readNotes(sizes.at(-2) ?? 0)).at(-1) : undefined);
    const note = notes.at(-1);
    const checked = note === undefined ? undefined : checkCheckpoint(note, this.#keys);
    if (
      checked?.checkpoint === undefined ||
      checked.note === undefined ||
      checked.problems.length > 0 ||
      checked.signers.length === 0
    ) {
      const reason =
        checked === undefined
          ? 'It holds no checkpoint.'
          : checked.problems.map(({ detail }) => detail).join(' ');
      if (this.#keys !== undefined)
        this.#failures.add('history_malformed', { path: historyPath(lastSize) }, `Its last one: ${reason}`);
      return undefined;
    }
    const before = previous === undefined ? undefined : parseSignedCheckpoint(previous);
    const previousSize = before?.ok === true ? before.value.checkpoint.size : 0;
    return { last: checked.checkpoint, note: checked.note, signers: checked.signers, previousSize };
  }

  /**
   * Has the checkpoints compared that the walk is about to reach. Signatures are looked at where a root differs: one
   * that agrees with the tree, which the last signature covers, gains nothing by its own.
   *
   * @param end the size that the walk reaches next
   * @param size the log's size
   */
  async expectUpTo(end: number, size: number, roots: RootTrack): Promise<void> {
    for (let first = this.#waiting[0]; first !== undefined && first <= end; first = this.#waiting[0]) {
      this.#waiting.shift();
      const path = historyPath(first);
      let before = 0;
      for (const note of await this.#readNotes(first, path)) {
        const signed = parseSignedCheckpoint(note);
        if (!signed.ok) {
          this.#failures.add(
            'history_malformed',
            { path },
            `A checkpoint in it cannot be read: ${signed.detail}.`,
          );
          continue;
        }
        const { checkpoint, note: parsedNote } = signed.value;
        const isInOrder = checkpoint.size >= Math.max(before, roots.size);
        before = checkpoint.size;
        if (!isInOrder) {
          const detail = `The checkpoint of size ${checkpoint.size} is out of order.`;
          this.#failures.add('history_malformed', { path }, detail);
        } else if (checkpoint.size <= size) {
          this.#expect(checkpoint, note, parsedNote, path, roots);
        }
      }
    }
  }

  /**
   * Takes up where a verification was interrupted, after {@link readTail}. What was compared before is not compared
   * again; of the file in which it stopped, the rest is.
   *
   * @param verified how many checkpoints had stated what the log holds
   * @param size the log's size
   * @param roots has passed what was walked
   */
  async resume(verified: number, size: number, roots: RootTrack): Promise<void> {
    this.#verified = verified;
    const next = this.#waiting.findIndex((first) => first > roots.size);
    const done = this.#waiting.splice(0, next < 0 ? this.#waiting.length : next);
    const last = done.at(-1);
    if (last === undefined) return;
    const path = historyPath(last);
    let before = 0;
    // What is wrong with the file was reported when it was first read.
    for (const note of await this.#readNotes(last)) {
      const signed = parseSignedCheckpoint(note);
      if (!signed.ok) continue;
      const { checkpoint, note: parsedNote } = signed.value;
      const isInOrder = checkpoint.size >= before;
      before = checkpoint.size;
      if (isInOrder && checkpoint.size > roots.size && checkpoint.size <= size)
        this.#expect(checkpoint, note, parsedNote, path, roots);
    }
  }

  #expect(
    checkpoint: Checkpoint,
    note: string,
    parsedNote: SignedNote,
    path: string,
    roots: RootTrack,
  ): void {
    roots.expect(checkpoint.size, (root) => {
      if (this.#compare(checkpoint, note, path, root))
        this.#witnesses.see(parsedNote, checkpoint.size, { path });
    });
  }

  #reportMissing(detail: string): void {
    const list = this.#demand === 'required' ? this.#failures : this.#warnings;
    list.add('history_missing', { path: HISTORY_INDEX }, detail);
  }

  /** Whether a checkpoint states what the log holds; reports it if not. */
  #compare(checkpoint: Checkpoint, note: string, path: string, root: Uint8Array | undefined): boolean {
    const { size, origin } = checkpoint;
    if (root !== undefined && equalBytes(root, checkpoint.root) && origin === (this.#keys?.name ?? origin)) {
      this.#verified += 1;
      return true;
    }
    // Without hashes nothing can be said; that they are missing is reported as what it is.
    if (root === undefined) return false;
    const { problems } = checkCheckpoint(note, this.#keys);
    const place = { index: size, path };
    const stated = `The checkpoint of size ${size} states the root ${encodeBase64(checkpoint.root)}; here it is ${encodeBase64(root)}.`;
    if (problems.length === 0)
      this.#failures.add('history_inconsistent', place, `${stated} Its signature is good.`);
    else
      this.#failures.add(
        'history_malformed',
        place,
        `${stated} ${problems.map(({ detail }) => detail).join(' ')}`,
      );
    return false;
  }

  /** The notes of a history file; reports what keeps them from being read where a path is given to report. */
  async #readNotes(firstSize: number, path?: string): Promise<string[]> {
    const file = await this.#files.read(historyPath(firstSize));
    const text = file.kind === 'found' ? decodeUtf8(file.bytes) : undefined;
    if (text !== undefined) {
      const { notes, rest } = splitNotes(text);
      // The last file may be read while it grows.
      if (path !== undefined && rest !== '' && this.#waiting.length > 0) {
        this.#failures.add(
          'history_malformed',
          { path },
          'After its last checkpoint follows something that is none.',
        );
      }
      return notes;
    }
    if (path !== undefined) {
      const reason =
        file.kind === 'absent' ? 'It is missing.' : file.kind === 'failed' ? file.detail : 'It is not UTF-8.';
      this.#failures.add('history_malformed', { path }, reason);
    }
    return [];
  }
}
