/** How often it is looked how far the index is. */
const SAMPLE_MS = 1000;

/**
 * How long after Elasticsearch acknowledged a document a search is taken to find it: ten times its usual
 * `refresh_interval`. A stream that is refreshed more seldom than that must not be searched through this.
 */
export const SETTLE_MS = 10_000;

/** How far an index was some time ago, so that a search finds all that it had taken in by then. */
export class SettledPosition {
  readonly #position: () => number;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;
  #samples: { atMs: number; position: number }[] = [];
  #settled = 0;

  /**
   * @param position - how far it is now
   * @param now - milliseconds
   */
  constructor(position: () => number, now: () => number = () => performance.now()) {
    this.#position = position;
    this.#now = now;
    this.#timer = setInterval(() => {
      this.sample();
    }, SAMPLE_MS);
    this.#timer.unref();
  }

  /** Looks how far the index is. */
  sample(): void {
    const position = this.#position();
    const nowMs = this.#now();
    // It began anew: what was there is not there any more.
    if (position < (this.#samples.at(-1)?.position ?? this.#settled)) {
      this.#samples = [];
      this.#settled = 0;
    }
    this.#samples.push({ atMs: nowMs, position });
    const old = this.#samples.findLastIndex(({ atMs }) => atMs <= nowMs - SETTLE_MS);
    if (old === -1) return;
    this.#settled = this.#samples[old]?.position ?? 0;
    this.#samples = this.#samples.slice(old + 1);
  }

  /** The position of ten seconds ago; 0 until so long has passed. */
  get(): number {
    return Math.min(this.#settled, this.#position());
  }

  /** Looks no more. */
  close(): void {
    clearInterval(this.#timer);
  }
}
