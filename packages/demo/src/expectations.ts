import type { JsonObject } from '@spanledger/record';
import type { Visit } from './people/browser.ts';
import { VISITOR, type VisitBook } from './people/people.ts';
import { REPORT_CLIENT_ID } from './provider/clients.ts';
import { readField, readText } from './record-fields.ts';

/** How many records a query has to find. */
export interface ExpectedCount {
  readonly least: number;
  readonly most: number;
}

/** Something that has to stand in the audit trail after these people used the shop. */
export interface Expectation {
  /** A sentence, for the check list. */
  readonly name: string;
  readonly query: string;
  readonly count: ExpectedCount;
  /** @returns what is wrong with a record that was found, or undefined */
  readonly inspect?: (record: JsonObject) => string | undefined;
}

const SESSION_FIELDS = ['audit.session.id', 'oidc.session.id', 'user.id', 'oidc.client_id', 'oidc.issuer'];
const IDENTITY_FIELDS = ['audit.session.id', 'oidc.session.id', 'user.id'];
/** Routes that nobody sees without a token. */
const PROTECTED_ROUTES = '("/me" or "/orders" or "/orders/:id" or "/admin/export")';

/**
 * @param visits what each person asked the shop: what was asked is what has to be found
 * @returns the check list, in the order in which it is told
 */
export function expectRecords(visits: VisitBook): Expectation[] {
  const all = [...visits.values()].flat();
  const loggedIn = ['alice', 'bob', 'erin'];
  return [
    ...loggedIn.map((name) => expectLogin(name)),
    ...[...loggedIn, 'dave', REPORT_CLIENT_ID].map((name) => expectCalls(name, visits.get(name) ?? [])),
    {
      name: "Alice's token was refreshed while she read",
      query: 'event.action:oidc.token.refreshed and user.id:alice',
      count: atLeast(1),
      inspect: carriesSession,
    },
    {
      name: "Alice's session ended when she logged out",
      query: 'event.action:oidc.session.ended and user.id:alice',
      count: atLeast(1),
      inspect: carriesSession,
    },
    {
      name: 'Carol typed three wrong passwords: three failed authorizations, and no session',
      query: 'event.action:oidc.authorization.failed and oidc.error:access_denied',
      count: exactly(3),
      inspect: (record) => carriesNobody(record) ?? differs(record, 'event.outcome', 'failure'),
    },
    { name: 'No record says that Carol was in', query: 'user.id:carol', count: exactly(0) },
    {
      name: "Dave's scope did not suffice: two refusals, with the scope he had",
      query: 'span.kind:server and user.id:dave and http.response.status_code:403',
      count: exactly(2),
      inspect: inspectRefusal,
    },
    {
      name: 'The nightly report is a service, not a person',
      query: `audit.actor.type:service and span.kind:server and oidc.client_id:${REPORT_CLIENT_ID}`,
      count: exactly(countWhere(visits.get(REPORT_CLIENT_ID) ?? [], () => true)),
      inspect: carriesSession,
    },
    {
      name: 'Erin exported every page, as an administrator',
      query: 'span.kind:server and user.id:erin and http.route:"/admin/export"',
      count: exactly(countWhere(visits.get('erin') ?? [], ({ url }) => url.pathname === '/admin/export')),
      inspect: (record) => differs(record, 'event.outcome', 'success'),
    },
    {
      name: 'Who reads the catalogue without logging in stays nobody',
      query: 'span.kind:server and http.route:"/products" and not user.id:*',
      count: exactly(countWhere(all, ({ url }) => url.pathname === '/products')),
      inspect: carriesNobody,
    },
    {
      name: 'Who is not let in is recorded, as nobody',
      query: 'span.kind:server and http.response.status_code:401',
      count: exactly(countWhere(all, ({ status }) => status === 401)),
      inspect: (record) => carriesNobody(record) ?? differs(record, 'event.outcome', 'failure'),
    },
    {
      name: 'The visitor showed something that is no token',
      query: 'event.action:oidc.token.rejected',
      count: exactly(countWhere(visits.get(VISITOR) ?? [], ({ status }) => status === 401)),
      inspect: carriesNobody,
    },
  ];
}

/** @returns what is wrong with the number of records, or undefined */
export function judgeCount(found: number, { least, most }: ExpectedCount): string | undefined {
  if (found >= least && found <= most) return undefined;
  const wanted = least === most ? `${least}` : `at least ${least}`;
  return `${found} found, ${wanted} expected`;
}

function expectLogin(name: string): Expectation {
  return {
    name: `${capitalize(name)} logged in once`,
    query: `event.action:oidc.session.started and user.id:${name}`,
    count: exactly(1),
    inspect: carriesSession,
  };
}

function expectCalls(name: string, visits: readonly Visit[]): Expectation {
  const calls = countWhere(visits, ({ url, status }) => isProtected(url.pathname) && status !== 401);
  return {
    name: `Every call of ${capitalize(name)} with a token, ${calls} in all, is recorded once`,
    query: `span.kind:server and user.id:${name} and http.route:${PROTECTED_ROUTES}`,
    count: exactly(calls),
    inspect: carriesSession,
  };
}

function isProtected(path: string): boolean {
  return /^\/(me|orders|admin\/export)(\/|$)/.test(path);
}

function carriesSession(record: JsonObject): string | undefined {
  const missing = SESSION_FIELDS.filter((field) => readText(record, field) === '');
  return missing.length === 0 ? undefined : `without ${missing.join(', ')}`;
}

function carriesNobody(record: JsonObject): string | undefined {
  const present = IDENTITY_FIELDS.filter((field) => readText(record, field) !== '');
  return present.length === 0 ? undefined : `with ${present.join(', ')}`;
}

function inspectRefusal(record: JsonObject): string | undefined {
  const scopes = readField(record, 'oidc.scope');
  if (!Array.isArray(scopes) || !scopes.includes('orders:read') || scopes.includes('orders:write')) {
    return `oidc.scope is ${JSON.stringify(scopes)}`;
  }
  return carriesSession(record) ?? differs(record, 'event.outcome', 'failure');
}

function differs(record: JsonObject, field: string, expected: string): string | undefined {
  const found = readText(record, field);
  return found === expected ? undefined : `${field} is ${found === '' ? 'absent' : found}`;
}

function countWhere(visits: readonly Visit[], test: (visit: Visit) => boolean): number {
  return visits.filter(test).length;
}

function exactly(count: number): ExpectedCount {
  return { least: count, most: count };
}

function atLeast(count: number): ExpectedCount {
  return { least: count, most: Number.POSITIVE_INFINITY };
}

function capitalize(name: string): string {
  return name === REPORT_CLIENT_ID ? 'the nightly report' : name.charAt(0).toUpperCase() + name.slice(1);
}
