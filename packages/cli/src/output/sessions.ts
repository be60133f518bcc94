import type { SessionSummary } from '@spanledger/audit-exporter';
import { plain, type RenderOptions, type Tone } from './paint.ts';
import { renderTable, type Cell, type Column } from './table.ts';
import { formatMilliseconds, formatTime } from './text.ts';

const COLUMNS: readonly Column[] = [
  { title: 'SESSION', maxWidth: 64 },
  { title: 'WHO', maxWidth: 32 },
  { title: 'CLIENT', maxWidth: 24 },
  { title: 'STATE', maxWidth: 12 },
  { title: 'STARTED', maxWidth: 35 },
  { title: 'LASTED', maxWidth: 14, align: 'right' },
  { title: 'RECORDS', maxWidth: 12, align: 'right' },
  { title: 'FAILURES', maxWidth: 12, align: 'right' },
  { title: 'SERVICES', maxWidth: 40 },
];

const STATE_TONES = new Map<string, Tone>([
  ['started', 'good'],
  ['active', 'good'],
  ['refreshed', 'good'],
  ['revoked', 'bad'],
  ['expired', 'warning'],
]);

/**
 * A table of sessions, one line each.
 *
 * @param sessions - in the order in which they are to stand
 */
export function renderSessions(sessions: readonly SessionSummary[], options: RenderOptions = {}): string {
  return renderTable(COLUMNS, sessions.map(describeSession), options.paint ?? plain);
}

/** The person's id, with the name behind it where that says more. */
export function describePerson({ user_id: id, user_name: name }: SessionSummary): string {
  if (id === undefined) return name ?? '(withheld or erased)';
  return name === undefined || name === id ? id : `${id} (${name})`;
}

/** From the session's start to its end, or to when it was last seen. */
export function describeLength({ started, ended, last_seen: lastSeen }: SessionSummary): string {
  const lengthMs = Date.parse(ended ?? lastSeen) - Date.parse(started);
  return Number.isFinite(lengthMs) ? formatMilliseconds(Math.max(0, lengthMs)) : '';
}

/** Whether a state is good, bad or neither. */
export function toneOfState(state: string): Tone {
  return STATE_TONES.get(state) ?? 'faint';
}

function describeSession(session: SessionSummary): Cell[] {
  return [
    session.id,
    describePerson(session),
    session.client_id.join(' '),
    { text: session.state, tone: toneOfState(session.state) },
    formatTime(session.started),
    describeLength(session),
    String(session.records),
    session.failures === 0 ? '0' : { text: String(session.failures), tone: 'bad' },
    session.services.join(' '),
  ];
}
