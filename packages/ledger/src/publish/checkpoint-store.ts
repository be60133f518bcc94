import { LedgerError } from '../errors.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import type { WritableStorage } from '../storage/storage.ts';
import { LOG_FOLDER } from '../storage/tiles.ts';
import { checkCheckpoint } from '../verify/checkpoint-verifier.ts';
import { decodeUtf8, equalBytes } from '../verify/encoding.ts';
import {
  formatHistoryIndex,
  HISTORY_DIRECTORY,
  HISTORY_INDEX,
  historyPath,
  splitNotes,
} from '../verify/history-file.ts';
import { historiesAmong, MAX_HISTORY_NOTES } from './history-notes.ts';

const CHECKPOINT = `${LOG_FOLDER}/checkpoint`;
const INDEX = `${LOG_FOLDER}/${HISTORY_INDEX}`;

/** A checkpoint that the log has published. */
export interface PublishedCheckpoint {
  /** The signed note. */
  note: string;
  size: number;
  /** 32 bytes. */
  root: Uint8Array;
}

/** The end of the history of checkpoints, as it was last read. */
interface HistoryTail {
  /** The first sizes of all files. */
  firstSizes: number[];
  /** How many notes the last file holds. */
  count: number;
  /** How many bytes they take. */
  sizeBytes: number;
  last: PublishedCheckpoint | undefined;
}

/**
 * Keeps what the log has published: `checkpoint`, and every checkpoint ever in `checkpoints/`. A checkpoint is in the
 * history, durably, before anybody can read it in `checkpoint`; so the last one of the history is what the log must
 * never contradict, whatever happened in between.
 */
export class CheckpointStore {
  readonly #storage: WritableStorage;
  readonly #ring: KeyRing;
  /** Undefined when it has to be read: at first, and after a write that failed. */
  #tail: HistoryTail | undefined;
  /** The size that `checkpoint` states for sure; it may have been replaced by that of the history's last. */
  #shownSize = -1;

  constructor(storage: WritableStorage, ring: KeyRing) {
    this.#storage = storage;
    this.#ring = ring;
  }

  /**
   * The last published checkpoint; undefined for a new log. Repairs what a crash left between the history and
   * `checkpoint`.
   *
   * @throws LedgerError `checkpoint_invalid` if what is there was not signed by the log's key, `ledger_damaged` if two
   *   checkpoints contradict each other
   */
  async recover(): Promise<PublishedCheckpoint | undefined> {
    const tail = await this.#readTail();
    const bytes = await this.#storage.read(CHECKPOINT);
    const current = bytes === undefined ? undefined : this.#check(decodeUtf8(bytes) ?? '', CHECKPOINT);
    this.#shownSize = current?.size ?? -1;
    if (
      current !== undefined &&
      current.size === tail.last?.size &&
      !equalBytes(current.root, tail.last.root)
    ) {
      throw new LedgerError('ledger_damaged', `${CHECKPOINT} contradicts the last checkpoint of the history`);
    }
    const last = current === undefined || (tail.last?.size ?? -1) > current.size ? tail.last : current;
    if (last !== undefined && (last.size !== tail.last?.size || last.size !== current?.size)) {
      await this.publish(last);
    }
    return last;
  }

  /**
   * Publishes a checkpoint, durably. If it rejects, the checkpoint may have become visible all the same: the next one
   * must be of a tree that extends it.
   */
  async publish(checkpoint: PublishedCheckpoint): Promise<void> {
    const tail = this.#tail ?? (await this.#readTail());
    const lastSize = tail.last?.size ?? -1;
    if (checkpoint.size < lastSize) {
      throw new TypeError(`a checkpoint of size ${checkpoint.size} after one of size ${lastSize}`);
    }
    this.#tail = undefined;
    // If an attempt failed after the next step, the note is there already: Ed25519 signs the same text the same way.
    // Cosignatures that came later are kept too, where the file has room: a file begins with a size of its own.
    const isCosigned = checkpoint.size === lastSize && checkpoint.note !== tail.last?.note;
    if (checkpoint.size > lastSize || (isCosigned && tail.count < MAX_HISTORY_NOTES)) {
      // The history is never ahead by more than one, however often showing it has failed.
      if (tail.last !== undefined && lastSize > this.#shownSize) await this.#show(tail.last);
      await this.#append(tail, checkpoint);
    }
    await this.#show(checkpoint);
    this.#tail = tail;
  }

  async #show({ note, size }: PublishedCheckpoint): Promise<void> {
    await this.#storage.put([{ name: CHECKPOINT, bytes: Buffer.from(note) }]);
    this.#shownSize = size;
  }

  async #append(tail: HistoryTail, checkpoint: PublishedCheckpoint): Promise<void> {
    const bytes = Buffer.from(checkpoint.note);
    const first = tail.firstSizes.at(-1);
    if (first === undefined || tail.count >= MAX_HISTORY_NOTES) {
      await this.#storage.put([{ name: historyName(checkpoint.size), bytes }]);
      tail.firstSizes.push(checkpoint.size);
      await this.#writeIndex(tail.firstSizes);
      tail.count = 0;
      tail.sizeBytes = 0;
    } else {
      await this.#storage.append(historyName(first), tail.sizeBytes, [bytes]);
    }
    tail.count++;
    tail.sizeBytes += bytes.length;
    tail.last = checkpoint;
  }

  async #writeIndex(firstSizes: readonly number[]): Promise<void> {
    await this.#storage.put([{ name: INDEX, bytes: Buffer.from(formatHistoryIndex(firstSizes)) }]);
  }

  /** Reads the end of the history, and cuts off a note that was never completed. */
  async #readTail(): Promise<HistoryTail> {
    const firstSizes = historiesAmong(await this.#storage.list(`${LOG_FOLDER}/${HISTORY_DIRECTORY}`));
    const tail: HistoryTail = { firstSizes, count: 0, sizeBytes: 0, last: undefined };
    const first = firstSizes.at(-1);
    if (first !== undefined) {
      const path = historyName(first);
      const { notes } = splitNotes((await this.#storage.read(path))?.toString('utf8') ?? '');
      tail.count = notes.length;
      tail.sizeBytes = Buffer.byteLength(notes.join(''));
      tail.last = this.#check(notes.at(-1) ?? '', path);
      await this.#storage.append(path, tail.sizeBytes, []);
    }
    const index = await this.#storage.read(INDEX);
    if (first !== undefined && index?.toString('latin1') !== formatHistoryIndex(firstSizes)) {
      await this.#writeIndex(firstSizes);
    }
    this.#tail = tail;
    return tail;
  }

  #check(note: string, path: string): PublishedCheckpoint {
    const { checkpoint, problems } = checkCheckpoint(note, this.#ring.keys);
    const detail = problems.map((problem) => problem.detail).join(' ');
    if (checkpoint === undefined || problems.length > 0) {
      throw new LedgerError('checkpoint_invalid', `${path}: ${detail}`, {
        hint: `The ledger was written with other keys than those of ${this.#ring.origin}, or the file was changed.`,
      });
    }
    return { note, size: checkpoint.size, root: checkpoint.root };
  }
}

function historyName(firstSize: number): string {
  return `${LOG_FOLDER}/${historyPath(firstSize)}`;
}
