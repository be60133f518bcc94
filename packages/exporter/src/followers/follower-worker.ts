import { parentPort, workerData } from 'node:worker_threads';
import { openJournalReader } from '@spanledger/ledger';
import { Closers } from '../closers.ts';
import { followCompleteness } from '../completeness/index.ts';
import type { ElasticsearchConfig } from '../config/index.ts';
import type { Follower } from '../follower.ts';
import {
  createRowSealer,
  fileEpochKeys,
  loadReferenceKey,
  sealSegment,
  Vault,
  VaultSealer,
} from '../privacy/index.ts';
import { RequestsFirst } from '../request-load.ts';
import { openSearchIndex } from '../search/index.ts';
import { openSessions } from '../sessions/index.ts';
import { yieldToRequests } from '../thread-priority.ts';
import type { ElasticsearchFollower } from './elasticsearch.ts';
import { FoundRecords } from './found-records.ts';
import { openLogAccess } from './log-access.ts';
import { LogWorker } from './log-worker.ts';
import type { FollowerThreadData, FromFollowers, ToFollowers } from './messages.ts';
import { describeProblem } from './problem.ts';
import { PublishedSize } from './published-size.ts';
import { createPurger, type PurgingOptions, retentionWork } from './purging.ts';
import { answerRetention } from './retention-answers.ts';
import { openRetentionKeeper } from './retention.ts';
import { type ErasureCounts, SubjectEraser } from './subject-eraser.ts';

// The thread of the followers: what they cost is not taken from the requests. It reads what the service wrote, writes
// databases that nobody else writes, and hears from the service how far the log is published.

const port = parentPort;
if (port === null) throw new TypeError('the followers run in a thread of the service');
const tell = (message: FromFollowers): void => {
  port.postMessage(message);
};

yieldToRequests('followers');

/** How long it gives way to requests, at the most, before each batch, and each part of what goes to the vault. */
const GIVE_WAY_MS = 1000;

const data: FollowerThreadData = workerData;
const requestsFirst = new RequestsFirst(data.requestLoad, GIVE_WAY_MS);
const closers = new Closers();
const { paths, kek, key, openings, records, reader, log } = await openLogAccess(data, closers);
const keeper =
  data.retention === undefined
    ? undefined
    : openRetentionKeeper({ config: data.retention, paths, key, reader, records, log });
closers.add(() => keeper?.close());
const search = openSearchIndex({
  file: paths.indexFile,
  key,
  openings,
  records,
  log,
  ...(keeper !== undefined && { purgedIn: (from, to) => keeper.table.purgedIn(from, to) }),
  isErased: (reference) => sealer.isErased(reference),
});
closers.add(() => {
  search.close();
});
// What changes before Elasticsearch is open, its copier finds.
let markSessions: (references: string[]) => void = () => undefined;
const sessions = openSessions({
  file: paths.sessionsFile,
  key,
  openings,
  records,
  log,
  deriving: { config: data.sessions, sealer: createRowSealer(key, 'sessions') },
  onChange: (references) => {
    markSessions(references);
  },
});
closers.add(() => {
  sessions.close();
});
const completeness = followCompleteness({
  file: paths.completenessFile,
  key,
  records,
  sealer: createRowSealer(key, 'completeness outbox'),
  log,
  ...data.completeness,
});
closers.add(() => {
  completeness.close();
});
const vault = new Vault({ file: paths.vaultFile, kek });
closers.add(() => {
  vault.close();
});
const sealer = new VaultSealer(vault, await loadReferenceKey(paths.referenceKeyFile, kek, false));
const journal = await openJournalReader({
  directory: paths.root,
  epochKeys: fileEpochKeys(paths.epochKeys, kek),
});
const ledger = new PublishedSize();
const following: Follower[] = [sessions, completeness, search, ...(keeper === undefined ? [] : [keeper])];
const worker = new LogWorker({
  port,
  ledger,
  reader,
  followers: following,
  requestsFirst,
  closers,
  finish: () => elasticsearch?.finish(),
});
const foundRecords = new FoundRecords({ search, reader, openings });
const eraser = new SubjectEraser({
  vault,
  sealer,
  search,
  followers: following,
  alone: (follower, run) => worker.followers.alone(follower, run),
  found: foundRecords,
  records,
});
let vaultWork: Promise<unknown> = Promise.resolve();
const elasticsearch = data.elasticsearch === undefined ? undefined : await indexInto(data.elasticsearch);
if (elasticsearch !== undefined) markSessions = elasticsearch.mark;
closers.add(() => elasticsearch?.close());

