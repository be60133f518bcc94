import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { SoundBundle } from '../verify/sound-bundle.ts';
import type { SoundBundleSource } from '../verify/sound-bundle-source.ts';
import { BundleFiles } from './bundle-files.ts';
import type { BundleRun, WorkerStart } from './messages.ts';
import { WorkPlan, type WorkOrder } from './work-plan.ts';

/** Of memory for a thread, in MiB: it keeps nothing, and need not let much garbage come together. */
const WORKER_LIMITS = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 };

/** Starts a thread that answers with {@link BundleRun}s. */
export type StartBundleWorker = (start: WorkerStart) => Worker;

/**
 * Reads bundles in several threads, this one among them. Whatever happens to another thread, what it did not deliver is
 * read here.
 */
export class BundleThreads implements SoundBundleSource {
  readonly #plan: WorkPlan;
  readonly #files: BundleFiles;
  readonly #workers = new Set<Worker>();
  readonly #ready = new Map<number, (SoundBundle | undefined)[]>();
  /** Runs that a thread held last that ended. */
  readonly #orphans = new Set<number>();
  #arrival = Promise.withResolvers<void>();

  /**
   * @param order what to read; its memory is for one less than `threads`
   * @param threads how many, this one included
   * @param startWorker starts one of the others; a test brings its own
   */
  constructor(order: WorkOrder, threads: number, startWorker: StartBundleWorker = startBundleWorker) {
    this.#plan = new WorkPlan(order);
    this.#files = new BundleFiles(order.directory, order.origin, order.entries);
    for (let holder = 0; holder < threads - 1; holder++) this.#listen(startWorker({ order, holder }), holder);
  }

  async take(index: number): Promise<SoundBundle | undefined> {
    const run = this.#plan.runOf(index);
    if (run >= this.#plan.runs) return undefined;
    const bundles = this.#ready.get(run) ?? (await this.#wait(run));
    return bundles[index - this.#plan.bundlesOf(run).from];
  }

  async close(): Promise<void> {
    this.#plan.stop();
    await Promise.all([...this.#workers].map((worker) => worker.terminate()));
  }

  #listen(worker: Worker, holder: number): void {
    this.#workers.add(worker);
    let streams: string[] = [];
    worker.on('message', ({ run, bundles, newStreams, areStreamsForgotten }: BundleRun) => {
      if (areStreamsForgotten) streams = [];
      streams.push(...newStreams);
      this.#ready.set(
        run,
        bundles.map((bundle) => bundle && { ...bundle, streams }),
      );
      this.#arrive();
    });
    // What it did not do is done here; that it could not do it is nothing that the log could be blamed for.
    worker.on('error', () => undefined);
    worker.once('exit', () => {
      this.#workers.delete(worker);
      this.#orphans.add(this.#plan.heldBy(holder));
      this.#arrive();
    });
  }

  /** Works until a run is there. */
  async #wait(run: number): Promise<(SoundBundle | undefined)[]> {
    for (const earlier of this.#ready.keys()) if (earlier < run) this.#ready.delete(earlier);
    this.#plan.reach(run);
    for (;;) {
      const bundles = this.#ready.get(run);
      if (bundles !== undefined) return bundles;
      const arrival = this.#arrival.promise;
      const next = this.#orphans.has(run) ? run : this.#plan.take();
      if (next === undefined) await arrival;
      else {
        this.#ready.set(next, this.#files.readRun(this.#plan.bundlesOf(next)));
        await nextTurn();
      }
    }
  }

  #arrive(): void {
    this.#arrival.resolve();
    this.#arrival = Promise.withResolvers();
  }
}

function startBundleWorker(start: WorkerStart): Worker {
  const script = new URL('./bundle-worker.js', import.meta.url);
  return new Worker(script, { workerData: start, resourceLimits: WORKER_LIMITS });
}
