import type { LedgerReader } from '@spanledger/ledger';

import type { FollowedRecords } from '../followed-records.ts';
import type { Follower } from '../follower.ts';
import type { OpeningsReader } from '../openings.ts';
import type { Vault } from '../privacy/index.ts';
import { Purger, type RetentionKeeper } from '../retention/index.ts';
import type { SearchIndex } from '../search/index.ts';
import type { SessionStore } from '../sessions/index.ts';
import type { ElasticsearchFollower } from './elasticsearch.ts';
import type { FoundRecords } from './found-records.ts';
import { findHeldRecords } from './retention.ts';
import type { RetentionWork } from './retention-answers.ts';

/** Records that are taken out of the index in one go. */
const INDEX_BATCH = 1024;

/** Where records are, for who purges them. */
export interface PurgingOptions {
  vault: Vault;
  search: SearchIndex;
  sessions: SessionStore;
  /** All of them. */
  followers: readonly Follower[];
  reader: LedgerReader;
  openings: OpeningsReader;
  records: Pick<FollowedRecords, 'forget'>;
  found: Pick<FoundRecords, 'open' | 'read'>;
  /** Undefined where there is no Elasticsearch, or it could not be used since the start. */
  elasticsearch: ElasticsearchFollower | undefined;
  /** Whether there is to be one. */
  hasElasticsearch: boolean;
  /** Runs something while a follower takes nothing in. */
  alone: (follower: Follower, run: () => Promise<void>) => Promise<void>;
  /** Runs what writes the vault, one after the other. */
  oneByOne: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Purges records from everything that this thread writes. */
export function createPurger(keeper: RetentionKeeper, options: PurgingOptions): Purger {
  const { vault, search, sessions, followers, reader, openings, records, elasticsearch } = options;
  const { found, hasElasticsearch, alone, oneByOne } = options;
  return new Purger({
    keeper,
    alone: (run) => alone(keeper, run),
    findHeld: findHeldRecords(reader, openings),
    settledTo: () =>
      Math.min(
        vault.sealedTo,
        ...followers.map((follower) => follower.position()),
        elasticsearch?.position() ?? Number.POSITIVE_INFINITY,
      ),
    places: [
      // Some at a time, between which searches are followed on.
      async (indexes) => {
        for (let at = 0; at < indexes.length; at += INDEX_BATCH) {
          const some = await found.open(await found.read(indexes.slice(at, at + INDEX_BATCH)));
          await alone(search, async () => search.purge?.(some));
        }
      },
      async (indexes) => {
        if (!hasElasticsearch) return;
        if (elasticsearch === undefined) throw new Error('Elasticsearch could not be used since the start');
        await elasticsearch.purge(indexes);
      },
      (indexes) =>
        oneByOne(async () => {
          vault.erasure.cutOut(indexes);
          records.forget();
        }),
      async (indexes) => {
        await elasticsearch?.renew(sessions.identifiedBy(indexes));
      },
    ],
  });
}

/** What is done about what was purged, afterwards. */
export function retentionWork(options: PurgingOptions): RetentionWork {
  const { vault, search, followers, reader, alone, oneByOne } = options;
  return {
    settleVault: () =>
      oneByOne(async () => {
        vault.erasure.settle();
      }),
    settleIndex: () =>
      alone(search, async () => {
        search.settleErasure?.();
      }),
    async prune() {
      const minimumIndex = await reader.minimumIndex();
      for (const follower of followers) {
        await alone(follower, async () => {
          follower.prune?.(minimumIndex);
        });
      }
    },
  };
}
