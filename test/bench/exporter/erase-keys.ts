import { createSecretKey } from 'node:crypto';

/** What everything is sealed under that this benchmark makes. */
export const BENCH_KEK: ReturnType<typeof createSecretKey> = createSecretKey(new Uint8Array(32).fill(7));

/** The key of its blind tokens. */
export const BENCH_KEY: Uint8Array = new Uint8Array(32).fill(3);
