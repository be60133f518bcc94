import type { HistogramInterval } from '../archive-types.ts';
import { ExporterError } from '../errors.ts';
import { MAX_BUCKETS } from './search-index.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;

/** The epoch was a Thursday. */
const FIRST_MONDAY_MS = 4 * DAY_MS;

/**
 * The stretch of time that a moment lies in.
 *
 * @param timeMs - since the epoch
 * @returns the beginning of the stretch, in milliseconds since the epoch
 */
export function bucketStart(interval: HistogramInterval, timeMs: number): number {
  switch (interval) {
    case 'minute':
      return Math.floor(timeMs / MINUTE_MS) * MINUTE_MS;
    case 'hour':
      return Math.floor(timeMs / HOUR_MS) * HOUR_MS;
    case 'day':
      return Math.floor(timeMs / DAY_MS) * DAY_MS;
    case 'week':
      return Math.floor((timeMs - FIRST_MONDAY_MS) / WEEK_MS) * WEEK_MS + FIRST_MONDAY_MS;
    case 'month': {
      const date = new Date(timeMs);
      return startOfMonth(date.getUTCFullYear(), date.getUTCMonth());
    }
    case 'year':
      return startOfMonth(new Date(timeMs).getUTCFullYear(), 0);
  }
}

/**
 * Adds to a stretch of time.
 *
 * @throws ExporterError `request_malformed` where there are more stretches than {@link MAX_BUCKETS}
 */
export function addToBucket(buckets: Map<number, number>, start: number, count: number): void {
  buckets.set(start, (buckets.get(start) ?? 0) + count);
  if (buckets.size > MAX_BUCKETS) throw tooManyBuckets();
}

/** The error for a histogram that nobody could read. */
export function tooManyBuckets(): ExporterError {
  return new ExporterError(
    'request_malformed',
    `The histogram has more than ${MAX_BUCKETS} stretches of time`,
    {
      hint: 'ask for longer ones, or narrow the query to a shorter time',
    },
  );
}

/** `Date.UTC` takes the first hundred years for those from 1900 on. */
function startOfMonth(year: number, month: number): number {
  return new Date(0).setUTCFullYear(year, month, 1);
}
