import { isJsonObject, type JsonObject, type JsonValue, type RecordDraft } from '@spanledger/record';

/** What a policy looks at: of a draft at intake, or of an opened document. */
export interface CallFacts {
  service: string;
  client: string;
  /** `http.route`, a template; undefined where there is none. */
  route: string | undefined;
  /** `url.path`, as the caller wrote it. */
  path: string | undefined;
  method: string;
  outcome: string;
  /** `event.action`. */
  action: string;
  /** `audit.action`. */
  verb: string;
  /** 0 where there is none. */
  status: number;
  /** Whether the call came in: a server span, not an event on one. */
  isInbound: boolean;
  /** Undefined where nothing is known of them. */
  roles: readonly string[] | undefined;
  /** The granted scopes; undefined where nothing is known of them. */
  scopes: readonly string[] | undefined;
  /** The scopes that were asked for; undefined of everything but requests for tokens. */
  requested: readonly string[] | undefined;
}

/** Claims that hold roles, as `SPANLEDGER_CLAIMS` may name them, beside `user.roles`. */
const ROLE_CLAIMS: readonly string[] = [
  'realm_access',
  'realm_access.roles',
  'realm_roles',
  'roles',
  'groups',
];

/**
 * Reads the facts of a draft.
 *
 * @param isSpan - whether it is a span's own, and not that of an event on it
 */
export function factsOfDraft({ clear, groups }: RecordDraft, isSpan: boolean): CallFacts {
  return readFacts(clear, groups.identity, groups.content, isSpan);
}

/** Reads the facts of an opened document; those of groups that were erased are unknown. */
export function factsOfDocument(document: JsonObject): CallFacts {
  const audit = objectOf(document['audit']);
  const record = audit && objectOf(audit['record']);
  const id = record?.['id'];
  return readFacts(document, document, document, typeof id === 'string' && !/-e\d+$/.test(id));
}

// Each member is read at a place of its own, by a name that stands there: a function that is given names would be asked
// for all of them, which the engine takes several times as long for. This is run for each span.
function readFacts(
  clear: JsonObject,
  identity: JsonObject | undefined,
  content: JsonObject | undefined,
  isSpan: boolean,
): CallFacts {
  const event = objectOf(clear['event']);
  const audit = objectOf(clear['audit']);
  const http = objectOf(clear['http']);
  const oidc = objectOf(clear['oidc']);
  const service = objectOf(clear['service']);
  const span = objectOf(clear['span']);
  const url = content && objectOf(content['url']);
  const request = http && objectOf(http['request']);
  const response = http && objectOf(http['response']);
  const status = response?.['status_code'];
  const scope = oidc?.['scope'];
  const requested = oidc?.['requested_scope'];
  return {
    service: (service && textOf(service['name'])) ?? '',
    client: (oidc && textOf(oidc['client_id'])) ?? '',
    route: http && textOf(http['route']),
    path: url && textOf(url['path']),
    method: (request && textOf(request['method'])) ?? '',
    outcome: (event && textOf(event['outcome'])) ?? '',
    action: (event && textOf(event['action'])) ?? '',
    verb: (audit && textOf(audit['action'])) ?? '',
    status: typeof status === 'number' ? status : 0,
    isInbound: isSpan && span?.['kind'] === 'server',
    roles: identity && readRoles(identity),
    scopes: scope === undefined ? undefined : listOf(scope),
    requested: requested === undefined ? undefined : listOf(requested),
  };
}

/** `user.roles`, and the claims that providers put roles into: all of them together. */
function readRoles(identity: JsonObject): readonly string[] | undefined {
  const user = objectOf(identity['user']);
  const oidc = objectOf(identity['oidc']);
  const given = user?.['roles'];
  const named = given === undefined ? undefined : listOf(given);
  const claims = oidc && objectOf(oidc['claims']);
  if (claims === undefined) return named;
  let all = named;
  for (const name of ROLE_CLAIMS) {
    const claim = claims[name];
    const roles = listOf(isJsonObject(claim) ? claim['roles'] : claim);
    if (roles !== undefined) all = all === undefined ? roles : [...all, ...roles];
  }
  return all;
}

/** A list of texts; a lone text is words with blanks between them, as scopes are written. */
function listOf(value: JsonValue | undefined): readonly string[] | undefined {
  if (typeof value === 'string') return value.split(' ').filter(Boolean);
  if (!Array.isArray(value)) return undefined;
  return value.filter((item) => typeof item === 'string');
}

function objectOf(value: JsonValue | undefined): JsonObject | undefined {
  return isJsonObject(value) ? value : undefined;
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
