import type { JsonObject } from '@spanledger/record';

import { isAlert } from './alert-texts.ts';
import type { ElasticsearchConfig } from './config/index.ts';
import { dataDirectory } from './data-directory.ts';
import { openElasticsearchRooms } from './elasticsearch-access.ts';
import { describeFailure } from './elasticsearch/index.ts';
import { environmentKek, kekEnvironment } from './environment-kek.ts';
import { ExporterError } from './errors.ts';
import { loadIndexKey, loadKek } from './privacy/index.ts';
import { openPurgedRecords } from './purged-records.ts';
import { IndexState, reindex } from './search/elasticsearch/index.ts';
import type { ElasticsearchTroubleCode, ReindexReport } from './search/elasticsearch/index.ts';

/** Which records are indexed again, and where. */
export interface ReindexOptions {
  elasticsearch: ElasticsearchConfig;
  /** First ledger index; default 0. */
  from?: number;
  /** Ledger index just past the last; default: all that is published. */
  to?: number;
  /** Only the records that Elasticsearch refused before. */
  onlyRefused?: boolean;
  /** For `SPANLEDGER_KEK`; the process's own by default. */
  env?: Readonly<Record<string, string | undefined>>;
  onProgress?: (progress: { verified: number; size: number }) => void;
  /** Told why it does not go on just now, and that it does again. */
  onTrouble?: (trouble: { code: ElasticsearchTroubleCode; message: string } | undefined) => void;
  signal: AbortSignal;
}

/**
 * Indexes records of a data directory into Elasticsearch again, from the ledger. A service may be running.
 *
 * @throws ExporterError `request_malformed` for a range that the ledger does not have; `key_missing`, `key_mismatch`,
 *   `elasticsearch_failed` and its like; LedgerError where the log's files cannot be read
 */
export async function reindexElasticsearch(
  directory: string,
  options: ReindexOptions,
): Promise<ReindexReport> {
  const { elasticsearch, env = process.env, onProgress, onTrouble, signal } = options;
  const paths = dataDirectory(directory);
  await using cleanup = new AsyncDisposableStack();
  const brought = await environmentKek(kekEnvironment(env));
  const rooms = await openElasticsearchRooms(paths, elasticsearch, brought, cleanup);
  const key = await loadIndexKey(paths.indexKeyFile, await loadKek(paths.kekFile, brought, false), false);
  const purged = openPurgedRecords(paths, key, cleanup);
  const { size, origin } = await rooms.log.checkpoint();
  const minimumIndex = await rooms.log.minimumIndex();
  const { from = minimumIndex, to = size } = options;
  if (from < minimumIndex) {
    throw new ExporterError(
      'request_malformed',
      `The ledger has no records before ${minimumIndex} any more`,
      {
        hint: `They were pruned: give a range from ${minimumIndex} to ${size}.`,
      },
    );
  }
  if (from > to || to > size) {
    throw new ExporterError('request_malformed', `The ledger has no records ${from} to ${to}`, {
      hint: `It has ${size}: give a range from 0 to ${size}.`,
    });
  }
  const open = (file: string): IndexState =>
    cleanup.adopt(new IndexState(file), (room) => {
      room.close();
    });
  const { stream, alerts, ...shared } = rooms;
  const targets: Target[] = [
    { stream, state: open(paths.elasticsearchFile), ranges: [] },
    { stream: alerts, state: open(paths.elasticsearchAlertsFile), ranges: [], select: isAlert },
  ];
  for (const target of targets) {
    target.ranges =
      options.onlyRefused === true
        ? rangesOf([...target.state.deadLettersIn(from, to).keys()])
        : [{ from, to }];
  }
  const all = targets.flatMap(({ ranges }) => ranges).reduce((sum, range) => sum + range.to - range.from, 0);
  const total: ReindexReport = { records: 0, created: 0, replaced: 0, refused: 0 };
  let before = 0;
  try {
    for (const { ranges, ...target } of targets) {
      for (const range of ranges) {
        const report = await reindex({
          ...shared,
          ...target,
          ...range,
          origin,
          signal,
          ...(purged !== undefined && { purgedIn: (first, end) => purged.purgedIn(first, end) }),
          onProgress: ({ verified }) => onProgress?.({ verified: before + verified, size: all }),
          ...(onTrouble !== undefined && { onTrouble }),
        });
        before += range.to - range.from;
        // Every alert is a record that was counted with the others.
        if (target.select === undefined) total.records += report.records;
        total.created += report.created;
        total.replaced += report.replaced;
        total.refused += report.refused;
      }
    }
  } catch (error) {
    if (error instanceof Error && error.name === 'IncompleteAnswerError') {
      throw new ExporterError('elasticsearch_refused', error.message, { cause: error });
    }
    throw describeFailure(error, elasticsearch.url);
  }
  return total;
}

/** A stream, and what of the ledger is to be in it. */
interface Target {
  stream: string;
  state: IndexState;
  ranges: { from: number; to: number }[];
  select?: (document: JsonObject) => boolean;
}

function rangesOf(indexes: readonly number[]): { from: number; to: number }[] {
  const ranges: { from: number; to: number }[] = [];
  for (const index of indexes) {
    const last = ranges.at(-1);
    if (last?.to === index) last.to++;
    else ranges.push({ from: index, to: index + 1 });
  }
  return ranges;
}
