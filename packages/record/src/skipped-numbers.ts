import { isJsonObject } from './json-object.ts';
import type { JsonObject } from './json.ts';

/** The most runs of numbers that one `policy.skipped` record names. */
export const MAX_SKIPPED_RUNS = 1_000;

/** The numbers of a producer's spans that the audit policy left out. */
export interface SkippedNumbers {
  /** `audit.sequence.stream_id` of the spans. */
  streamId: string;
  /** `[first, last, first, last, …]`, ascending, both inclusive; runs neither touch nor overlap. */
  bounds: readonly number[];
}

/**
 * Reads `audit.policy.skipped` of a record: which numbers its producer gave to spans that are in no record, because the
 * audit policy said so. Undefined where there are none, or what stands there is not what docs/record-format.md says.
 */
export function readSkippedNumbers(record: JsonObject): SkippedNumbers | undefined {
  const { audit } = record;
  const policy = isJsonObject(audit) ? audit['policy'] : undefined;
  const skipped = isJsonObject(policy) ? policy['skipped'] : undefined;
  if (!isJsonObject(skipped)) return undefined;
  const { stream_id: streamId, numbers } = skipped;
  if (typeof streamId !== 'string' || streamId === '' || !Array.isArray(numbers)) return undefined;
  if (numbers.length === 0 || numbers.length % 2 !== 0 || numbers.length > 2 * MAX_SKIPPED_RUNS)
    return undefined;
  const bounds: number[] = [];
  for (const [at, number] of numbers.entries()) {
    if (typeof number !== 'number' || !Number.isSafeInteger(number)) return undefined;
    // A run ends where it begins or after; the next one leaves a number between them.
    const least = at === 0 ? 1 : (bounds[at - 1] ?? 0) + (at % 2 === 0 ? 2 : 0);
    if (number < least) return undefined;
    bounds.push(number);
  }
  return { streamId, bounds };
}
