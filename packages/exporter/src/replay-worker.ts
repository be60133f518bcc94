import { parentPort, workerData } from 'node:worker_threads';

import { replayAlerts } from './alert-replay.ts';
import type { FromReplay, ReplayThreadData } from './replays.ts';
import { yieldToRequests } from './thread-priority.ts';

// The thread of a replay: it reads what the service wrote, and what it costs is not taken from the requests.

const PROGRESS_MS = 100;

const port = parentPort;
if (port === null) throw new TypeError('a replay runs in a thread of the service');
const tell = (message: FromReplay): void => {
  port.postMessage(message);
};
yieldToRequests('replay');

const { directory, kek, rules, range, nowMs }: ReplayThreadData = workerData;
let toldMs = 0;
const found = replayAlerts(directory, {
  rules,
  ...range,
  nowMs,
  env: { SPANLEDGER_KEK: kek },
  onProgress: (done, all) => {
    if (done < all && performance.now() - toldMs < PROGRESS_MS) return;
    toldMs = performance.now();
    tell({ kind: 'progress', done, all });
  },
});
try {
  for await (const alert of found) tell({ kind: 'alert', alert });
  tell({ kind: 'done' });
} catch (error) {
  tell({ kind: 'failed', problem: error instanceof Error ? error.message : String(error) });
}
