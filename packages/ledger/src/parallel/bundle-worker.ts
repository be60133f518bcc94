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
for (let run = plan.waitForRun(holder); run !== undefined; run = plan.waitForRun(holder)) {
  const bundles = files.readRun(plan.bundlesOf(run));
  const message: BundleRun = { run, bundles };
  parentPort.postMessage(
    message,
    bundles.flatMap((bundle) => (bundle === undefined ? [] : [bundle.row.buffer])),
  );
}
