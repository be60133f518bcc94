import type { EvidenceRecord } from '../derived-draft.ts';
import type { SampleState } from './baseline.ts';
import type { TimelineEntry } from './timeline.ts';

/** What a rule keeps of one key: plain data, which names nobody. */
export interface KeyState {
  /** When it raised an alert last, in the time of the records: milliseconds since the epoch. */
  alertedMs?: number;
  timeline?: TimelineEntry[];
  /** When it was seen last; of a rule as a whole, when it saw a record first. */
  seenMs?: number;
  /** The stretch of time that is being counted, and the last records of it. */
  bucket?: { startMs: number; count: number; firstIndex: number; firstMs: number; records: EvidenceRecord[] };
  samples?: SampleState;
  /** Waits for something that must follow. */
  awaits?: { sinceMs: number; timestamp: string; recordId: string; index: number };
}

/** Where the state of keys is. What is not in memory is found again. */
export interface KeyStates {
  /** A state, to be changed in place and then to be {@link KeyStates.set}. */
  get(rule: string, key: string): KeyState | undefined;
  /** @param expiresMs - in the time of the records: afterwards the key is as if it had never been */
  set(rule: string, key: string, state: KeyState, expiresMs: number): void;
  /** The keys of rules that await something since a time or longer. */
  awaiting(untilMs: (rule: string) => number): { rule: string; key: string; state: KeyState }[];
}

/** Of states that never expire. */
export const NEVER: number = Number.MAX_SAFE_INTEGER;
