/** Entries that lie in one file of the log. */
const BUNDLE_ENTRIES = 256;

/** Ledger indexes without a gap. */
export interface Run {
  from: number;
  /** Just past the last. */
  to: number;
}

/** Consecutive indexes that lie in one bundle. */
export function consecutiveRuns(indexes: readonly number[]): Run[] {
  const runs: Run[] = [];
  for (const index of indexes.toSorted((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last?.to === index && index % BUNDLE_ENTRIES !== 0) last.to++;
    else runs.push({ from: index, to: index + 1 });
  }
  return runs;
}
