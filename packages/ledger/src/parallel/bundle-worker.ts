import { parentPort, workerData } from 'node:worker_threads';
import { BundleFiles } from './bundle-files.ts';
import { isWorkerStart, type BundleRun } from './messages.ts';
import { WorkPlan } from './work-plan.ts';

/** The script of a thread that reads bundles until there are none left. */
const start: unknown = workerData;
if (!isWorkerStart(start) || parentPort === null) throw new TypeError('not a thread of a verification');
const { order, holder } = start;
const plan = new WorkPlan(order);
const files = new BundleFiles(order.directory, order.origin, order.entries);
let streams = files.streams;
let told = 0;
for (let run = plan.waitForRun(holder); run !== undefined; run = plan.waitForRun(holder)) {
  const bundles = files.readRun(plan.bundlesOf(run));
  const areStreamsForgotten = files.streams !== streams;
  if (areStreamsForgotten) told = 0;
  ({ streams } = files);
  const message: BundleRun = {
    run,
    // Not with all streams, of which the most are known there.
    bundles: bundles.map((bundle) => bundle && { ...bundle, streams: undefined }),
    newStreams: streams.slice(told),
    areStreamsForgotten,
  };
  told = streams.length;
  parentPort.postMessage(
    message,
    bundles.flatMap((bundle) => (bundle === undefined ? [] : [bundle.row.buffer])),
  );
}
