/**
 * How far the result of a verification reaches. A signature says that the holder of the log's key made a statement; it
 * does not say that this holder made the same statement to everybody, nor that it is the last one. Each level says
 * what it leaves open, so that nobody takes a good signature for more than it is.
 */

/**
 * - `unanchored`: nobody but the log's own key vouches for the checkpoint;
 * - `anchored`: an earlier state of the log was handed to a place that its operator cannot change;
 * - `witnessed`: witnesses, who sign no two contradicting states of one log, signed a state of it (C2SP
 *   tlog-cosignature).
 */
export type AssuranceLevel = 'unanchored' | 'anchored' | 'witnessed';

/** The level that a verification reached, and what it leaves open. */
export interface Assurance {
  level: AssuranceLevel;
  /** Of `witnessed`: how many of the known witnesses signed. */
  signed?: number;
  /** How many witnesses are known; absent if none were named. */
  of?: number;
  /** Up to which size others than the log's key vouch for it, in entries; absent at `unanchored`. */
  size?: number;
  /** What this level cannot exclude, one sentence each; never empty. */
  cannotExclude: string[];
}

const REWRITTEN =
  'The holder of the signing key wrote the whole log anew; a checkpoint kept elsewhere excludes it up to its size.';
const CUT_BACK =
  'The log was cut back to an earlier checkpoint; a checkpoint kept elsewhere excludes it up to its size.';

/** The assurance of a log for which nobody but its own key vouches. */
export function unanchored(): Assurance {
  return { level: 'unanchored', cannotExclude: [REWRITTEN, CUT_BACK] };
}

/** The level in a few words, for people: `witnessed 2/3 up to entry 4711`, say. */
export function describeAssurance({ level, signed, of, size }: Assurance): string {
  const share = level === 'witnessed' ? ` ${signed ?? 0}/${of ?? 0}` : '';
  return `${level}${share}${size === undefined ? '' : `, the first ${size} entries`}`;
}
