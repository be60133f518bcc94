import type { LedgerError } from '../errors.ts';
import type { WritableStorage } from '../storage/storage.ts';
import { JOURNAL_FOLDER } from './segment.ts';

/** What is written to find out whether there is room again. */
const PROBE_BYTES = 256 * 1024;

/** How often that is tried. */
const PROBE_INTERVAL_MS = 500;

const PROBE = `${JOURNAL_FOLDER}/probe`;

/**
 * Knows whether the journal can be written. After a failure it finds out by itself when it can again, with a file that it
 * writes and removes: whoever is told that the ledger is in trouble sends nothing more.
 */
export class WriteProbe {
  readonly #storage: WritableStorage;
  #failure: LedgerError | undefined;
  #timer: NodeJS.Timeout | undefined;
  #probing: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(storage: WritableStorage) {
    this.#storage = storage;
  }

  /** Why the last write failed; undefined if it did not, or writing was found to work since. */
  get failure(): LedgerError | undefined {
    return this.#failure;
  }

  /** To be called when a write has worked. */
  worked(): void {
    this.#failure = undefined;
  }

  /** To be called when a write has failed. */
  failed(error: LedgerError): void {
    this.#failure = error;
    if (this.#timer === undefined && !this.#isClosed) this.#schedule();
  }

  /** Ends the probing; resolves once none is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#probing;
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#probing = this.#probe().then((isOver) => {
        this.#timer = undefined;
        if (!isOver && !this.#isClosed) this.#schedule();
      });
    }, PROBE_INTERVAL_MS).unref();
  }

  /** Tells whether the trouble is over. */
  async #probe(): Promise<boolean> {
    const failure = this.#failure;
    if (failure === undefined) return true;
    try {
      await this.#storage.put([{ name: PROBE, bytes: Buffer.alloc(PROBE_BYTES) }]);
      await this.#storage.remove([PROBE]);
    } catch {
      return false;
    }
    // Unless a write has failed anew meanwhile: that says more.
    if (this.#failure !== failure) return false;
    this.#failure = undefined;
    return true;
  }
}
