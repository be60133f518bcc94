import type { Checkpoint } from './checkpoint.ts';
import { checkCheckpoint } from './checkpoint-verifier.ts';
import { CompactRange } from './compact-range.ts';
import { encodeBase64, equalBytes } from './encoding.ts';
import type { FailureList } from './failures.ts';
import type { NoteVerificationKey } from './note.ts';
import { HASH_BYTES } from './tile.ts';
import { EMPTY_ROOT } from './tree.ts';

/** The most earlier checkpoints that one verification compares. */
export const MAX_KNOWN_CHECKPOINTS = 10_000;

/** Earlier checkpoints, compared with the log while it passes their sizes. */
export class KnownCheckpoints {
  readonly #failures: FailureList;
  /** Not yet reached, the smallest last. */
  readonly #waiting: { number: number; checkpoint: Checkpoint }[] = [];
  #range: CompactRange | undefined = new CompactRange();
  #verified = 0;

  /**
   * @param notes signed checkpoints; the first is number 1 in the report
   * @param size the log's size now; undefined if not known
   */
  constructor(
    notes: readonly string[],
    key: NoteVerificationKey | undefined,
    size: number | undefined,
    failures: FailureList,
  ) {
    this.#failures = failures;
    for (const [i, note] of notes.slice(0, MAX_KNOWN_CHECKPOINTS).entries()) {
      const { checkpoint, problems } = checkCheckpoint(note, key);
      if (problems.length > 0) {
        this.#fail('known_checkpoint_invalid', i + 1, problems.map(({ detail }) => detail).join(' '));
      }
      if (checkpoint === undefined || problems.length > 0) continue;
      if (size === undefined) this.#failUnreachable(i + 1, checkpoint.size);
      else if (checkpoint.size <= size) this.#waiting.push({ number: i + 1, checkpoint });
      else
        this.#fail(
          'known_checkpoint_ahead',
          i + 1,
          `It covers ${checkpoint.size} entries, the log has ${size} now.`,
          size,
        );
    }
    if (notes.length > MAX_KNOWN_CHECKPOINTS) {
      const detail = `Only ${MAX_KNOWN_CHECKPOINTS} checkpoints are compared, ${notes.length} were given.`;
      this.#fail('known_checkpoint_invalid', MAX_KNOWN_CHECKPOINTS + 1, detail);
    }
    this.#waiting.sort((a, b) => b.checkpoint.size - a.checkpoint.size);
    this.#compareAt(0, () => EMPTY_ROOT);
  }

  /** How many were reached and stated what the log holds. */
  get verified(): number {
    return this.#verified;
  }

  /**
   * Passes a bundle's worth of leaves.
   *
   * @param row their hashes, end to end; undefined if they are not known
   * @param count how many they are
   * @param root the root over all of them; needed only for 256 of them, and undefined if not known
   */
  pass(row: Uint8Array | undefined, count: number, root: Uint8Array | undefined): void {
    const range = this.#range;
    if (range === undefined) return;
    const begin = range.size;
    while ((this.#waiting.at(-1)?.checkpoint.size ?? Infinity) < begin + count) {
      const size = this.#waiting.at(-1)?.checkpoint.size ?? 0;
      this.#compareAt(
        size,
        () => row && appendRow(range.clone(), row.subarray(0, (size - begin) * HASH_BYTES)).root,
      );
    }
    if (root !== undefined && count === 256) range.appendSubtree(8, root);
    else if (row !== undefined) appendRow(range, row);
    else this.#range = undefined;
    this.#compareAt(begin + count, () => this.#range?.root);
  }

  /** Reports those that were not reached, because hashes before them are missing. */
  finish(): void {
    for (const { number, checkpoint } of this.#waiting.reverse())
      this.#failUnreachable(number, checkpoint.size);
    this.#waiting.length = 0;
  }

  #compareAt(size: number, computeRoot: () => Uint8Array | undefined): void {
    for (let next = this.#waiting.at(-1); next?.checkpoint.size === size; next = this.#waiting.at(-1)) {
      this.#waiting.pop();
      const root = computeRoot();
      if (root === undefined) this.#failUnreachable(next.number, size);
      else if (equalBytes(root, next.checkpoint.root)) this.#verified += 1;
      else {
        const detail = `It states the root ${encodeBase64(next.checkpoint.root)} at size ${size}; here it is ${encodeBase64(root)}.`;
        this.#fail('known_checkpoint_inconsistent', next.number, detail, size);
      }
    }
  }

  #failUnreachable(number: number, size: number): void {
    const detail = `The root at size ${size} cannot be computed, because hashes before it are missing.`;
    this.#fail('known_checkpoint_inconsistent', number, detail, size);
  }

  #fail(
    code: 'known_checkpoint_invalid' | 'known_checkpoint_ahead' | 'known_checkpoint_inconsistent',
    number: number,
    detail: string,
    index?: number,
  ): void {
    this.#failures.add(code, index === undefined ? {} : { index }, `Known checkpoint ${number}: ${detail}`);
  }
}

function appendRow(range: CompactRange, row: Uint8Array): CompactRange {
  for (let at = 0; at < row.length; at += HASH_BYTES) range.append(row.subarray(at, at + HASH_BYTES));
  return range;
}