const purging: PurgingOptions = {
  vault,
  search,
  sessions,
  followers: following,
  reader,
  openings,
  records,
  found: foundRecords,
  elasticsearch,
  hasElasticsearch: data.elasticsearch !== undefined,
  alone: (follower, run) => worker.followers.alone(follower, run),
  oneByOne,
};
const purger = keeper && createPurger(keeper, purging);

port.on('message', (message: ToFollowers) => {
  switch (message.kind) {
    case 'seal':
      seal(message.segment, message.end);
      return;
    case 'gather':
      answer(
        message,
        () => eraser.gather(message.reference),
        (call, names) => {
          tell({ kind: 'gathered', call, names });
        },
      );
      return;
    case 'mentions':
      answer(
        message,
        () => eraser.mentions(message.reference, message.names),
        (call, indexes) => {
          tell({ kind: 'mentioned', call, indexes });
        },
      );
      return;
    case 'erase_documents':
      answer(
        message,
        () => eraseDocuments(message),
        (call, documents) => {
          tell({ kind: 'documents_erased', call, documents });
        },
      );
      return;
    case 'destroy_key':
      erase(message.call, () =>
        oneByOne(async () => ({ references: await eraser.destroyKey(message.reference) })),
      );
      return;
    case 'erase':
      erase(message.call, async () => {
        await worker.followers.reached(message.until);
        return await oneByOne(() => eraser.erase(message.reference, message.mentions, message.names));
      });
      return;
    case 'retention':
      answer(
        message,
        () => answerRetention(message, purger, retentionWork(purging)),
        (call, found) => {
          tell({ kind: 'retention_answered', call, answer: found });
        },
      );
      return;
    default:
      worker.hear(message);
  }
});
tell({ kind: 'ready' });

function seal(segment: string, end: number): void {
  oneByOne(() => sealSegment({ journal, vault, sealer, segment, end, requestsFirst }))
    .then((learned) => {
      tell({ kind: 'sealed', segment, learned });
    })
    .catch((error: unknown) => {
      tell({ kind: 'seal_failed', segment, problem: describeProblem(error) });
    });
}

/** Answers a question once every follower has taken in what it is about. */
function answer<Found>(
  { call, until }: { call: number; until: number },
  find: () => Promise<Found>,
  reply: (call: number, found: Found) => void,
): void {
  worker.followers
    .reached(until)
    .then(find)
    .then((found) => {
      reply(call, found);
    })
    .catch((error: unknown) => {
      tell({ kind: 'erasure_failed', call, problem: describeProblem(error) });
    });
}

/** @returns undefined where no Elasticsearch is configured */
async function eraseDocuments(
  erasure: Extract<ToFollowers, { kind: 'erase_documents' }>,
): Promise<number | undefined> {
  if (data.elasticsearch === undefined) return undefined;
  if (elasticsearch === undefined) throw new Error('Elasticsearch could not be used since the start');
  const { reference, mentions, until } = erasure;
  const { companions, traces } = await eraser.surroundings(reference);
  return await elasticsearch.erase({ reference, indexes: [...companions, ...mentions], traces, until });
}

function erase(call: number, step: () => Promise<{ references: string[]; counts?: ErasureCounts }>): void {
  step()
    .then((done) => {
      tell({ kind: 'erased', call, ...done });
    })
    .catch((error: unknown) => {
      tell({ kind: 'erasure_failed', call, problem: describeProblem(error) });
    });
}

/** What writes the vault: the transaction of a segment spans many turns. */
async function oneByOne<T>(work: () => Promise<T>): Promise<T> {
  const done = vaultWork.then(work);
  vaultWork = done.catch(() => undefined);
  return await done;
}

/** What keeps Elasticsearch from being used keeps nobody else from following. */
async function indexInto(config: ElasticsearchConfig): Promise<ElasticsearchFollower | undefined> {
  try {
    const { startElasticsearchFollower } = await import('./elasticsearch.ts');
    return await startElasticsearchFollower({
      config,
      paths,
      reader,
      openings,
      ledger,
      sessions,
      tell,
      purgedIn: (from, to) => keeper?.table.purgedIn(from, to) ?? new Set(),
    });
  } catch (error) {
    worker.tellProblem('indexing into Elasticsearch', error);
    return undefined;
  }
}
