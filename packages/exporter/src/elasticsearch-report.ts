import type { JsonObject } from '@spanledger/record';

import type { ElasticsearchStatus } from './followers/index.ts';
import { gauge } from './gauges.ts';
import type { ElasticsearchTroubleCode, IndexFollowerStatus } from './search/elasticsearch/index.ts';
import type { Trouble } from './trouble.ts';

/** So many records that wait for Elasticsearch are worth a look. */
const MAX_LAG = 100_000;

/** How the index in Elasticsearch is, for `/api/status`. */
export function describeElasticsearch(
  status: ElasticsearchStatus,
  published: number,
  verification: JsonObject | undefined,
): JsonObject {
  const { alerts } = status;
  return {
    ...describeStream(status, published),
    ...(alerts !== undefined && { alerts: describeStream(alerts, published) }),
    ...(verification !== undefined && { verification }),
  };
}

function describeStream(status: IndexFollowerStatus, published: number): JsonObject {
  const { position, trouble, failures, deadLetters, batchDocuments } = status;
  return {
    position,
    lag: lagOf(status, published),
    failures,
    dead_letters: deadLetters,
    batch_documents: batchDocuments,
    ...(trouble !== undefined && { trouble: { ...trouble } }),
  };
}

/** What of it an operator should see to; none of it keeps the service from its work. */
export function elasticsearchWarnings(
  status: ElasticsearchStatus,
  published: number,
): (Trouble & { code: ElasticsearchTroubleCode })[] {
  const { trouble, alerts } = status;
  const deadLetters = status.deadLetters + (alerts?.deadLetters ?? 0);
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
  // What keeps both from being indexed is told once.
  if (alerts?.trouble !== undefined && alerts.trouble.code !== trouble?.code) {
    const { code, message, hint } = alerts.trouble;
    warnings.push({ code, message: `Alerts: ${message}`, ...(hint !== undefined && { hint }) });
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
export function elasticsearchMetrics(status: ElasticsearchStatus, published: number): string[] {
  const { trouble, failures, batchDocuments, alerts } = status;
  const deadLetters = status.deadLetters + (alerts?.deadLetters ?? 0);
  const one = (name: string, help: string, value: number): string[] =>
    gauge(`spanledger_elasticsearch_${name}`, help, [[{}, value]]);
  return [
    ...one('up', 'Whether Elasticsearch takes in what it is sent.', trouble === undefined ? 1 : 0),
    ...one('lag', 'Records that are published and not indexed in Elasticsearch.', lagOf(status, published)),
    ...(alerts === undefined
      ? []
      : one('alerts_lag', 'Records of which it is open whether they are alerts.', lagOf(alerts, published))),
    ...one('failures', 'Attempts to index that failed since the last good one.', failures),
    ...one('dead_letters', 'Records that Elasticsearch refused.', deadLetters),
    ...one('batch_documents', 'How many documents a request may hold now.', batchDocuments),
  ];
}

function lagOf({ position }: IndexFollowerStatus, published: number): number {
  return Math.max(0, published - position);
}
