import { setTimeout as delay } from 'node:timers/promises';
import type { Journal } from '@spanledger/ledger';
import type { References } from './references.ts';

/** How often the follower looks for closed segments. */
const VAULT_INTERVAL_MS = 1000;

/** How soon a flush looks again whether what it waits for is published. */
const FLUSH_POLL_MS = 20;

/** What the follower joins. */
export interface VaultFollowerOptions {
  journal: Pick<Journal, 'segments' | 'retire' | 'rotate'>;
  /** Moves what a closed segment holds into the vault; resolves, once that is durable, with the references it learned. */
  seal: (segment: string, end: number) => Promise<Uint8Array[]>;
  references: Pick<References, 'forgetSaved'>;
  /** The published size of the log: a segment beyond it cannot be retired yet. */
  publishedSize: () => number;
  /** Told of a failed round; the next one tries again. */
  onError: (error: unknown) => void;
}

/**
 * Follows the closed segments of the journal: has what they hold re-sealed into the vault, and only once that is
 * durable has the journal destroy the segment and its epoch key. A crash in between seals the same segment again.
 */
export class VaultFollower {
  readonly #options: VaultFollowerOptions;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: VaultFollowerOptions) {
    this.#options = options;
  }

  /** Looks for closed segments now and then, until {@link VaultFollower.finish}. */
  start(): void {
    this.#timer = setTimeout(() => {
      this.#round = this.#round
        .then(() => this.#follow())
        .catch((error: unknown) => {
          this.#options.onError(error);
        })
        .then(() => {
          if (!this.#stopped) this.start();
        });
    }, VAULT_INTERVAL_MS);
    this.#timer.unref();
  }

  /**
   * Has everything re-sealed that the journal holds now, at once.
   *
   * @param size - the durable size of the log; resolves once no entry before it is in the journal any more
   */
  async flush(size: number): Promise<void> {
    const { journal } = this.#options;
    await journal.rotate();
    while (journal.segments().some(({ first }) => first < size)) {
      // One after the other with what is looked for now and then.
      const round = this.#round.then(() => this.#follow());
      this.#round = round.catch(() => undefined);
      await round;
      if (journal.segments().some(({ first }) => first < size)) await delay(FLUSH_POLL_MS);
    }
  }

  /** Stops looking, and moves everything that the journal still holds; all of it must be published by now. */
  async finish(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#round;
    await this.#options.journal.rotate();
    await this.#follow();
  }

  async #follow(): Promise<void> {
    const { journal, publishedSize, references, seal } = this.#options;
    for (const { name, end, closed } of journal.segments()) {
      if (!closed || end > publishedSize()) return;
      references.forgetSaved(await seal(name, end));
      await journal.retire(name);
    }
  }
}
