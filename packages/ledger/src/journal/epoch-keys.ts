import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto';

/**
 * The keys under which the journal seals openings: one for each segment, destroyed with it. The exporter keeps
 * them wrapped by its key-encryption key.
 */
export interface EpochKeys {
  /**
   * Draws a segment's key, 32 bytes for AES-256, and resolves once it is durable. A key of the same name, left by a
   * crash before its segment held anything, is replaced.
   *
   * @param segment the segment's name: its first index, 20 digits
   */
  create(segment: string): Promise<KeyObject>;
  /** A segment's key; undefined if there is none (any more). */
  open(segment: string): Promise<KeyObject | undefined>;
  /** Forgets a segment's key for good; no error if there is none. */
  destroy(segment: string): Promise<void>;
}

/** Epoch keys that live as long as the process: for tests and for logs without personal data. */
export function memoryEpochKeys(): EpochKeys {
  const keys = new Map<string, KeyObject>();
  return {
    create(segment) {
      const key = createSecretKey(randomBytes(32));
      keys.set(segment, key);
      return Promise.resolve(key);
    },
    open: (segment) => Promise.resolve(keys.get(segment)),
    destroy(segment) {
      keys.delete(segment);
      return Promise.resolve();
    },
  };
}
