import type { KeptEntry } from './chunk.ts';
import type { RetentionClass } from './retention-class.ts';

/** Says which legal hold covers an entry, by its id; undefined: none. */
export type HoldOf = (index: number) => string | undefined;

/** What is to become of entries at a moment. */
export interface Verdict {
  /** Ledger indexes to be purged, ascending, with the place of their class. */
  purge: { index: number; classAt: number }[];
  /** Entries whose period is over and that a legal hold keeps, with the place of their class. */
  held: { index: number; classAt: number; hold: string }[];
  /** The next moment at which an entry that no hold keeps is due, in milliseconds since the epoch; undefined: none ever. */
  nextDueMs: number | undefined;
}

/**
 * The moment from which on an entry is not kept any more.
 *
 * @returns milliseconds since the epoch; Infinity where it is kept for ever, or nobody knows for how long
 */
export function dueAt({ classAt, recordedMs }: KeptEntry, classes: readonly RetentionClass[]): number {
  const keepMs = classAt === undefined ? undefined : classes[classAt]?.keepMs;
  return keepMs === undefined ? Number.POSITIVE_INFINITY : recordedMs + keepMs;
}

/**
 * Decides what is purged: each entry whose period is over at that moment and that no hold covers, and nothing else. It
 * depends on nothing but what it is given.
 *
 * @param entries - ascending
 * @param nowMs - milliseconds since the epoch
 */
export function judge(
  entries: Iterable<KeptEntry>,
  classes: readonly RetentionClass[],
  holdOf: HoldOf,
  nowMs: number,
): Verdict {
  const verdict: Verdict = { purge: [], held: [], nextDueMs: undefined };
  let nextDueMs = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    const { index, classAt } = entry;
    const dueMs = dueAt(entry, classes);
    if (dueMs > nowMs || classAt === undefined) {
      nextDueMs = Math.min(nextDueMs, dueMs);
      continue;
    }
    const hold = holdOf(index);
    if (hold === undefined) verdict.purge.push({ index, classAt });
    else verdict.held.push({ index, classAt, hold });
  }
  if (Number.isFinite(nextDueMs)) verdict.nextDueMs = nextDueMs;
  return verdict;
}
