import { setPriority } from 'node:os';

/** What a thread works for. */
type ThreadPurpose = keyof typeof NICE;

/**
 * Nice values: a thread takes three times the processor time of one whose value is larger by five, where there is not
 * enough for both. Requests have 0. They come first, for a sender waits; then what somebody is to be warned of; then what
 * somebody may search for.
 */
const NICE = { alerts: 5, followers: 10, replay: 15 } as const;

/**
 * Gives the calling thread its place behind the one that takes in requests. Only Linux has a priority per thread: elsewhere
 * all of them have the same.
 */
export function yieldToRequests(purpose: ThreadPurpose): void {
  if (process.platform === 'linux') setPriority(0, NICE[purpose]);
}
