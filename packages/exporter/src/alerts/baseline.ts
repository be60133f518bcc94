import type { Baseline } from './rule.ts';

/** What is known of comparable values. Plain data, to be stored. */
export interface SampleState {
  /** The last values, in no order of meaning. */
  values: number[];
  /** How many there ever were. */
  seen: number;
  /** From where on a value is too much; absent before there is a judgement. */
  limit?: number;
}

/** The values that a judgement rests on: the last ones. */
const MAX_SAMPLES = 200;

/** The judgement is renewed each time that so many values were added. */
const RENEW_EVERY = 8;

/** Makes the median absolute deviation comparable with a standard deviation. */
const NORMAL = 1.4826;

/** Values that hardly differ must not make a small difference unusual: deviations are at least this part of the median. */
const LEAST_DEVIATION = 0.1;

/** Adds a value. */
export function addSample(state: SampleState, value: number, baseline: Baseline): void {
  if (state.values.length < MAX_SAMPLES) state.values.push(value);
  else state.values[state.seen % MAX_SAMPLES] = value;
  state.seen++;
  if (state.seen < baseline.samples) return;
  if (state.limit === undefined || state.seen % RENEW_EVERY === 0)
    state.limit = limitOf(state.values, baseline);
}

/** The median, and as many robust deviations above it as the rule says: outliers among the values do not move it. */
export function limitOf(values: readonly number[], { deviations, atLeast }: Baseline): number {
  const median = medianOf(values);
  const deviation = NORMAL * medianOf(values.map((value) => Math.abs(value - median)));
  return Math.max(atLeast, median + deviations * Math.max(deviation, LEAST_DEVIATION * Math.abs(median)));
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
}
