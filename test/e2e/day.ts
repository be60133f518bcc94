import { DayRandom } from './day/day-random.ts';
import { type ExpectedAlert, type Incident, IncidentScript } from './day/day-incidents.ts';
import { CLOCK_SKEW, DaySession, HOUR, MINUTE, SECOND, type TokenTruth } from './day/day-session.ts';
import { type Attributes, type DayRequests, type DaySpan, writeRequests } from './day/day-spans.ts';

/** People, services and spans of a scripted day. */
export const PEOPLE = 200;
export const SPANS = 50_000;
export const INCIDENTS = 40;

const SERVICES = [
  'gateway',
  'orders',
  'stock',
  'catalogue',
  'search',
  'payment',
  'mail',
  'profile',
  'admin',
  'reports',
  'shipping',
  'audit-ui',
];
const CLIENTS = ['web', 'mobile', 'backoffice'];
const AGENTS = [
  'Mozilla/5.0 (X11; Linux x86_64)',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 14)',
  'okhttp/4.12',
];

/** The day's regular sessions end before this, and what is left of them expires before the day does. */
const LAST_ACTIVITY = 22 * HOUR + 30 * MINUTE;

/** When the last of the day happens. */
export const DAY_END: number = 24 * HOUR - 2 * MINUTE;

/** Sessions that are in use when the day ends. */
const LIVE_SESSIONS = 12;

/** Regular sessions beside these. */
const REGULAR_SESSIONS = 190;

/** The service that is killed at noon, and started again. */
const KILLED = 'mail';

/** The service that is stopped at noon, and started again. */
const RESTARTED = 'shipping';

/** What is to be known of a session in the end. */
export interface SessionTruth {
  session: DaySession;
  state: string;
  /** Milliseconds since the day began; absent while it lives. */
  ended?: number;
}

/** A scripted day, and what has to be known after it. */
export interface Day extends DayRequests {
  dayStartMs: number;
  incidents: readonly Incident[];
  alerts: readonly ExpectedAlert[];
  sessions: readonly SessionTruth[];
  tokens: ReadonlyMap<string, TokenTruth>;
  /** Actions and services of what is to be said of producers. */
  producers: readonly { action: string; service: string }[];
  people: ReadonlySet<string>;
  spans: number;
}

/** Writes a day: the same for the same seed and start. */
export function scriptDay(seed: string, dayStartMs: number): Day {
  const random = new DayRandom(seed);
  const people = new Set<string>();
  const nextPerson = (): string => {
    const person = `person-${people.size}`;
    people.add(person);
    return person;
  };
  const incidents = new IncidentScript(random, nextPerson).write();
  const producers = writeProducerIncidents(incidents);
  const planted = incidents.flatMap(({ sessions }) => sessions);
  const others = incidents.flatMap(({ spans }) => spans);
  const before = planted.reduce((sum, { spans }) => sum + spans.length, 0) + others.length;
  const markers = SERVICES.length + 1;
  const rest = SPANS - before - markers;
  const regular = regularSessions(random, people, nextPerson, rest);
  const sessions = [...planted, ...regular];
  const spans = [...sessions.flatMap((session) => session.spans), ...others, ...terminalMarkers()].map(
    toProcess,
  );
  return {
    ...writeRequests(spans, dayStartMs, seed),
    dayStartMs,
    incidents,
    alerts: incidents.flatMap(({ alerts }) => alerts),
    sessions: sessions.map((session) => ({ session, ...endOf(session) })),
    tokens: new Map(sessions.flatMap((session) => [...session.tokens])),
    producers,
    people,
    spans: spans.length,
  };
}

/** What is left of a session when the day ends. */
function endOf(session: DaySession): Omit<SessionTruth, 'session'> {
  const { end, lastActive, refreshes } = session;
  if (end !== undefined) return { state: end.state, ended: end.at };
  const idle = lastActive + 30 * MINUTE;
  const tokenEnd = Math.max(...[...session.tokens.values()].map(({ expires }) => expires)) + CLOCK_SKEW;
  if (Math.max(idle, tokenEnd) <= DAY_END) return { state: 'expired', ended: Math.max(idle, tokenEnd) };
  if (idle <= DAY_END) return { state: 'idle' };
  return { state: refreshes > 0 ? 'refreshed' : 'active' };
}

