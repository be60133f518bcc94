import { type Archive, openArchive } from '@spanledger/audit-exporter';
import type { JsonObject } from '@spanledger/record';

import { type Day, DAY_END } from '../day.ts';
import { CLOCK_SKEW, SECOND } from './day-session.ts';

/** What a service, or the script, says of a day: texts that can be compared. */
export interface DayAnswers {
  /** `rule about` of each alert that was raised, sorted. */
  alerts: string[];
  /** A line for each session, sorted. */
  sessions: string[];
  /** A line for each token, sorted. */
  tokens: string[];
  /** `action service` of what is said of producers, sorted. */
  producers: string[];
}

/**
 * What has to be answered.
 *
 * @param derived - how many records the service derived about each session, by `audit.session.id`
 * @param references - `audit.session.id` of each session, by its `sid`
 */
export function expectedAnswers(
  day: Day,
  derived: ReadonlyMap<string, number>,
  references: ReadonlyMap<string, string>,
): DayAnswers {
  const ends = new Map(day.sessions.map(({ session: { origin, end } }) => [origin.sid, end?.at]));
  return {
    alerts: day.alerts.map(({ rule, about: [field, value] }) => `${rule} ${field} ${value}`).toSorted(),
    sessions: day.sessions
      .map(({ session, state, ended }) => {
        const { origin, started, records, failures, services } = session;
        const more = derived.get(references.get(origin.sid) ?? '') ?? 0;
        return sessionLine({
          sid: origin.sid,
          user: origin.person,
          client: origin.client,
          state,
          started,
          ended,
          records: records + more,
          failures,
          services: [...services],
        });
      })
      .toSorted(),
    tokens: [...day.tokens]
      .map(([id, { session, how, issued, expires, uses, first, last, revoked, addresses }]) => {
        const end = revoked ?? ends.get(session) ?? Infinity;
        return tokenLine({
          id,
          session: references.get(session) ?? '',
          how,
          issued,
          expires,
          uses,
          first,
          last,
          revoked,
          expired: expires + CLOCK_SKEW <= DAY_END && end > expires ? expires : undefined,
          addresses: addresses.size,
        });
      })
      .toSorted(),
    producers: day.producers.map(({ action, service }) => `${action} ${service}`).toSorted(),
  };
}

/** Asks a data directory for everything: of that nobody keeps account, as a service does of those who read. */
export async function askAnswers(directory: string, day: Day): Promise<DayAnswers> {
  const archive = await openArchive(directory);
  try {
    return await answersOf(archive, day);
  } finally {
    await archive.close();
  }
}

async function answersOf(archive: Archive, day: Day): Promise<DayAnswers> {
  const at = (time: unknown): number | undefined =>
    typeof time === 'string' ? Date.parse(time) - day.dayStartMs : undefined;
  const fields = new Map(day.alerts.map(({ rule, about: [field] }) => [rule, field]));
  const search = (query: string): Promise<JsonObject[]> =>
    pages(async (cursor) => {
      const { records, next } = await archive.search({ query, limit: 1000, ...cursor });
      return { items: records, next };
    });
  const sessions = await sessionsOf(archive);
  const tokens = await pages(async (cursor) => {
    const page = await archive.tokens({ limit: 200, ...cursor });
    return { items: page.tokens, next: page.next };
  });
  // What policy is in force is told at every start, and that is worth an alert: not of the day.
  const alerts = (await search('event.action:alert.raised')).filter(
    (alert) => text(alert, 'audit.actor.type') !== 'system' || text(alert, 'rule.id') !== 'privileged-action',
  );
  const producers = await search('event.kind:state and audit.producer.stream_id:*');
  return {
    alerts: alerts
      .map((alert) => {
        const rule = text(alert, 'rule.id');
        const field = fields.get(rule) ?? 'user.id';
        return `${rule} ${field} ${text(alert, field)}`;
      })
      .toSorted(),
    sessions: sessions
      .map((session) =>
        sessionLine({
          sid: text(session, 'session_id'),
          user: text(session, 'user_id'),
          client: texts(session, 'client_id').join(),
          state: text(session, 'state'),
          started: at(session['started']),
          ended: at(session['ended']),
          records: Number(session['records']),
          failures: Number(session['failures']),
          services: texts(session, 'services'),
        }),
      )
      .toSorted(),
    tokens: tokens
      .map((token) =>
        tokenLine({
          id: text(token, 'id'),
          session: text(token, 'session'),
          how: text(token, 'issue.how'),
          issued: at(token['issued']),
          expires: at(token['expires']),
          uses: Number(token['uses']),
          first: at(member(token, 'first_used.time')),
          last: at(member(token, 'last_used.time')),
          revoked: at(member(token, 'revoked.time')),
          expired: at(member(token, 'expired.time')),
          addresses: Number(token['addresses']),
        }),
      )
      .toSorted(),
    producers: producers
      .map((record) => `${text(record, 'event.action')} ${text(record, 'service.name')}`)
      .toSorted(),
  };
}

