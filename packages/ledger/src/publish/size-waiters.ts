/** Those who wait until a size is reached. */
export class SizeWaiters {
  readonly #waiters = new Set<{ size: number; resolve: () => void; reject: (reason: unknown) => void }>();

  #failure: Error | undefined;

  /**
   * Resolves once {@link reach} is called with this size or a larger one.
   *
   * @param signal ends the waiting; it then rejects with the signal's reason
   */
  async wait(size: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { size, resolve, reject };
    const abort = (): void => {
      reject(signal?.reason);
    };
    this.#waiters.add(waiter);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      await promise;
    } finally {
      this.#waiters.delete(waiter);
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Lets go all who wait for at most this size. */
  reach(size: number): void {
    for (const waiter of this.#waiters) if (waiter.size <= size) waiter.resolve();
  }

  /** Lets go all who wait, in vain, now and later. */
  fail(reason: Error): void {
    this.#failure = reason;
    for (const waiter of this.#waiters) waiter.reject(reason);
  }
}