/** Everybody who is in no incident, and what they do all day: so many spans. */
function regularSessions(
  random: DayRandom,
  people: ReadonlySet<string>,
  nextPerson: () => string,
  spans: number,
): DaySession[] {
  const regulars: string[] = [];
  while (people.size < PEOPLE) regulars.push(nextPerson());
  const sessions: DaySession[] = [];
  const total = REGULAR_SESSIONS + LIVE_SESSIONS;
  let left = spans;
  for (let i = 0; i < total; i++) {
    const person = regulars[i % regulars.length] ?? '';
    const session = new DaySession({
      person,
      sid: `sid-${person}-${Math.floor(i / regulars.length)}`,
      client: CLIENTS[i % CLIENTS.length] ?? '',
      address: `10.${Math.floor(i / 250)}.${i % 250}.${random.between(1, 250)}`,
      agent: random.pick(AGENTS),
    });
    const isLive = i >= REGULAR_SESSIONS;
    const length = random.between(40, 140) * MINUTE;
    // Somebody's second session begins when the first is long over.
    const half = Math.floor(i / regulars.length) % 2;
    const start = isLive
      ? DAY_END - random.between(61, 70) * MINUTE
      : 6 * HOUR + half * 9 * HOUR + random.integer(Math.floor((5.5 * HOUR) / SECOND)) * SECOND;
    const share = Math.floor(left / (total - i));
    left -= share;
    writeRegular(random, session, {
      start,
      end: isLive ? DAY_END : Math.min(start + length, LAST_ACTIVITY),
      spans: share,
      isLive,
    });
    sessions.push(session);
  }
  return sessions;
}

function writeRegular(
  random: DayRandom,
  session: DaySession,
  { start, end, spans, isLive }: { start: number; end: number; spans: number; isLive: boolean },
): void {
  session.login(start);
  const kind = isLive ? 9 : random.integer(10);
  const hasEnd = kind < 6;
  const refreshes = Math.floor((end - start - MINUTE) / (50 * MINUTE));
  const calls = spans - 1 - refreshes - (hasEnd ? 1 : 0);
  const step = (end - start) / (calls + 1);
  let next = 1;
  for (let i = 0; i < calls; i++) {
    const at = Math.floor(start + step * (i + 1));
    if (next <= refreshes && at >= start + next * 50 * MINUTE) session.refresh(start + next++ * 50 * MINUTE);
    const service = random.pick(SERVICES);
    if (i % 3 === 2) session.call(at, { service, kind: 'internal' });
    else {
      const isRead = random.integer(4) > 0;
      session.call(at, {
        service,
        method: isRead ? 'GET' : 'POST',
        route: random.pick(['/orders/:id', '/items', '/profile']),
        status: random.integer(40) === 0 ? 404 : 200,
      });
    }
  }
  while (next <= refreshes) session.refresh(start + next++ * 50 * MINUTE);
  if (hasEnd) {
    if (kind === 0) session.revoke(end);
    else session.logout(end);
  }
}

/** Holes, losses and silences of producers: spans that belong to nobody. */
function writeProducerIncidents(incidents: Incident[]): Day['producers'] {
  const plant = (name: string, rule: string | undefined, service: string, spans: DaySpan[]): void => {
    const alerts = rule === undefined ? [] : [{ rule, about: ['service.name', service] as const }];
    incidents.push({ name, alerts, sessions: [], spans });
  };
  const lost = (service: string, at: number): DaySpan[] =>
    Array.from({ length: 3 }, (_, i) => ({ ...own(service, at + i), lost: true }));
  plant('spans are lost', 'producer-sequence-gap', 'payment', lost('payment', 10 * HOUR));
  plant('spans are lost', 'producer-sequence-gap', 'reports', lost('reports', 15 * HOUR));
  plant(
    'spans are late',
    undefined,
    'profile',
    Array.from({ length: 3 }, (_, i) => ({ ...own('profile', 11 * HOUR + i), late: true })),
  );
  plant('a process is killed', 'producer-silent', KILLED, []);
  plant('a process is stopped and started', undefined, RESTARTED, []);
  return [
    { action: 'producer.gap', service: 'payment' },
    { action: 'producer.gap', service: 'reports' },
    { action: 'producer.silent', service: KILLED },
    { action: 'producer.restarted', service: RESTARTED },
  ];
}

/** From noon on two services run as another process. */
function toProcess(span: DaySpan): DaySpan {
  const isOther = span.service === KILLED || span.service === RESTARTED;
  return isOther && span.at > 12 * HOUR ? { ...span, service: `${span.service}#2` } : span;
}

/** All producers say that they end, but the one that is killed. */
function terminalMarkers(): DaySpan[] {
  const ends = SERVICES.map((service) => own(service, DAY_END + SECOND));
  return [...ends, own(RESTARTED, 12 * HOUR)].map((span) => ({
    ...span,
    events: [{ name: 'audit.producer.ended', attributes: {} }],
  }));
}

function own(service: string, at: number): DaySpan {
  const attributes: Attributes = {};
  return { at, service, kind: 'internal', name: 'own', durationMs: 1, attributes };
}
