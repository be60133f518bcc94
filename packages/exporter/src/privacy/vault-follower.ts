import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Journal, SegmentInfo } from '@spanledger/ledger';
import type { References } from './references.ts';
import type { Vault } from './vault.ts';
import type { VaultSealer } from './vault-sealer.ts';

/** How often the follower looks for closed segments. */
export const VAULT_INTERVAL_MS = 1000;

/** What the follower joins. */
export interface VaultFollowerOptions {
  journal: Pick<Journal, 'segments' | 'read' | 'retire' | 'rotate'>;
  /** A connection of its own: its transactions span many turns of the event loop. */
  vault: Vault;
  sealer: VaultSealer;
  references: Pick<References, 'forgetSaved'>;
  /** The published size of the log: a segment beyond it cannot be retired yet. */
  publishedSize: () => number;
  /** Told of a failed round; the next one tries again. */
  onError: (error: unknown) => void;
}

/**
 * Follows the closed segments of the journal: re-seals what they hold into the vault, one transaction a segment, and
 * only once that is durable has the journal destroy the segment and its epoch key. A crash in between seals the same
 * segment again, to the same rows.
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
      this.#round = this.#follow()
        .catch((error: unknown) => {
          this.#options.onError(error);
        })
        .then(() => {
          if (!this.#stopped) this.start();
        });
    }, VAULT_INTERVAL_MS);
    this.#timer.unref();
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
    const { journal, publishedSize } = this.#options;
    for (const segment of journal.segments()) {
      if (!segment.closed || segment.end > publishedSize()) return;
      await this.#seal(segment);
      await journal.retire(segment.name);
    }
  }

  async #seal(segment: SegmentInfo): Promise<void> {
    const { journal, vault, sealer, references } = this.#options;
    if (segment.end <= vault.sealedTo) return;
    const learned: Uint8Array[] = [];
    vault.begin();
    try {
      for await (const group of journal.read(segment.name)) {
        learned.push(...sealer.add(group));
        // Requests go on being answered meanwhile.
        await nextTurn();
      }
      sealer.flush();
      vault.commit(segment.end);
    } catch (error) {
      vault.rollback();
      sealer.forget();
      throw error;
    }
    references.forgetSaved(learned);
  }
}
