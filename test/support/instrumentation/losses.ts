import type { DecodedSpan } from './otlp-decoder.ts';

/** What a receiver can tell of a producer from what has arrived. */
export interface Completeness {
  /** Different numbers that have arrived. */
  arrived: number;
  /** Numbers below the highest that have not. */
  missing: number;
  /** How many the producer says that it has lost. */
  reported: number;
  /** Why, without repetition. */
  reasons: string[];
}

/** Counts what of a producer's sequence is there, missing, and explained. */
export function completenessOf(spans: readonly DecodedSpan[]): Completeness {
  const numbers = new Set(spans.map(({ attributes }) => Number(attributes['audit.sequence.number'])));
  const reports = spans
    .flatMap(({ events }) => events)
    .filter(({ name }) => name === 'audit.records.lost')
    .map(({ attributes }) => attributes);
  return {
    arrived: numbers.size,
    missing: Math.max(0, ...numbers) - numbers.size,
    reported: reports.reduce((sum, report) => sum + Number(report['audit.lost.count']), 0),
    reasons: [...new Set(reports.map((report) => String(report['audit.lost.reason'])))].toSorted(),
  };
}
