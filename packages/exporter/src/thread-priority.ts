import { readdirSync, readFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** What a thread works for. */
type ThreadPurpose = Exclude<keyof typeof NICE, 'garbage'>;

/**
 * Nice values, beside the one that the process was started with, which requests have: a thread takes three times the
 * processor time of one whose value is larger by five, where there is not enough for both. Requests come first, for a
 * sender waits; then what somebody is to be warned of; then what somebody may search for.
 */
const NICE = { alerts: 10, garbage: 15, followers: 15, replay: 19 } as const;

const LARGEST_NICE = 19;

/**
 * Gives the calling thread its place behind the one that takes in requests. Only Linux has a priority per thread: elsewhere
 * all of them have the same.
 */
export function yieldToRequests(purpose: ThreadPurpose): void {
  if (process.platform === 'linux') setPriority(0, niceOf(purpose));
}

/** Of a thread of this process. It can only ever be given a larger one than it has. */
function niceOf(purpose: keyof typeof NICE): number {
  return Math.min(LARGEST_NICE, getPriority(process.pid) + NICE[purpose]);
}

/** What V8 calls the threads that collect and compile for all others. */
const V8_THREAD = 'V8Worker';

/** Gives V8's own threads, which mostly clear up behind those of the followers, their place behind requests too. */
export function yieldGarbageToRequests(): void {
  if (process.platform !== 'linux') return;
  for (const thread of readdirSync('/proc/self/task')) {
    try {
      const name = readFileSync(`/proc/self/task/${thread}/comm`, 'utf8').trim();
      if (name === V8_THREAD) setPriority(Number(thread), niceOf('garbage'));
    } catch {
      // It has ended meanwhile, or this is no place where one may ask: then it stays as it is.
    }
  }
}
