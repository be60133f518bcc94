import { randomUUID } from 'node:crypto';
import { isJsonObject, type JsonObject, type JsonValue, type RecordDraft } from '@spanledger/record';

import type { AlertChange, AlertSummary } from './alert-types.ts';
import type { AlertRow } from './alerts/index.ts';
import type { DocumentReader } from './documents.ts';
import { ExporterError } from './errors.ts';
import { ownRecord } from './own-record.ts';
import { timestampOf } from './timestamp.ts';

/** Summaries of alerts, in the order of the rows; what no document is published of is left out. */
export async function summarizeAlerts(
  documents: Pick<DocumentReader, 'read'>,
  rows: readonly AlertRow[],
): Promise<AlertSummary[]> {
  const indexes = rows.flatMap(({ raisedIndex, changedIndex }) => [
    raisedIndex,
    ...(changedIndex === undefined ? [] : [changedIndex]),
  ]);
  const opened = await documents.read(indexes);
  return rows.flatMap((row) => {
    const raised = opened.get(row.raisedIndex);
    const changed = row.changedIndex === undefined ? undefined : opened.get(row.changedIndex);
    return raised === undefined ? [] : [summaryOf(row, raised, changed)];
  });
}

/**
 * The record of what somebody did with an alert.
 *
 * @param raised - the document of the alert
 * @param caller - who did it; undefined where nobody has to say who they are
 */
export function changeDraft(
  row: AlertRow,
  raised: JsonObject,
  { status, note = '' }: AlertChange,
  caller: string | undefined,
  nowMs: number,
): RecordDraft {
  if (row.status === 'resolved' && status === 'acknowledged') {
    throw new ExporterError('request_malformed', `The alert ${row.id} is resolved already`, {
      hint: 'What is resolved need not be acknowledged; resolve it again to add a note.',
    });
  }
  const id = `${status}-${randomUUID()}`;
  const rule = at(raised, ['rule']);
  const alert = at(raised, ['audit', 'alert']);
  return ownRecord({
    id,
    timestamp: timestampOf(nowMs),
    kind: 'alert',
    ...(caller !== undefined && { subject: { issuer: '', id: caller, type: 'service' } }),
    audit: {
      action: status === 'resolved' ? 'RESOLVE' : 'ACKNOWLEDGE',
      alert: { ...(isJsonObject(alert) && alert), status },
      evidence: {
        count: 1,
        first_index: row.raisedIndex,
        last_index: row.raisedIndex,
        records: [row.id],
      },
      outcome: 'success',
    },
    event: {
      action: `alert.${status}`,
      category: ['intrusion_detection'],
      severity: at(raised, ['event', 'severity']) ?? 0,
      type: ['info'],
    },
    clear: { ...(isJsonObject(rule) && { rule }) },
    groups: note === '' ? {} : { content: { message: note } },
  });
}

function summaryOf(row: AlertRow, raised: JsonObject, changed: JsonObject | undefined): AlertSummary {
  const count = at(raised, ['audit', 'alert', 'count']);
  const time = text(raised, ['@timestamp']) ?? '';
  return {
    id: row.id,
    rule: row.rule,
    name: text(raised, ['rule', 'name']) ?? row.rule,
    severity: row.severity,
    status: row.status,
    time,
    first: text(raised, ['audit', 'alert', 'first']) ?? time,
    last: text(raised, ['audit', 'alert', 'last']) ?? time,
    count: typeof count === 'number' ? count : 1,
    ...optional('message', text(raised, ['message'])),
    ...optional('user_id', text(raised, ['user', 'id']) ?? text(raised, ['enduser', 'id'])),
    ...optional('user_name', text(raised, ['user', 'name'])),
    ...optional('client_address', text(raised, ['client', 'address'])),
    ...optional('service', text(raised, ['service', 'name'])),
    ...optional('session', text(raised, ['audit', 'session', 'id'])),
    ...optional('technique', text(raised, ['threat', 'technique', 'id'])),
    index: row.raisedIndex,
    ...optional('changed', changed && text(changed, ['@timestamp'])),
    ...optional('note', changed && text(changed, ['message'])),
  };
}

function optional<Name extends string>(name: Name, value: string | undefined): { [Key in Name]?: string } {
  const found: { [Key in Name]?: string } = {};
  if (value !== undefined) found[name] = value;
  return found;
}

function text(document: JsonObject, path: readonly string[]): string | undefined {
  const value = at(document, path);
  const one = Array.isArray(value) ? value[0] : value;
  return typeof one === 'string' ? one : undefined;
}

function at(document: JsonObject, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = document;
  for (const name of path) value = isJsonObject(value) ? value[name] : undefined;
  return value;
}
