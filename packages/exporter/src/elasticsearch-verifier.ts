import { environmentKek, kekEnvironment } from './environment-kek.ts';
import { access } from 'node:fs/promises';

import type { ElasticsearchConfig } from './config/index.ts';
import { dataDirectory } from './data-directory.ts';
import { openElasticsearchRooms } from './elasticsearch-access.ts';
import { describeFailure } from './elasticsearch/index.ts';
import { MAX_INDEX_FAILURES } from './index-report.ts';
import type { IndexFailure, IndexReport } from './index-report.ts';
import { loadIndexKey, loadKek } from './privacy/index.ts';
import { openPurgedRecords } from './purged-records.ts';
import { compareIndex, IndexState } from './search/elasticsearch/index.ts';

/** How an index in Elasticsearch is verified. */
export interface VerifyElasticsearchOptions {
  /** Where it is. */
  elasticsearch: ElasticsearchConfig;
  /** For `SPANLEDGER_KEK`; the process's own by default. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Is told now and then how many of the log's `size` records were compared. */
  onProgress?: (progress: { verified: number; size: number }) => void;
  signal?: AbortSignal;
}

/**
 * Verifies the index in Elasticsearch against the ledger of a data directory, which is believed: verify it first. Every
 * document is held to its record, and every record to the index. A service may be running. Nothing is changed.
 *
 * @param directory - the data directory
 * @throws ExporterError `key_missing`, `key_mismatch`, `ledger_damaged`, `elasticsearch_unreachable` and its like
 * @throws LedgerError where the log's files cannot be read
 */
export async function verifyElasticsearch(
  directory: string,
  options: VerifyElasticsearchOptions,
): Promise<IndexReport> {
  const startedMs = performance.now();
  const { elasticsearch, env = process.env, onProgress, signal } = options;
  const paths = dataDirectory(directory);
  await using cleanup = new AsyncDisposableStack();
  const kek = await environmentKek(kekEnvironment(env));
  const { log, documents, reader, stream } = await openElasticsearchRooms(paths, elasticsearch, kek, cleanup);
  const key = await loadIndexKey(paths.indexKeyFile, await loadKek(paths.kekFile, kek, false), false);
  const purged = openPurgedRecords(paths, key, cleanup);
  const state = await openState(paths.elasticsearchFile);
  cleanup.defer(() => {
    state?.close();
  });
  // Before the checkpoint, which grows meanwhile.
  const known = state?.position();
  const position = known?.stream === stream ? known.position : 0;
  const { size, origin } = await log.checkpoint();
  const failures: IndexFailure[] = [];
  const counts = `The index has taken in ${position} records, the ledger has ${size}.`;
  if (position < size) failures.push({ code: 'index_behind', place: { index: position }, detail: counts });
  if (position > size) failures.push({ code: 'index_ahead', place: { index: size }, detail: counts });
  try {
    const found = await compareIndex({
      reader,
      stream,
      origin,
      documents,
      position: Math.min(position, size),
      size,
      minimumIndex: () => log.minimumIndex(),
      ...(purged !== undefined && { purgedIn: (from, to) => purged.purgedIn(from, to) }),
      currentSize: async () => (await log.checkpoint()).size,
      deadLetters: (from, to) => state?.deadLettersIn(from, to) ?? new Map(),
      ...(onProgress !== undefined && { onProgress }),
      ...(signal !== undefined && { signal }),
    });
    failures.push(...found.failures);
    return {
      ok: failures.length === 0,
      size,
      compared: found.compared,
      failures: failures.slice(0, MAX_INDEX_FAILURES),
      complete: found.complete && failures.length <= MAX_INDEX_FAILURES,
      others: found.others,
      elapsedMs: performance.now() - startedMs,
    };
  } catch (error) {
    throw describeFailure(error, elasticsearch.url);
  }
}

async function openState(file: string): Promise<IndexState | undefined> {
  try {
    await access(file);
  } catch {
    return undefined;
  }
  return new IndexState(file, true);
}
