import { availableParallelism } from 'node:os';
import type { BundledLog, SoundBundleSource } from '../verify/sound-bundle-source.ts';
import { TILE_WIDTH } from '../verify/tile.ts';
import { BundleThreads } from './bundle-threads.ts';
import { newWorkMemory } from './work-plan.ts';

/** The most threads that read one log. */
export const MAX_VERIFIER_THREADS = 64;

/** How many bundles each thread has to have before it; for fewer it would not be there in time. */
const BUNDLES_PER_THREAD = 24;

/**
 * Reads the entries of a log in a directory in several threads, for `verifyLedger`, which says the same as without. They
 * read the files themselves, so the directory must be the log that `verifyLedger` gets as `source`.
 *
 * @param directory holds `tile/`
 * @param threads 1 to {@link MAX_VERIFIER_THREADS}, the one that verifies included; as many as there are processors if
 *   not given
 * @throws TypeError if it is another number
 * @example
 * const report = await verifyLedger({
 *   source: fileTiles('data/ledger'),
 *   openBundles: parallelBundles('data/ledger'),
 *   vkey,
 * });
 */
export function parallelBundles(
  directory: string,
  threads: number = Math.min(availableParallelism(), MAX_VERIFIER_THREADS),
): (log: BundledLog) => SoundBundleSource {
  if (!Number.isInteger(threads) || threads < 1 || threads > MAX_VERIFIER_THREADS)
    throw new TypeError(`a log is read by 1 to ${MAX_VERIFIER_THREADS} threads, not ${threads}`);
  return ({ size, origin, entries, first }) => {
    const end = Math.floor(size / TILE_WIDTH);
    const useful = Math.max(1, Math.min(threads, Math.floor((end - first) / BUNDLES_PER_THREAD)));
    const memory = newWorkMemory(useful - 1);
    return new BundleThreads({ directory, origin, entries, first, end, memory }, useful);
  };
}
