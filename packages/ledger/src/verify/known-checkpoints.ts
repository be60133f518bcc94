import { checkCheckpoint } from './checkpoint-verifier.ts';
import { encodeBase64, equalBytes } from './encoding.ts';
import type { FailureList } from './failures.ts';
import type { LogKeys } from './key-history.ts';
import type { RootTrack } from './root-track.ts';

/** The most earlier checkpoints that one verification compares. */
export const MAX_KNOWN_CHECKPOINTS = 10_000;

/** Checkpoints that were kept elsewhere, compared with the log while it passes their sizes. */
export class KnownCheckpoints {
  readonly #failures: FailureList;
  #verified: number;

  /**
   * @param notes signed checkpoints; the first is number 1 in the report
   * @param size the log's size now; undefined if not known
   * @param verified how many of those were reached that `roots` has passed already
   */
  constructor(
    notes: readonly string[],
    keys: LogKeys | undefined,
    size: number | undefined,
    roots: RootTrack,
    failures: FailureList,
    verified = 0,
  ) {
    this.#failures = failures;
    this.#verified = verified;
    for (const [i, note] of notes.slice(0, MAX_KNOWN_CHECKPOINTS).entries())
      this.#add(note, i + 1, keys, size, roots);
    if (notes.length > MAX_KNOWN_CHECKPOINTS) {
      const detail = `Only ${MAX_KNOWN_CHECKPOINTS} checkpoints are compared, ${notes.length} were given.`;
      this.#fail('known_checkpoint_invalid', MAX_KNOWN_CHECKPOINTS + 1, detail);
    }
  }

  /** How many were reached and stated what the log holds. */
  get verified(): number {
    return this.#verified;
  }

  #add(
    note: string,
    number: number,
    keys: LogKeys | undefined,
    size: number | undefined,
    roots: RootTrack,
  ): void {
    const { checkpoint, problems } = checkCheckpoint(note, keys);
    const reasons = problems.map(({ detail }) => detail).join(' ');
    // Kept elsewhere, one that agrees with the log is good whatever became of its key: the last signature covers it.
    const isOutdated =
      problems.length > 0 && problems.every(({ code }) => code === 'checkpoint_key_outdated');
    if (checkpoint === undefined || (problems.length > 0 && !isOutdated)) {
      this.#fail('known_checkpoint_invalid', number, reasons);
    } else if (size !== undefined && checkpoint.size > size && isOutdated) {
      this.#fail('known_checkpoint_invalid', number, reasons, size);
    } else if (size !== undefined && checkpoint.size > size) {
      const detail = `It covers ${checkpoint.size} entries, the log has ${size} now.`;
      this.#fail('known_checkpoint_ahead', number, detail, size);
    } else if (roots.size === 0 || checkpoint.size > roots.size) {
      roots.expect(checkpoint.size, (root) => this.#compare(number, checkpoint, root, reasons));
    }
  }

  #compare(
    number: number,
    stated: { size: number; root: Uint8Array },
    root: Uint8Array | undefined,
    reasons: string,
  ): void {
    if (root !== undefined && equalBytes(root, stated.root)) {
      this.#verified += 1;
      return;
    }
    const { size } = stated;
    if (reasons !== '' && root !== undefined) {
      this.#fail('known_checkpoint_invalid', number, `${reasons} The log holds another tree there.`, size);
      return;
    }
    const detail =
      root === undefined
        ? `The root at size ${size} cannot be computed, because hashes before it are missing.`
        : `It states the root ${encodeBase64(stated.root)} at size ${size}; here it is ${encodeBase64(root)}.`;
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
