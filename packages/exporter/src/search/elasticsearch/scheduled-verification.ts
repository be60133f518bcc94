import { setTimeout as delay } from 'node:timers/promises';

import { compareIndex } from './index-comparison.ts';
import type { IndexComparisonOptions } from './index-comparison.ts';

/** What a scheduled verification found. */
export interface IndexVerification {
  /** When it ended, in milliseconds since the epoch. */
  atMs: number;
  /** How many records were held to their documents. */
  compared: number;
  /** How many things differ. */
  failures: number;
  /** False if there are more. */
  complete: boolean;
  /** The first of them, as a sentence. */
  first?: string;
}

/** What is verified again and again. */
export interface ScheduledVerificationOptions {
  everyMs: number;
  /** As things stand when a verification begins. */
  options: () => IndexComparisonOptions;
  onResult: (result: IndexVerification) => void;
  /** Told of one that could not be finished; the next one follows as usual. */
  onError: (error: unknown) => void;
  signal: AbortSignal;
}

/** Verifies the index again and again, until the signal. */
export async function verifyOnSchedule(schedule: ScheduledVerificationOptions): Promise<void> {
  const { everyMs, options, onResult, onError, signal } = schedule;
  for (;;) {
    await delay(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const { compared, failures, complete } = await compareIndex({ ...options(), signal });
      const first = failures[0]?.detail;
      onResult({
        atMs: Date.now(),
        compared,
        failures: failures.length,
        complete,
        ...(first !== undefined && { first }),
      });
    } catch (error) {
      if (!signal.aborted) onError(error);
    }
  }
}
