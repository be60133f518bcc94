import { parentPort, workerData } from 'node:worker_threads';
import { Closers } from '../closers.ts';
import type { Follower } from '../follower.ts';
import type { Notifier } from '../notify/index.ts';
import { RequestsFirst } from '../request-load.ts';
import { yieldToRequests } from '../thread-priority.ts';
import { openAlertFollower } from './alerts.ts';
import { openDelivery, unusableTargets } from './delivery.ts';
import { openLogAccess } from './log-access.ts';
import { draftsAbout } from './erased-drafts.ts';
import { LogWorker } from './log-worker.ts';
import type { FollowerThreadData, FromAlerts, ToAlerts } from './messages.ts';
import { describeProblem } from './problem.ts';
import { PublishedSize } from './published-size.ts';
import type { SubjectNames } from './subject-names.ts';

// The thread of the alerts. Somebody waits for what it finds: it comes before the thread of the other followers.

/** A tenth of a second at the most: what was found is sent, and what is to be delivered goes out, between two batches. */
const BATCH_ENTRIES = 1024;

/** How long it gives way to requests, at the most, before each batch: as much again as a batch takes on a busy machine. */
const GIVE_WAY_MS = 500;

const port = parentPort;
if (port === null) throw new TypeError('alerts are looked for in a thread of the service');
const tell = (message: FromAlerts): void => {
  port.postMessage(message);
};

yieldToRequests('alerts');

const data: FollowerThreadData = workerData;
const closers = new Closers();
const { paths, key, openings, records, reader, log } = await openLogAccess(data, closers);
const alerts =
  data.alerts === undefined
    ? undefined
    : openAlertFollower({ config: data.alerts, paths, key, reader, records, openings, log });
closers.add(() => alerts?.close());
const delivery = deliver();
closers.add(() => delivery?.close());
const followers: Follower[] = [delivery?.finder, alerts].filter((follower) => follower !== undefined);
const worker = new LogWorker({
  port,
  ledger: new PublishedSize(),
  reader,
  followers,
  batchEntries: BATCH_ENTRIES,
  requestsFirst: new RequestsFirst(data.requestLoad, GIVE_WAY_MS),
  closers,
  finish: (followed) => followed.then(() => delivery?.finish()),
});

port.on('message', (message: ToAlerts) => {
  switch (message.kind) {
    case 'reach':
      reach(message, () => Promise.resolve());
      return;
    case 'settle_erasure':
      reach(message, () => settleErasure(message.references, message.names));
      return;
    default:
      worker.hear(message);
  }
});
tell({ kind: 'ready' });
delivery?.start();

function reach({ call, until }: { call: number; until: number }, act: () => Promise<void>): void {
  worker.followers
    .reached(until)
    .then(act)
    .then(() => {
      tell({ kind: 'reached', call });
    })
    .catch((error: unknown) => {
      tell({ kind: 'reach_failed', call, problem: describeProblem(error) });
    });
}

async function settleErasure(references: readonly string[], names: SubjectNames): Promise<void> {
  records.forget();
  if (alerts === undefined) return;
  await worker.followers.alone(alerts, async () => {
    alerts.outbox?.strip(draftsAbout(references, names));
    alerts.settleErasure?.();
  });
}

/** What keeps alerts from being delivered keeps nobody from looking for them. */
function deliver(): Notifier | undefined {
  const { deliver: targets = [] } = data;
  try {
    return openDelivery({ targets, paths, log, reader, openings, tell });
  } catch (error) {
    tell({ kind: 'problem', what: 'delivering alerts', problem: describeProblem(error) });
    tell({ kind: 'delivery_status', statuses: unusableTargets(targets, describeProblem(error).message) });
    return undefined;
  }
}
