import { setFlagsFromString } from 'node:v8';
import { yieldGarbageToRequests } from './thread-priority.ts';

/**
 * Of a process that serves, on a machine that senders use too. V8 collects what bytes from outside leave behind as soon as
 * it has grown by half a small heap, and lets as many threads as it has help with it, ahead of all that is less than a
 * request: as it is, that takes as much of two cores as the intake itself (docs/performance.md).
 */
const FLAGS = [
  // A heap may grow to twice what was alive before it is collected again.
  '--heap-growing-percent=100',
  // What there is to do is done by the thread that made it, at its own priority.
  '--no-parallel-scavenge',
  '--concurrent-marking-max-worker-num=1',
  // What the process was started with is for its first thread: the others have limits of their own, which this would outdo.
  '--max-semi-space-size=0',
] as const;

/**
 * Tells V8 how the memory of a service is to be collected, in all threads of the process: to be called by what runs the
 * service, before `startService`. Without it the service does the same, for more processor time.
 */
export function tuneHeap(): void {
  for (const flag of FLAGS) setFlagsFromString(flag);
  yieldGarbageToRequests();
}
