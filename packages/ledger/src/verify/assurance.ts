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
  /** How many of the known witnesses signed this size or a larger one; absent if none are known. */
  signed?: number;
  /** How many witnesses are known; absent if none are. */
  of?: number;
  /** Up to which size others than the log's key vouch for it, in entries; absent at `unanchored`. */
  size?: number;
  /** What each known witness signed last; absent if none are known. */
  witnesses?: WitnessStatement[];
  /** What this level cannot exclude, one sentence each; never empty. */
  cannotExclude: string[];
}

/** What a witness signed last of a log. */
export interface WitnessStatement {
  /** The witness's name. */
  name: string;
  /** The size that it signed; absent if it signed nothing that was seen. */
  size?: number;
  /** When it signed, by its own clock, in seconds since the epoch. */
  timeS?: number;
}

const REWRITTEN =
  'The holder of the signing key wrote the whole log anew, or shows others another one; a checkpoint kept elsewhere excludes it up to its size.';
const CUT_BACK =
  'The log was cut back to an earlier checkpoint; a checkpoint kept elsewhere excludes it up to its size.';

/** The assurance of a log for which nobody but its own key vouches. */
export function unanchored(): Assurance {
  return { level: 'unanchored', cannotExclude: [REWRITTEN, CUT_BACK] };
}

/**
 * The assurance of a log that witnesses are known of: `witnessed` up to the largest size that enough of them signed.
 *
 * @param statements what each of them signed last
 * @param demanded how many are enough, and the size that the log shows
 */
export function witnessed(
  statements: readonly WitnessStatement[],
  demanded: { quorum: number; size: number },
): Assurance {
  const of = statements.length;
  const needed = Math.max(1, demanded.quorum);
  const sizes = statements.map((statement) => statement.size ?? -1).toSorted((a, b) => b - a);
  // Of a log that shows less than was signed, nothing more can be said than what it shows.
  const size = Math.min(sizes[needed - 1] ?? -1, demanded.size);
  const witnesses = [...statements];
  if (size < 0 || (size === 0 && demanded.size > 0)) {
    const signed = sizes.filter((each) => each >= demanded.size).length;
    return { ...unanchored(), signed, of, witnesses };
  }
  const signers = statements.filter((statement) => (statement.size ?? -1) >= size);
  const signed = signers.length;
  const lastS = Math.max(...signers.map(({ timeS = 0 }) => timeS));
  // Who believes `needed` of the same witnesses can only have been shown another log by so many that signed both.
  const inCommon = signed + needed - of;
  const cannotExclude = [
    ...(size < demanded.size
      ? [`The entries from ${size} on were written anew or cut off: the log's key alone signed them.`]
      : []),
    inCommon > 0
      ? `At least ${inCommon} of these ${of} witnesses also signed another log for the holder of the signing key.`
      : `Others were shown another log, which other witnesses signed: ${needed} of ${of} is no majority.`,
    `Entries that came after ${showTime(lastS)} were cut off; a later checkpoint, kept elsewhere or asked from a witness, excludes it.`,
  ];
  return { level: 'witnessed', signed, of, size, witnesses, cannotExclude };
}

/**
 * The assurance of a log of which checkpoints were kept elsewhere, and are continued: at least `anchored`.
 *
 * @param before what it is without them
 * @param sizes of the largest of these checkpoints, 0 if there is none, and of the log
 */
export function withAnchors(before: Assurance, sizes: { anchored: number; size: number }): Assurance {
  const { anchored, size } = sizes;
  // Witnesses look at every checkpoint; what is anchored beside them is no higher level.
  if (anchored === 0 || before.level === 'witnessed') return before;
  const cannotExclude = [
    anchored < size
      ? `The entries from ${anchored} on were written anew or cut off: the log's key alone signed them.`
      : `Entries that came after the first ${anchored} were cut off; a later anchor excludes it.`,
    'Others were shown another log, which is anchored elsewhere or not at all.',
    'Who can change what is kept at the place of the anchors, and holds the signing key, wrote both anew.',
  ];
  return { ...before, level: 'anchored', size: anchored, cannotExclude };
}

/** A time in seconds since the epoch, for people; years that dates do not reach stay numbers. */
export function showTime(timeS: number): string {
  const date = new Date(timeS * 1000);
  return Number.isNaN(date.getTime()) ? `second ${timeS}` : date.toISOString().replace('.000Z', 'Z');
}

/** The level in a few words, for people: `witnessed 2/3 up to entry 4711`, say. */
export function describeAssurance({ level, signed, of, size }: Assurance): string {
  const share = level === 'witnessed' ? ` ${signed ?? 0}/${of ?? 0}` : '';
  return `${level}${share}${size === undefined ? '' : `, the first ${size} entries`}`;
}
