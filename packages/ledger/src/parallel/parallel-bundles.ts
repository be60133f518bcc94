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
 * The same where nobody asked for so many threads: a thread takes 50 ms to start, and compiles anew what the others have
 * compiled, so that two are quicker than one from 200,000 entries on.
 */
const BUNDLES_WORTH_A_THREAD = 400;

/**
 * Reads the entries of a log in a directory in several threads, for `verifyLedger`, which says the same as without. They
 * read the files themselves, so the directory must be the log that `verifyLedger` gets as `source`.
 *
 * @param directory holds `tile/`
 * @param threads 1 to {@link MAX_VERIFIER_THREADS}, the one that verifies included; if not given, as many as there are
 *   processors, or fewer where the log is small
 * @throws TypeError if it is another number
 * @example
 * const report = await verifyLedger({
 *   source: fileTiles('data/ledger'),
 *   openBundles: parallelBundles('data/ledger'),
 *   vkey,
 * });
 */
export function parallelBundles(directory: string, threads?: number): (log: BundledLog) => SoundBundleSource {
  const most = threads ?? Math.min(availableParallelism(), MAX_VERIFIER_THREADS);
  if (!Number.isInteger(most) || most < 1 || most > MAX_VERIFIER_THREADS)
    throw new TypeError(`a log is read by 1 to ${MAX_VERIFIER_THREADS} threads, not ${most}`);
  const bundlesPerThread = threads === undefined ? BUNDLES_WORTH_A_THREAD : BUNDLES_PER_THREAD;
  return ({ size, origin, entries, first }) => {
    const end = Math.floor(size / TILE_WIDTH);
    const useful = Math.max(1, Math.min(most, Math.floor((end - first) / bundlesPerThread)));
    const memory = newWorkMemory(useful - 1);
    return new BundleThreads({ directory, origin, entries, first, end, memory }, useful);
  };
}
