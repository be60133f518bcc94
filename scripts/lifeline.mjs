// A parent that is killed outright cannot tell its children. Here they notice, and end.
import { isMainThread } from 'node:worker_threads';

const INTERVAL_MS = 500;

/**
 * Calls `end` once when the process that started this one is gone.
 *
 * @param {() => void} end
 */
export function watchParent(end) {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    end();
  }, INTERVAL_MS);
  watch.unref();
}

// Preloaded into what toolchain.mjs starts: that has a process group of its own, so that a signal reaches it once, and
// would outlive the toolchain otherwise. Its own children and worker threads inherit the flag, but not the parent.
if (isMainThread && process.env.SPANLEDGER_TOOLCHAIN === String(process.ppid)) {
  delete process.env.SPANLEDGER_TOOLCHAIN;
  watchParent(() => process.kill(process.pid, 'SIGTERM'));
}
