/**
 * How threads share out the bundles of a log among them, without a word to one another: numbers in shared memory. The
 * bundles are cut into runs. Whoever has time takes the next one, as long as it is not too far ahead of the walk, for
 * what was read waits in memory until the walk gets there.
 */

import type { EntryKind } from '../verify/report.ts';

/** How many bundles a thread takes at once: enough to make handing them over cheap, few enough to share a small log. */
export const BUNDLES_PER_RUN = 4;

/**
 * How many runs may be read that the walk did not ask for yet, each of some 60 KiB: as many as others read while a thread
 * that has just begun, with nothing compiled, is at its first.
 */
const RUNS_AHEAD = 48;

/** The most runs that are shared out, 2^41 entries: whoever states more has not written them. */
const MAX_RUNS = 2 ** 30;

const NEXT = 0;
const LIMIT = 1;
const STOPPED = 2;
const HOLDERS = 3;

/** Stands for a thread that holds no run. */
const NOTHING = -1;

/** The log that is read, and who reads it; what a thread is started with. */
export interface WorkOrder {
  directory: string;
  origin: string;
  entries: EntryKind;
  /** The first bundle that is wanted. */
  first: number;
  /** The bundle after the last one. */
  end: number;
  /** The numbers that all threads share. */
  memory: SharedArrayBuffer;
}

/** The numbers for some threads, and a log. */
export function newWorkMemory(threads: number): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(4 * (HOLDERS + threads));
  const numbers = new Int32Array(memory);
  numbers[LIMIT] = RUNS_AHEAD;
  numbers.fill(NOTHING, HOLDERS);
  return memory;
}

/** One thread's view of the plan. */
export class WorkPlan {
  /** How many runs there are. */
  readonly runs: number;
  readonly #order: WorkOrder;
  readonly #numbers: Int32Array<SharedArrayBuffer>;

  constructor(order: WorkOrder) {
    this.#order = order;
    this.#numbers = new Int32Array(order.memory);
    this.runs = Math.min(MAX_RUNS, Math.ceil((order.end - order.first) / BUNDLES_PER_RUN));
  }

  /** The run that a bundle belongs to. */
  runOf(bundle: number): number {
    return Math.floor((bundle - this.#order.first) / BUNDLES_PER_RUN);
  }

  /** The bundles of a run. */
  bundlesOf(run: number): { from: number; to: number } {
    const from = this.#order.first + run * BUNDLES_PER_RUN;
    return { from, to: Math.min(from + BUNDLES_PER_RUN, this.#order.end) };
  }

  /**
   * Takes the next run.
   *
   * @param holder the number of the thread that takes it, where it may end before it has delivered
   * @returns undefined if there is none, or none may be begun yet
   */
  take(holder?: number): number | undefined {
    const numbers = this.#numbers;
    for (;;) {
      const run = Atomics.load(numbers, NEXT);
      if (run >= this.runs || run >= Atomics.load(numbers, LIMIT)) return undefined;
      // Said before it is so: a thread that dies in between must not leave a run that nobody is known to hold.
      if (holder !== undefined) Atomics.store(numbers, HOLDERS + holder, run);
      if (Atomics.compareExchange(numbers, NEXT, run, run + 1) === run) return run;
    }
  }

  /**
   * Like {@link take}; waits, blocking the thread, until a run may be begun.
   *
   * @returns undefined once there are no more, or the plan was stopped
   */
  waitForRun(holder: number): number | undefined {
    const numbers = this.#numbers;
    for (;;) {
      const limit = Atomics.load(numbers, LIMIT);
      if (Atomics.load(numbers, STOPPED) !== 0) return undefined;
      const run = this.take(holder);
      if (run !== undefined || Atomics.load(numbers, NEXT) >= this.runs) return run;
      Atomics.wait(numbers, LIMIT, limit);
    }
  }

  /** The run that a thread holds or held last; one before the first if none. */
  heldBy(holder: number): number {
    return Atomics.load(this.#numbers, HOLDERS + holder);
  }

  /** Says that the walk has reached a run. */
  reach(run: number): void {
    const limit = run + RUNS_AHEAD;
    if (limit <= Atomics.load(this.#numbers, LIMIT)) return;
    Atomics.store(this.#numbers, LIMIT, limit);
    Atomics.notify(this.#numbers, LIMIT);
  }

  /** Lets no thread begin another run. */
  stop(): void {
    Atomics.store(this.#numbers, STOPPED, 1);
    // A changed limit wakes also who was just about to wait.
    Atomics.add(this.#numbers, LIMIT, 1);
    Atomics.notify(this.#numbers, LIMIT);
  }
}
