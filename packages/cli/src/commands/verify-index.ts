import { loadConfig, verifyElasticsearch, verifyIndex, type IndexReport } from '@spanledger/audit-exporter';
import type { Location } from '../connection.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { progressLine } from '../output/progress.ts';

export { renderIndexReport } from '../output/index-report.ts';
/** Which index is compared with the ledger. */
export type ComparedIndex = 'embedded' | 'elasticsearch';

/** What the report on each is about. */
export const INDEX_TITLES: Readonly<Record<ComparedIndex, string>> = {
  embedded: 'index, sessions and vault',
  elasticsearch: 'index in Elasticsearch',
};

/**
 * Verifies an index of a data directory against its ledger.
 *
 * @throws CliError `usage` where the audit trail is asked of a service, or no Elasticsearch is configured; what
 *   `verifyIndex` and `verifyElasticsearch` throw
 */
export async function compareIndex(
  which: ComparedIndex,
  location: Location,
  context: Context,
): Promise<IndexReport> {
  demandDirectory(location);
  const line = progressLine(context.draw, context.now, context.err);
  const options = {
    env: context.env,
    onProgress: (progress: { verified: number; size: number }) => {
      line.update(progress);
    },
  };
  try {
    if (which === 'embedded') return await verifyIndex(location.directory, options);
    const { elasticsearch } = loadConfig({ env: context.env });
    if (elasticsearch === undefined) throw noElasticsearch();
    return await verifyElasticsearch(location.directory, { ...options, elasticsearch });
  } finally {
    line.clear();
  }
}

/** What is said where no Elasticsearch is configured. */
export function noElasticsearch(): CliError {
  return new CliError('usage', 'no Elasticsearch is configured', {
    hint: 'Name it with elasticsearch.url in spanledger.yaml, or SPANLEDGER_ELASTICSEARCH_URL.',
  });
}

/** @throws CliError `usage` where the audit trail is asked of a service, which verifies nothing against itself */
export function demandDirectory(
  location: Location,
): asserts location is Extract<Location, { kind: 'directory' }> {
  if (location.kind === 'directory') return;
  throw new CliError('usage', '--index compares a data directory with its ledger, and no service', {
    hint: 'Name the directory with --data; a service may be running on it.',
  });
}
