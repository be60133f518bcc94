import { checkCheckpoint } from './checkpoint-verifier.ts';
import { encodeBase64, equalBytes } from './encoding.ts';
import type { FailureList, FindingPlace } from './failures.ts';
import type { LogKeys } from './key-history.ts';
import type { RootTrack } from './root-track.ts';

/** The most earlier checkpoints that one verification compares, and the most anchors. */
export const MAX_KNOWN_CHECKPOINTS = 100_000;

/** A checkpoint that was handed to a place outside of the log, and is given back. */
export interface Anchor {
  /** Its file, for the report. */
  name: string;
  /** The signed note. */
  note: string;
  /** The size that its file's name states; it must be the checkpoint's. */
  size?: number;
}

/** What the findings of one sort of checkpoints are called. */
const SORTS = {
  known: {
    invalid: 'known_checkpoint_invalid',
    ahead: 'known_checkpoint_ahead',
    inconsistent: 'known_checkpoint_inconsistent',
  },
  anchor: { invalid: 'anchor_invalid', ahead: 'anchor_ahead', inconsistent: 'anchor_inconsistent' },
} as const;

type Sort = keyof typeof SORTS;
type Trouble = keyof (typeof SORTS)[Sort];

/** What a log is known by while it is verified. */
export interface KnownLog {
  keys: LogKeys | undefined;
  /** Its size now; undefined if not known. */
  size: number | undefined;
  roots: RootTrack;
}

/** Checkpoints that were kept elsewhere, compared with the log while it passes their sizes. */
export class KnownCheckpoints {
  readonly #sort: Sort;
  readonly #log: KnownLog;
  readonly #failures: FailureList;
  #verified = 0;
  #failed = 0;
  #largest = 0;

  /** @param checkpoints with the name that the report calls each by */
  constructor(sort: Sort, checkpoints: readonly Anchor[], log: KnownLog, failures: FailureList) {
    this.#sort = sort;
    this.#log = log;
    this.#failures = failures;
    for (const checkpoint of checkpoints.slice(0, MAX_KNOWN_CHECKPOINTS)) this.#add(checkpoint);
    const over = checkpoints[MAX_KNOWN_CHECKPOINTS];
    if (over !== undefined) {
      const detail = `Only ${MAX_KNOWN_CHECKPOINTS} are compared, ${checkpoints.length} were given.`;
      this.#fail('invalid', over, detail);
    }
  }

  /** How many were reached and stated what the log holds. */
  get verified(): number {
    return this.#verified;
  }

  /** The largest size of those; 0 if one of them was not what it should be. */
  get provenSize(): number {
    return this.#failed === 0 ? this.#largest : 0;
  }

  #add(given: Anchor): void {
    const { keys, size, roots } = this.#log;
    const { checkpoint, problems } = checkCheckpoint(given.note, keys);
    const reasons = problems.map(({ detail }) => detail).join(' ');
    // Kept elsewhere, one that agrees with the log is good whatever became of its key: the last signature covers it.
    const isOutdated =
      problems.length > 0 && problems.every(({ code }) => code === 'checkpoint_key_outdated');
    if (checkpoint === undefined || (problems.length > 0 && !isOutdated)) {
      this.#fail('invalid', given, reasons);
    } else if (given.size !== undefined && given.size !== checkpoint.size) {
      this.#fail('invalid', given, `It is of size ${checkpoint.size}, its name says ${given.size}.`);
    } else if (roots.size > 0 && checkpoint.size <= roots.size) {
      // Passed before the verification was interrupted; had it not agreed, there would be nothing to go on from.
      this.#agree(checkpoint.size);
    } else if (size === undefined || checkpoint.size <= size) {
      roots.expect(checkpoint.size, (root) => {
        this.#compare(given, checkpoint, root, reasons);
      });
    } else if (isOutdated) {
      this.#fail('invalid', given, reasons, size);
    } else {
      const detail = `It covers ${checkpoint.size} entries, the log has ${size} now.`;
      this.#fail('ahead', given, detail, size);
    }
  }

  #compare(
    given: Anchor,
    stated: { size: number; root: Uint8Array },
    root: Uint8Array | undefined,
    reasons: string,
  ): void {
    const { size } = stated;
    if (root !== undefined && equalBytes(root, stated.root)) {
      this.#agree(size);
      return;
    }
    if (reasons !== '' && root !== undefined) {
      this.#fail('invalid', given, `${reasons} The log holds another tree there.`, size);
      return;
    }
    const detail =
      root === undefined
        ? `The root at size ${size} cannot be computed, because hashes before it are missing.`
        : `It states the root ${encodeBase64(stated.root)} at size ${size}; here it is ${encodeBase64(root)}.`;
    this.#fail('inconsistent', given, detail, size);
  }

  #agree(size: number): void {
    this.#verified += 1;
    this.#largest = Math.max(this.#largest, size);
  }

  #fail(trouble: Trouble, { name }: Anchor, detail: string, index?: number): void {
    this.#failed += 1;
    const at = index === undefined ? {} : { index };
    // An anchor has a file; of a checkpoint that was given, only its number is known.
    const place: FindingPlace = this.#sort === 'anchor' ? { ...at, path: name } : at;
    const what = this.#sort === 'anchor' ? `Anchor ${name}` : `Known checkpoint ${name}`;
    this.#failures.add(SORTS[this.#sort][trouble], place, `${what}: ${detail}`);
  }
}
