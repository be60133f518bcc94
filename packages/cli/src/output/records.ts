import type { JsonObject } from '@spanledger/record';
import { numberAt, textAt } from './document-fields.ts';
import { plain, toneOfOutcome, type RenderOptions } from './paint.ts';
import { renderTable, type Cell, type Column } from './table.ts';
import { formatNanoseconds, formatTime } from './text.ts';

const SHORT_REFERENCE_LENGTH = 8;
/** `event.action` of spans that have no name of their own in the clear. */
const KINDS = new Set(['client', 'consumer', 'internal', 'producer', 'server', 'unspecified']);

/** Fixed least widths: the lines of `tail`, which come one by one, stay below one another. */
const COLUMNS: readonly Column[] = [
  { title: 'TIME', minWidth: 24, maxWidth: 35 },
  { title: 'ACTOR', minWidth: 12, maxWidth: 28 },
  { title: 'ACTION', minWidth: 10, maxWidth: 16 },
  { title: 'OUTCOME', minWidth: 7, maxWidth: 7 },
  { title: 'STATUS', minWidth: 6, maxWidth: 6, align: 'right' },
  { title: 'TOOK', minWidth: 8, maxWidth: 10, align: 'right' },
  { title: 'WHAT', minWidth: 30, maxWidth: 60 },
  { title: 'SESSION', minWidth: 8, maxWidth: 8 },
  { title: 'ENTRY', minWidth: 6, maxWidth: 16, align: 'right' },
];

/** How {@link renderRecords} writes. */
export interface RecordRenderOptions extends RenderOptions {
  /** Leaves the line of titles out: it was written before. */
  untitled?: boolean;
}

/**
 * One line a record: time, who, what kind of action, how it ended, status, duration, what exactly (method and route,
 * event, or span name), session, and the entry's index in the ledger.
 *
 * @param documents - opened documents, in the order in which they are to stand
 */
export function renderRecords(documents: readonly JsonObject[], options: RecordRenderOptions = {}): string {
  const table = renderTable(COLUMNS, documents.map(describeRecord), options.paint ?? plain);
  return options.untitled === true ? table.slice(table.indexOf('\n') + 1) : table;
}

/** Who acted, as well as the document tells: user id, or the type and reference of somebody erased or withheld. */
export function describeActor(document: JsonObject): string {
  const user =
    textAt(document, 'user.id') ??
    textAt(document, 'enduser.id') ??
    textAt(document, 'enduser.pseudo.id') ??
    textAt(document, 'user.name');
  if (user !== undefined) return user;
  const type = textAt(document, 'audit.actor.type') ?? 'unknown';
  if (type === 'system') return textAt(document, 'service.name') ?? type;
  return `${type} ${(textAt(document, 'audit.actor.id') ?? '').slice(0, SHORT_REFERENCE_LENGTH)}`.trimEnd();
}

/** What was done: method and route, the event's name, or the name of a span that has neither. */
export function describeAction(document: JsonObject): string {
  const action = textAt(document, 'event.action') ?? '';
  if (!KINDS.has(action)) return action;
  const name = textAt(document, 'span.name');
  return name === undefined ? action : `${action} ${name}`;
}

/** The duration of a span; empty for events, which have none. */
export function describeDuration(document: JsonObject): string {
  const nanoseconds = numberAt(document, 'event.duration');
  return nanoseconds === undefined ? '' : formatNanoseconds(nanoseconds);
}

function describeRecord(document: JsonObject): Cell[] {
  const outcome = textAt(document, 'event.outcome') ?? '';
  return [
    formatTime(textAt(document, '@timestamp')),
    describeActor(document),
    textAt(document, 'audit.action') ?? '',
    { text: outcome, tone: toneOfOutcome(outcome) },
    textAt(document, 'http.response.status_code') ?? '',
    describeDuration(document),
    describeAction(document),
    (textAt(document, 'audit.session.id') ?? '').slice(0, SHORT_REFERENCE_LENGTH),
    textAt(document, 'audit.ledger.index') ?? '',
  ];
}
