import { isJsonObject, type JsonObject } from '@spanledger/record';
import { numberAt } from '../../output/document-fields.ts';
import { formatCount, formatTime } from '../../output/text.ts';
import { type Finding, good, warning } from './finding.ts';

/** What a service's status says of records that are kept for a time; nothing where all are kept for ever. */
export function checkRetention({ retention }: JsonObject): Finding[] {
  if (!isJsonObject(retention)) return [];
  const { trouble, hint, next_due: next } = retention;
  if (typeof trouble === 'string')
    return [warning('retention', trouble, typeof hint === 'string' ? hint : '')];
  const due = typeof next === 'string' ? `the next record is due at ${formatTime(next)}` : 'no record is due';
  const begin = numberAt(retention, 'minimum_index') ?? 0;
  return [good('retention', `${due}; the log begins at entry ${formatCount(begin)}`)];
}
