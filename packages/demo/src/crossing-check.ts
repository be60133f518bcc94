import type { JsonObject } from '@spanledger/record';
import type { CheckedExpectation } from './expectation-check.ts';
import { readText } from './record-fields.ts';

/** What every record of a request carries if any of them does. */
const CARRIED = ['audit.session.id', 'oidc.session.id', 'user.id', 'oidc.client_id', 'oidc.issuer'] as const;
/** Problems that are listed at most. */
const MAX_PROBLEMS = 5;

/**
 * Looks at requests as a whole, over all records of a run. Each request is one trace, as nobody outside the shop
 * sends trace context.
 *
 * @param records opened documents
 * @returns three checks: what belongs to a session carries it throughout, no two people ever share anything, and each
 *   person's requests belong to one session
 */
export function checkRequests(records: readonly JsonObject[]): CheckedExpectation[] {
  const traces = Map.groupBy(records, (record) => readText(record, 'trace.id'));
  const gaps: string[] = [];
  const crossings: string[] = [];
  const ownerOfSession = new Map<string, string>();
  const sessionOfOwner = new Map<string, string>();
  const repetitions: string[] = [];
  let carried = 0;
  for (const [trace, recorded] of traces) {
    const members = withoutCallsAboutSessions(recorded);
    const people = new Set(
      members.map((member) => readText(member, 'user.id')).filter((user) => user !== ''),
    );
    if (people.size === 0) continue;
    if (people.size > 1) crossings.push(`trace ${trace} belongs to ${[...people].join(' and ')}`);
    for (const member of members) {
      carried += 1;
      const missing = CARRIED.filter((field) => readText(member, field) === '');
      if (missing.length > 0) gaps.push(`${describe(member)} has no ${missing.join(', ')}`);
      const [session, user] = [readText(member, 'audit.session.id'), readText(member, 'user.id')];
      if ((ownerOfSession.get(session) ?? user) !== user) crossings.push(`session ${session} has two people`);
      ownerOfSession.set(session, user);
      if ((sessionOfOwner.get(user) ?? session) !== session) repetitions.push(`${user} has two sessions`);
      sessionOfOwner.set(user, session);
    }
  }
  return [
    report('Every span of a request with a session carries session, user, client and issuer', carried, gaps),
    report('No two people share a request or a session', ownerOfSession.size, crossings),
    report('Nobody has two sessions, as nobody logged in twice', sessionOfOwner.size, repetitions),
  ];
}

/**
 * When a provider calls to say that somebody's session has ended, the event is that person's, the call is not: then
 * the spans carry nobody, and the event alone is looked at.
 */
function withoutCallsAboutSessions(records: readonly JsonObject[]): readonly JsonObject[] {
  const events = records.filter((record) => readText(record, 'event.action').startsWith('oidc.'));
  const spans = records.filter((record) => !events.includes(record));
  return spans.some((span) => readText(span, 'user.id') !== '') ? records : events;
}

function report(name: string, found: number, problems: readonly string[]): CheckedExpectation {
  const all = found === 0 ? ['nothing was found'] : problems;
  return { name, query: '', found, verified: 0, problems: all.slice(0, MAX_PROBLEMS) };
}

function describe(record: JsonObject): string {
  return `${readText(record, 'event.action')} (${readText(record, 'span.name')}, ${readText(record, 'trace.id')})`;
}
