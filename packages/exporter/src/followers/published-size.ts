import type { FollowedLedger } from '@spanledger/ledger';

/** The published size of a log as another thread tells it. */
export class PublishedSize implements FollowedLedger {
  #size = 0;
  readonly #waiting: Set<() => void> = new Set();

  sizes(): { published: number } {
    return { published: this.#size };
  }

  /** More is published. */
  set(size: number): void {
    this.#size = Math.max(this.#size, size);
    for (const check of this.#waiting) check();
  }

  /** Resolves once the published size is at least `size`; rejects when the signal says so. */
  published(size: number, signal?: AbortSignal): Promise<void> {
    if (this.#size >= size) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.#waiting.delete(check);
        signal?.removeEventListener('abort', abort);
      };
      const abort = (): void => {
        stop();
        reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
      };
      const check = (): void => {
        if (this.#size < size) return;
        stop();
        resolve();
      };
      if (signal?.aborted === true) {
        abort();
        return;
      }
      this.#waiting.add(check);
      signal?.addEventListener('abort', abort);
    });
  }
}
