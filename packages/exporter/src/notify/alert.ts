import { isJsonObject, type JsonObject, type JsonValue } from '@spanledger/record';

/** What a record of kind `alert` tells, in the order in which it happens to an alert. */
export const ALERT_ACTIONS = ['raised', 'acknowledged', 'resolved'] as const;

/** One of {@link ALERT_ACTIONS}; `event.action` is `alert.` and this. */
export type AlertAction = (typeof ALERT_ACTIONS)[number];

/** How much an alert matters, least first. */
export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;

/** One of {@link SEVERITIES}. */
export type Severity = (typeof SEVERITIES)[number];

/** What decides who is told of an alert; nothing of it is personal. */
export interface AlertFacts {
  action: AlertAction;
  severity: Severity;
  /** `rule.id`. */
  rule: string;
}

/** An alert record as it is told to the outside. */
export interface Alert extends AlertFacts {
  /** `audit.record.id`: the same however often it is sent. */
  recordId: string;
  /** `audit.alert.id`: the same from raised to resolved. */
  id: string;
  /** `rule.name`, or the id. */
  title: string;
  /** `rule.description`; empty where there is none. */
  description: string;
  /** When the record says that it was, RFC 3339. */
  at: string;
  /** Of the records it rests on, RFC 3339. */
  first: string;
  last: string;
  count: number;
  /** More that a reader wants to see, by field name; what of it is personal is there only where the target may have it. */
  details: ReadonlyMap<string, string>;
  /** The opened document, without the groups that the target may not have. */
  document: JsonObject;
}

/** What a canonical entry has if it is an alert; checked for before it is parsed. */
const MARK = Buffer.from('"kind":"alert"');

/** Fields that are told one by one, if the document has them. */
const DETAILS: readonly (readonly [label: string, path: readonly string[]])[] = [
  ['message', ['message']],
  ['user.id', ['user', 'id']],
  ['user.name', ['user', 'name']],
  ['client.address', ['client', 'address']],
  ['user_agent.original', ['user_agent', 'original']],
  ['service.name', ['service', 'name']],
  ['event.reason', ['event', 'reason']],
  ['threat.technique.id', ['threat', 'technique', 'id']],
  ['audit.actor.id', ['audit', 'actor', 'id']],
  ['audit.session.id', ['audit', 'session', 'id']],
  ['audit.record.id', ['audit', 'record', 'id']],
  ['audit.ledger.origin', ['audit', 'ledger', 'origin']],
  ['audit.ledger.index', ['audit', 'ledger', 'index']],
];

/** Whether an entry may be an alert: cheap, and never wrong about one that is. */
export function mayBeAlert(entry: Uint8Array): boolean {
  return Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength).includes(MARK);
}

/** What decides who is told of a record; undefined if it is no alert, or none that can be understood. */
export function readAlertFacts(record: JsonObject): AlertFacts | undefined {
  if (at(record, ['event', 'kind']) !== 'alert') return undefined;
  const action = ALERT_ACTIONS.find((one) => at(record, ['event', 'action']) === `alert.${one}`);
  const severity = SEVERITIES.find((one) => at(record, ['audit', 'alert', 'severity']) === one);
  const rule = at(record, ['rule', 'id']);
  if (action === undefined || severity === undefined || typeof rule !== 'string') return undefined;
  return { action, severity, rule };
}

/** Reads an alert from its document; undefined if it is none. */
export function readAlert(document: JsonObject): Alert | undefined {
  const facts = readAlertFacts(document);
  if (facts === undefined) return undefined;
  const when = textAt(document, ['@timestamp']);
  const recordId = textAt(document, ['audit', 'record', 'id']);
  const count = at(document, ['audit', 'alert', 'count']);
  const details = DETAILS.flatMap(([label, path]): [string, string][] => {
    const text = describe(at(document, path));
    return text === '' ? [] : [[label, text]];
  });
  return {
    ...facts,
    recordId,
    id: textAt(document, ['audit', 'alert', 'id']) || recordId,
    title: textAt(document, ['rule', 'name']) || facts.rule,
    description: textAt(document, ['rule', 'description']),
    at: when,
    first: timeAt(document, ['audit', 'alert', 'first']) ?? when,
    last: timeAt(document, ['audit', 'alert', 'last']) ?? when,
    count: typeof count === 'number' ? count : 1,
    details: new Map(details),
    document,
  };
}

function at(document: JsonObject, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = document;
  for (const name of path) value = isJsonObject(value) ? value[name] : undefined;
  return value;
}

function textAt(document: JsonObject, path: readonly string[]): string {
  const value = at(document, path);
  return typeof value === 'string' ? value : '';
}

function timeAt(document: JsonObject, path: readonly string[]): string | undefined {
  const text = textAt(document, path);
  return Number.isNaN(Date.parse(text)) ? undefined : text;
}

function describe(value: JsonValue | undefined): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string').join(', ') : '';
}
