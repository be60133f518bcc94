import { isJsonObject, type AlertSeverity, type AlertStatus, type JsonObject } from '@spanledger/record';

import type { AlertDetail, AlertsPage, AlertSummary } from './alert-types.ts';
import { count, objects, optional, refuse, text } from './remote-answers.ts';

const SEVERITIES: readonly AlertSeverity[] = ['low', 'medium', 'high', 'critical'];
const STATUSES: readonly AlertStatus[] = ['open', 'acknowledged', 'resolved'];

/** @throws ExporterError `archive_refused` when the answer has another shape; so does the function below */
export function readAlertsPage(answer: JsonObject): AlertsPage {
  return { alerts: objects(answer, 'alerts').map(readSummary), ...optional(answer, 'next') };
}

export function readAlertDetail(answer: JsonObject): AlertDetail {
  const record = answer['record'];
  return {
    ...readSummary(answer),
    record: isJsonObject(record) ? record : refuse('record'),
    changes: objects(answer, 'changes'),
    evidence: objects(answer, 'evidence'),
  };
}

/** @throws ExporterError `archive_refused` */
export function readSeverity(answer: JsonObject): AlertSeverity {
  return SEVERITIES.find((one) => one === answer['severity']) ?? refuse('severity');
}

function readSummary(answer: JsonObject): AlertSummary {
  return {
    id: text(answer, 'id'),
    rule: text(answer, 'rule'),
    name: text(answer, 'name'),
    severity: readSeverity(answer),
    status: STATUSES.find((one) => one === answer['status']) ?? refuse('status'),
    time: text(answer, 'time'),
    first: text(answer, 'first'),
    last: text(answer, 'last'),
    count: count(answer, 'count'),
    ...optional(answer, 'message'),
    ...optional(answer, 'user_id'),
    ...optional(answer, 'user_name'),
    ...optional(answer, 'client_address'),
    ...optional(answer, 'service'),
    ...optional(answer, 'session'),
    ...optional(answer, 'technique'),
    index: count(answer, 'index'),
    ...optional(answer, 'changed'),
    ...optional(answer, 'note'),
  };
}
