import type { EvidenceRecord } from '../derived-draft.ts';

/**
 * What a key keeps of a record, or of several of one stretch of time: when (milliseconds since the epoch), how many, what
 * their values add up to, the value itself (hidden), and `audit.record.id` and ledger index of the first of them. A tuple,
 * because there are many.
 */
export type TimelineEntry = [
  timeMs: number,
  count: number,
  sum: number,
  value: string,
  recordId: string,
  index: number,
];

/** So much later than others of its time a record may come without that making a difference. */
export const LATENESS_MS = 10_000;

/** What is older is thinned each time that there are so many entries more. */
const THIN_EVERY = 16;

/** The most entries of one key; the oldest ones are forgotten. */
export const MAX_TIMELINE_ENTRIES = 128;

/** Up to this threshold every record is an entry of its own; above it, those of a stretch of the window are one. */
export const MAX_EXACT_COUNT = 64;

/** Stretches of a window, where records of a stretch stand for one another. */
export const STRETCHES = 20;

/** Where entries complete an alert: both ends included. */
export interface Stretch {
  from: number;
  to: number;
}

/**
 * Puts a record among the others, by time. Records come late, and in any order.
 *
 * @param stretchMs - records of one stretch of this length become one entry; 0: each is one
 * @returns where it stands
 */
export function insertCounted(entries: TimelineEntry[], entry: TimelineEntry, stretchMs: number): number {
  if (stretchMs > 0) entry[0] = Math.floor(entry[0] / stretchMs) * stretchMs;
  const at = placeOf(entries, entry[0]);
  const before = entries[at - 1];
  if (stretchMs === 0 || before?.[0] !== entry[0]) {
    entries.splice(at, 0, entry);
    return at;
  }
  before[1] += entry[1];
  before[2] += entry[2];
  return at - 1;
}

/**
 * Puts a record among the others, by time.
 *
 * @returns where it stands
 */
export function insertValue(entries: TimelineEntry[], entry: TimelineEntry): number {
  const at = placeOf(entries, entry[0]);
  entries.splice(at, 0, entry);
  return at;
}

/**
 * Of records with the same value, one after the other, keeps only the first and the last: what lies between tells nothing
 * more, unless a record that is late comes between them. So of the newest one a stretch of the window is left.
 */
export function thinRuns(entries: TimelineEntry[], windowMs: number): void {
  const last = entries.length - 1;
  const thinnedMs = Math.min(LATENESS_MS, windowMs / STRETCHES);
  const [first, between, newest] = [entries[last - 2], entries[last - 1], entries[last]];
  if (first === undefined || between === undefined || newest === undefined) return;
  if (first[3] === between[3] && between[3] === newest[3] && between[0] - first[0] < thinnedMs) {
    entries.splice(last - 1, 1);
    return;
  }
  if (entries.length % THIN_EVERY !== 0) return;
  thinRunsBefore(entries, newest[0] - LATENESS_MS);
  if (entries.length > MAX_TIMELINE_ENTRIES) thinRunsBefore(entries, newest[0]);
}

/** Whether an entry is the last one and has the value of the one before it. */
export function isRepetition(entries: readonly TimelineEntry[], at: number): boolean {
  return at === entries.length - 1 && at > 0 && entries[at - 1]?.[3] === entries[at]?.[3];
}

function thinRunsBefore(entries: TimelineEntry[], untilMs: number): void {
  let kept = 0;
  for (const [i, entry] of entries.entries()) {
    const next = entries[i + 1];
    const isBetween = entries[kept - 1]?.[3] === entry[3] && next?.[3] === entry[3];
    // The last one before that time is what a late record comes after.
    if (isBetween && next[0] < untilMs) continue;
    entries[kept++] = entry;
  }
  entries.length = kept;
}

/** Forgets what is too old to be completed by anything that is not very late, and what is too much. */
export function forgetOld(entries: TimelineEntry[], windowMs: number): void {
  const newest = entries.at(-1)?.[0] ?? 0;
  const kept = entries.findIndex(([timeMs]) => timeMs >= newest - 2 * windowMs);
  const excess = entries.length - MAX_TIMELINE_ENTRIES;
  const forgotten = Math.max(kept, excess);
  if (forgotten > 0) entries.splice(0, forgotten);
}

/**
 * The first stretch no longer than the window that holds an entry and is complete.
 *
 * @param at - where the entry stands
 * @param isComplete - asked about stretches of entries, both ends included
 */
export function findStretch(
  entries: readonly TimelineEntry[],
  at: number,
  windowMs: number,
  isComplete: (from: number, to: number) => boolean,
): Stretch | undefined {
  const start = entries[at]?.[0];
  if (start === undefined) return undefined;
  let from = 0;
  for (let to = at; to < entries.length; to++) {
    const end = entries[to]?.[0] ?? 0;
    if (end - start > windowMs) return undefined;
    while ((entries[from]?.[0] ?? end) < end - windowMs) from++;
    if (isComplete(from, to)) return { from, to };
  }
  return undefined;
}

/** How many records entries stand for, both ends included. */
export function countIn(entries: readonly TimelineEntry[], from: number, to: number): number {
  let count = 0;
  for (let i = from; i <= to; i++) count += entries[i]?.[1] ?? 0;
  return count;
}

/** What the values of entries add up to, both ends included. */
export function sumIn(entries: readonly TimelineEntry[], from: number, to: number): number {
  let sum = 0;
  for (let i = from; i <= to; i++) sum += entries[i]?.[2] ?? 0;
  return sum;
}

/** How many different values entries have, both ends included. */
export function valuesIn(entries: readonly TimelineEntry[], from: number, to: number): number {
  const values = new Set<string>();
  for (let i = from; i <= to; i++) values.add(entries[i]?.[3] ?? '');
  return values.size;
}

/** How often the value changes from one entry to the next, both ends included. */
export function changesIn(entries: readonly TimelineEntry[], from: number, to: number): number {
  let changes = 0;
  for (let i = from + 1; i <= to; i++) if (entries[i]?.[3] !== entries[i - 1]?.[3]) changes++;
  return changes;
}

/** Whether entries have these values in this order, the last of them at the end; others may stand between. */
export function hasSequence(
  entries: readonly TimelineEntry[],
  from: number,
  to: number,
  steps: readonly string[],
): boolean {
  let wanted = steps.length - 1;
  if (entries[to]?.[3] !== steps[wanted]) return false;
  for (let i = to; i >= from && wanted >= 0; i--) if (entries[i]?.[3] === steps[wanted]) wanted--;
  return wanted < 0;
}

/** The records that entries stand for, in the order of the ledger. */
export function recordsIn(entries: readonly TimelineEntry[], { from, to }: Stretch): EvidenceRecord[] {
  return entries
    .slice(from, to + 1)
    .map(([, , , , id, index]) => ({ id, index }))
    .toSorted((a, b) => a.index - b.index);
}

/** Where an entry of a time belongs: after those of the same time. */
function placeOf(entries: readonly TimelineEntry[], timeMs: number): number {
  let at = entries.length;
  while (at > 0 && (entries[at - 1]?.[0] ?? 0) > timeMs) at--;
  return at;
}
