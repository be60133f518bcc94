import { formatState, type VerificationState } from './verification-state.ts';

/** How often a state is given out if nothing else is asked for. */
const DEFAULT_INTERVAL_MS = 5_000;

/** Making states takes at most this share of the time. */
const MAX_SHARE = 0.05;

/** Whom states are given to. */
interface StateOptions {
  onState?: (state: string) => Promise<void> | void;
  stateIntervalMs?: number;
}

/** Gives out the state of a verification now and then. */
export class StateSaver {
  readonly #options: StateOptions;
  readonly #isSound: () => boolean;
  #nextMs: number;

  /** @param isSound whether nothing was found wrong so far */
  constructor(options: StateOptions, isSound: () => boolean) {
    this.#options = options;
    this.#isSound = isSound;
    // The first one at once: whoever cannot keep it should say so before hours were spent.
    this.#nextMs = performance.now();
  }

  /** Gives out the state that `make` makes, if it is time to. */
  async save(make: () => VerificationState): Promise<void> {
    const { onState } = this.#options;
    const startMs = performance.now();
    if (onState === undefined || startMs < this.#nextMs || !this.#isSound()) return;
    await onState(formatState(make()));
    const endMs = performance.now();
    const intervalMs = this.#options.stateIntervalMs ?? DEFAULT_INTERVAL_MS;
    this.#nextMs = intervalMs === 0 ? endMs : endMs + Math.max(intervalMs, (endMs - startMs) / MAX_SHARE);
  }
}
