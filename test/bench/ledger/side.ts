/** What one side of a benchmark of appending measured. */
export interface Side {
  /** Entries, or syncs, a second. */
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
}

/** Sums up what was measured. */
export function sideOf(latenciesMs: readonly number[], measuredMs: number): Side {
  const sorted = Float64Array.from(latenciesMs).sort();
  // By nearest rank.
  const quantile = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return {
    perSecond: (sorted.length * 1000) / measuredMs,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
  };
}

/** Reads what a side printed. */
export function parseSide(line: string): Side {
  const value: unknown = JSON.parse(line);
  const member = (name: keyof Side): number => {
    const figure: unknown =
      typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
    if (typeof figure !== 'number') throw new TypeError(`a side has no ${name}: ${line}`);
    return figure;
  };
  return { perSecond: member('perSecond'), p50Ms: member('p50Ms'), p99Ms: member('p99Ms') };
}