/** `audit.session.id` of each session, by its `sid`. */
export async function askReferences(directory: string): Promise<Map<string, string>> {
  const archive = await openArchive(directory);
  try {
    const sessions = await sessionsOf(archive);
    return new Map(sessions.map((session) => [text(session, 'session_id'), text(session, 'id')]));
  } finally {
    await archive.close();
  }
}

function sessionsOf(archive: Archive): Promise<JsonObject[]> {
  return pages(async (cursor) => {
    const page = await archive.sessions({ limit: 200, ...cursor });
    return { items: page.sessions, next: page.next };
  });
}

interface SessionLine {
  sid: string;
  user: string;
  client: string;
  state: string;
  started: number | undefined;
  ended: number | undefined;
  records: number;
  failures: number;
  services: readonly string[];
}

function sessionLine(line: SessionLine): string {
  const { sid, user, client, state, started, ended, records, failures, services } = line;
  const life = `${state} from ${started} to ${ended ?? 'now'}`;
  return `${sid} ${user} ${client} ${life}, ${records} records, ${failures} failed, ${[...services].sort().join()}`;
}

interface TokenLine {
  id: string;
  session: string;
  how: string;
  issued: number | undefined;
  expires: number | undefined;
  uses: number;
  first: number | undefined;
  last: number | undefined;
  revoked: number | undefined;
  /** What is recorded of its expiry. */
  expired: number | undefined;
  addresses: number;
}

function tokenLine(line: TokenLine): string {
  const { id, session, how, issued = 0, expires = 0, uses, first, last, addresses } = line;
  const { revoked, expired } = line;
  const life = `${how} ${issued / SECOND} to ${expires / SECOND}`;
  const use = uses === 0 ? 'never used' : `used ${uses} times, ${first} to ${last}, from ${addresses}`;
  const ends = [
    ...(revoked === undefined ? [] : [`revoked ${revoked}`]),
    ...(expired === undefined ? [] : [`expired ${expired / SECOND}`]),
  ];
  return [`${id} of ${session} ${life}`, use, ...ends].join(', ');
}

/** All pages of a list. */
async function pages(
  ask: (cursor: { cursor?: string }) => Promise<{ items: readonly object[]; next: string | undefined }>,
): Promise<JsonObject[]> {
  const found: JsonObject[] = [];
  let cursor: string | undefined;
  do {
    const { items, next } = await ask(cursor === undefined ? {} : { cursor });
    for (const item of items) found.push(Object(item));
    cursor = next;
  } while (cursor !== undefined);
  return found;
}

function member(object: JsonObject, path: string): unknown {
  return path.split('.').reduce<unknown>((at, name) => Object(at)[name], object);
}

function text(object: JsonObject, path: string): string {
  const value = member(object, path);
  return typeof value === 'string' ? value : '';
}

function texts(object: JsonObject, path: string): string[] {
  const value = member(object, path);
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
