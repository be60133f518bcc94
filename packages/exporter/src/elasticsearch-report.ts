import type { JsonObject } from '@spanledger/record';

import { gauge } from './gauges.ts';
import type { ElasticsearchTroubleCode, IndexFollowerStatus } from './search/elasticsearch/index.ts';
import type { Trouble } from './trouble.ts';

/** So many records that wait for Elasticsearch are worth a look. */
const MAX_LAG = 100_000;

/** How the index in Elasticsearch is, for `/api/status`. */
export function describeElasticsearch(
  status: IndexFollowerStatus,
  published: number,
  verification: JsonObject | undefined,
): JsonObject {
  const { position, trouble, failures, deadLetters, batchDocuments } = status;
  return {
    position,
    lag: lagOf(status, published),
    failures,
    dead_letters: deadLetters,
    batch_documents: batchDocuments,
    ...(trouble !== undefined && { trouble: { ...trouble } }),
    ...(verification !== undefined && { verification }),
  };
}

/** What of it an operator should see to; none of it keeps the service from its work. */
export function elasticsearchWarnings(
  status: IndexFollowerStatus,
  published: number,
): (Trouble & { code: ElasticsearchTroubleCode })[] {
  const { trouble, deadLetters } = status;
  const lag = lagOf(status, published);
  const warnings: (Trouble & { code: ElasticsearchTroubleCode })[] = [];
  if (trouble !== undefined) {
    const { code, message, hint } = trouble;
    warnings.push({ code, message: `${message}; ${lag} records wait`, ...(hint !== undefined && { hint }) });
  } else if (lag > MAX_LAG) {
    warnings.push({
      code: 'elasticsearch_behind',
      message: `${lag} records wait to be indexed into Elasticsearch`,
      hint: 'It catches up by itself if Elasticsearch takes in more than the service does.',
    });
  }
  if (deadLetters > 0) {
    warnings.push({
      code: 'elasticsearch_dead_letters',
      message: `Elasticsearch refused ${deadLetters} records`,
      hint: 'spanledger doctor lists them; once the mapping is mended, spanledger reindex takes them in.',
    });
  }
  return warnings;
}

/** The same for a monitor. */
export function elasticsearchMetrics(status: IndexFollowerStatus, published: number): string[] {
  const { trouble, failures, deadLetters, batchDocuments } = status;
  const one = (name: string, help: string, value: number): string[] =>
    gauge(`spanledger_elasticsearch_${name}`, help, [[{}, value]]);
  return [
    ...one('up', 'Whether Elasticsearch takes in what it is sent.', trouble === undefined ? 1 : 0),
    ...one('lag', 'Records that are published and not indexed in Elasticsearch.', lagOf(status, published)),
    ...one('failures', 'Attempts to index that failed since the last good one.', failures),
    ...one('dead_letters', 'Records that Elasticsearch refused.', deadLetters),
    ...one('batch_documents', 'How many documents a request may hold now.', batchDocuments),
  ];
}

function lagOf({ position }: IndexFollowerStatus, published: number): number {
  return Math.max(0, published - position);
}
