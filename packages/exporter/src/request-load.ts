import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';

/** How long the thread is watched before it is said to be busy or not. */
const WATCHED_MS = 20;

/** It is busy when so much of that time was work, or waiting for a processor. */
const BUSY_UTILIZATION = 0.5;

/** So many times in a row it has to be less before it is not busy any more: between two requests, one waits for the disk. */
const CALM_TIMES = 5;

/** With so many processors the threads behind the requests' have one of their own: that of the requests, of the journal, and two that follow. */
const ENOUGH_PROCESSORS = 4;

const CALM = 0;
const BUSY = 1;

/**
 * Whether the thread that takes in requests has all it can do, as the other threads of the process may ask. A priority
 * says who of two that want a processor is given it more often; this says when not to want it.
 */
export class RequestLoad {
  /** Shared with the other threads: see {@link RequestsFirst}. */
  readonly memory: Int32Array<SharedArrayBuffer> = new Int32Array(
    new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
  );
  /** There are too few processors for everybody to have one. */
  readonly #isShared: boolean;
  #isWatching = false;
  /** How many times in a row it was not busy. */
  #calmTimes = 0;

  /** @param processors - how many this process may use; with enough of them nobody has to give way */
  constructor(processors: number = availableParallelism()) {
    this.#isShared = processors < ENOUGH_PROCESSORS;
  }

  /** The calling thread has a request to take in. What it costs does not show. */
  note(): void {
    if (!this.#isShared || this.#isWatching) return;
    this.#isWatching = true;
    this.#watch();
  }

  #watch(): void {
    const before = performance.eventLoopUtilization();
    setTimeout(() => {
      const isBusy = performance.eventLoopUtilization(before).utilization >= BUSY_UTILIZATION;
      this.#calmTimes = isBusy ? 0 : this.#calmTimes + 1;
      if (isBusy) Atomics.store(this.memory, 0, BUSY);
      const isCalm = Atomics.load(this.memory, 0) === CALM || this.#calmTimes >= CALM_TIMES;
      if (!isCalm) {
        this.#watch();
        return;
      }
      Atomics.store(this.memory, 0, CALM);
      Atomics.notify(this.memory, 0);
      this.#isWatching = false;
    }, WATCHED_MS).unref();
  }
}

/** What a thread behind the requests' asks before each step of its work. Its steps take turns: one of them waits at a time. */
export class RequestsFirst {
  readonly #memory: RequestLoad['memory'];
  readonly #atMostMs: number;
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * @param memory - of the {@link RequestLoad}
   * @param atMostMs - how long a step waits, once it is its turn, in milliseconds: whoever follows falls behind, but never
   *   stands still
   */
  constructor(memory: RequestLoad['memory'], atMostMs: number) {
    this.#memory = memory;
    this.#atMostMs = atMostMs;
  }

  /** Resolves once the thread that takes in requests is not busy, or has been for long enough. */
  async giveWay(): Promise<void> {
    const turn = this.#turn.then(() => Atomics.waitAsync(this.#memory, 0, BUSY, this.#atMostMs).value);
    this.#turn = turn;
    await turn;
  }
}
