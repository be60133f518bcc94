import type { LedgerReader } from '@spanledger/ledger';

import type { DataDirectory } from '../data-directory.ts';
import { DocumentReader } from '../documents.ts';
import { type FollowedRecords, parseOwnRecord } from '../followed-records.ts';
import type { FollowedLog } from '../follower-database.ts';
import type { OpeningsReader } from '../openings.ts';
import { createRowSealer } from '../privacy/index.ts';
import { type HoldInForce, type RetentionConfig, RetentionKeeper } from '../retention/index.ts';
import { evaluate, parseQuery } from '../search/query/index.ts';

/** What keeping retention joins. */
export interface RetentionFollowerOptions {
  config: RetentionConfig;
  paths: DataDirectory;
  /** The key of the blind index. */
  key: Uint8Array;
  reader: LedgerReader;
  records: FollowedRecords;
  log: FollowedLog;
}

/** The follower that knows when each record was recorded, and for how long it is kept. */
export function openRetentionKeeper(options: RetentionFollowerOptions): RetentionKeeper {
  const { config, paths, key, reader, records, log } = options;
  return new RetentionKeeper({
    file: paths.retentionFile,
    key,
    config,
    records,
    async readClear(from, to) {
      const entries = await reader.range(from, to);
      return entries.map((bytes, i) => parseOwnRecord(bytes, from + i));
    },
    sealer: createRowSealer(key, 'retention'),
    log,
    now: Date.now,
  });
}

/** Finds out which legal holds cover records: by their documents, as a search would. */
export function findHeldRecords(
  reader: LedgerReader,
  openings: OpeningsReader,
): (indexes: readonly number[], holds: readonly HoldInForce[]) => Promise<Map<number, string>> {
  const documents = new DocumentReader(reader, openings);
  return async (indexes, holds) => {
    const queries = holds.map(({ id, query }) => ({ id, query: parseQuery(query) }));
    const held = new Map<number, string>();
    for (const [index, document] of await documents.read(indexes)) {
      const hold = queries.find(({ query }) => evaluate(query, document));
      if (hold !== undefined) held.set(index, hold.id);
    }
    return held;
  };
}
