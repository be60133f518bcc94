import { access } from 'node:fs/promises';
import { dataDirectory, IndexState } from '@spanledger/audit-exporter';
import type { DeadLetter } from '@spanledger/audit-exporter';
import { isJsonObject, type JsonObject } from '@spanledger/record';
import { numberAt } from '../../output/document-fields.ts';
import { formatCount } from '../../output/text.ts';
import { bad, type Finding, good, warning } from './finding.ts';

const SUBJECT = 'elasticsearch';

/** How many refused records are named one by one. */
const MAX_SHOWN = 20;

/** What a service's status says of its index in Elasticsearch. */
export function checkElasticsearch({ elasticsearch }: JsonObject): Finding[] {
  if (!isJsonObject(elasticsearch)) return [];
  const lag = formatCount(numberAt(elasticsearch, 'lag') ?? 0);
  const { trouble } = elasticsearch;
  if (!isJsonObject(trouble)) return [good(SUBJECT, `${lag} records wait to be indexed`)];
  const message = typeof trouble['message'] === 'string' ? trouble['message'] : 'indexing waits';
  const fix = typeof trouble['hint'] === 'string' ? trouble['hint'] : 'It is tried again by itself.';
  return [warning(SUBJECT, `${message}; ${lag} records wait`, fix)];
}

/** What Elasticsearch refused of the records and alerts of a data directory. */
export async function checkDeadLetters(directory: string): Promise<Finding[]> {
  const { elasticsearchFile, elasticsearchAlertsFile } = dataDirectory(directory);
  return [
    ...(await checkLetters(elasticsearchFile, 'records')),
    ...(await checkLetters(elasticsearchAlertsFile, 'alerts')),
  ];
}

async function checkLetters(file: string, what: string): Promise<Finding[]> {
  try {
    await access(file);
  } catch {
    return [];
  }
  const state = new IndexState(file, true);
  try {
    const count = state.countDeadLetters();
    if (count === 0) return [];
    const letters = state.deadLetters(MAX_SHOWN).map(describeLetter);
    const more = count > letters.length ? [`… and ${formatCount(count - letters.length)} more`] : [];
    return [
      bad(
        SUBJECT,
        `it refused ${formatCount(count)} ${what}: ${[...letters, ...more].join('; ')}`,
        'Mend the mapping (spanledger setup elasticsearch), then: spanledger reindex --refused. Another document under the id of a record is named by: spanledger verify --index elasticsearch',
      ),
    ];
  } finally {
    state.close();
  }
}

function describeLetter({ index, reason, field }: DeadLetter): string {
  return field === undefined ? `record ${index} (${reason})` : `record ${index} (${reason} at ${field})`;
}
