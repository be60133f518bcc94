import type { SessionDetail, SessionStepDetail } from '@spanledger/audit-exporter';
import type { JsonObject } from '@spanledger/record';
import { listAt, textAt } from './document-fields.ts';
import { plain, toneOfOutcome, type RenderOptions } from './paint.ts';
import { describeAction, describeDuration } from './records.ts';
import { describeLength, describePerson, toneOfState } from './sessions.ts';
import { renderTable, type Cell, type Column } from './table.ts';
import { formatCount, formatTime, formatTimeOfDay, printable } from './text.ts';

const STEP_COLUMNS: readonly Column[] = [
  { title: 'SINCE', maxWidth: 24 },
  { title: 'STEP', maxWidth: 16 },
  { title: 'WHY', maxWidth: 48 },
  { title: 'BY', maxWidth: 48 },
  { title: 'SHOWN BY', maxWidth: 120 },
];

const COLUMNS: readonly Column[] = [
  { title: 'TIME', maxWidth: 12 },
  { title: 'ACTION', maxWidth: 16 },
  { title: 'METHOD', maxWidth: 8 },
  { title: 'ROUTE OR EVENT', maxWidth: 56 },
  { title: 'OUTCOME', maxWidth: 7 },
  { title: 'STATUS', maxWidth: 6, align: 'right' },
  { title: 'TOOK', maxWidth: 10, align: 'right' },
  { title: 'SCOPES', maxWidth: 80 },
  { title: 'SERVICE', maxWidth: 24 },
];

/** How {@link renderTimeline} writes. */
export interface TimelineRenderOptions extends RenderOptions {
  /** Also shows the spans within a call, which otherwise are only counted. */
  all?: boolean;
}

/**
 * A session from login to logout: who and where, then each call and each event of the session in its order, with
 * method, route, status, duration and scopes.
 */
export function renderTimeline(session: SessionDetail, options: TimelineRenderOptions = {}): string {
  const paint = options.paint ?? plain;
  const shown = options.all === true ? session.timeline : session.timeline.filter(isStep);
  const hidden = session.timeline.length - shown.length;
  const end = session.ended === undefined ? 'last seen' : 'ended';
  const facts: [string, string][] = [
    ['Session', session.id],
    ['Who', describePerson(session)],
    ['OIDC session', session.session_id ?? '(withheld or erased)'],
    ['Client', session.client_id.join(', ')],
    ['Issuer', session.issuer],
    ['State', paint(toneOfState(session.state), printable(session.state))],
    ['Started', formatTime(session.started)],
    [
      end === 'ended' ? 'Ended' : 'Last seen',
      `${formatTime(session.ended ?? session.last_seen)}, after ${describeLength(session)}`,
    ],
    ['Services', session.services.join(', ')],
    ['Records', `${formatCount(session.records)}, ${formatCount(session.failures)} of them failures`],
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  const head = facts.map(([name, value]) => {
    const text = name === 'State' ? value : printable(value);
    return `${paint('faint', `${name}:`.padEnd(width + 1))}  ${text}\n`;
  });
  const notes = [
    ...(hidden > 0
      ? [`${formatCount(hidden)} more records: spans within these calls (--all shows them)\n`]
      : []),
    ...(session.next === undefined ? [] : ['The session goes on; this is as much as was asked for.\n']),
  ];
  const table = renderTable(COLUMNS, shown.map(describeStep), paint);
  const steps = renderTable(STEP_COLUMNS, session.steps.map(describeSessionStep), paint);
  return `${head.join('')}\n${steps}\n${table}${notes.map((note) => paint('faint', note)).join('')}`;
}

/** What happened to the session, and which record shows it. */
function describeSessionStep(step: SessionStepDetail): Cell[] {
  const { count, acr, claimed, void: isVoid, client, service } = step;
  const why = [
    step.reason,
    acr === undefined ? undefined : `acr ${acr}`,
    count === undefined ? undefined : `${formatCount(count)} times`,
    claimed === true ? 'as a record claims' : undefined,
    isVoid === true ? 'not so: it was in use, as records show that came late' : undefined,
  ];
  return [
    formatTime(step.time),
    { text: step.step, tone: isVoid === true ? 'faint' : toneOfState(step.step) },
    why.filter((text) => text !== undefined).join(', '),
    [client, service].filter((text) => text !== undefined).join(' at '),
    `record ${step.index}  ${step.record}`,
  ];
}

/** A call that came in, an event of the session, or an action that the application named: what a person did. */
function isStep(document: JsonObject): boolean {
  const kind = textAt(document, 'span.kind');
  if (kind === undefined || kind === 'server' || kind === 'consumer') return true;
  const action = textAt(document, 'event.action') ?? '';
  const method = textAt(document, 'http.request.method');
  // Named by the application or by the session; not by the kind, nor by an outgoing call.
  return action.startsWith('oidc.') || (action !== kind && method === undefined);
}

function describeStep(document: JsonObject): Cell[] {
  const outcome = textAt(document, 'event.outcome') ?? '';
  return [
    formatTimeOfDay(textAt(document, '@timestamp')),
    textAt(document, 'audit.action') ?? '',
    textAt(document, 'http.request.method') ?? '',
    textAt(document, 'http.route') ?? describeEvent(document),
    { text: outcome, tone: toneOfOutcome(outcome) },
    textAt(document, 'http.response.status_code') ?? '',
    describeDuration(document),
    listAt(document, 'oidc.scope').join(' '),
    textAt(document, 'service.name') ?? '',
  ];
}

/** The event's name with what made it: a grant, a reason, an error. */
function describeEvent(document: JsonObject): string {
  const action = describeAction(document);
  const why =
    textAt(document, 'event.reason') ??
    textAt(document, 'oidc.error') ??
    textAt(document, 'oidc.grant_type') ??
    textAt(document, 'url.path');
  return why === undefined ? action : `${action} (${why})`;
}
