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
  const id = textAt(objectAt(objectAt(document, 'audit'), 'record'), 'id') ?? '';
  return readFacts(document, document, document, !/-e\d+$/.test(id));
}

function readFacts(
  clear: JsonObject,
  identity: JsonObject | undefined,
  content: JsonObject | undefined,
  isSpan: boolean,
): CallFacts {
  const event = objectAt(clear, 'event');
  const audit = objectAt(clear, 'audit');
  const http = objectAt(clear, 'http');
  const oidc = objectAt(clear, 'oidc');
  const status = objectAt(http, 'response')?.['status_code'];
  return {
    service: textAt(objectAt(clear, 'service'), 'name') ?? '',
    client: textAt(oidc, 'client_id') ?? '',
    route: textAt(http, 'route'),
    path: textAt(objectAt(content, 'url'), 'path'),
    method: textAt(objectAt(http, 'request'), 'method') ?? '',
    outcome: textAt(event, 'outcome') ?? '',
    action: textAt(event, 'action') ?? '',
    verb: textAt(audit, 'action') ?? '',
    status: typeof status === 'number' ? status : 0,
    isInbound: isSpan && objectAt(clear, 'span')?.['kind'] === 'server',
    roles: readRoles(identity),
    scopes: listOf(oidc?.['scope']),
    requested: listOf(oidc?.['requested_scope']),
  };
}

/** `user.roles`, and the claims that providers put roles into: all of them together. */
function readRoles(identity: JsonObject | undefined): readonly string[] | undefined {
  if (identity === undefined) return undefined;
  const named = listOf(objectAt(identity, 'user')?.['roles']);
  const claims = objectAt(objectAt(identity, 'oidc'), 'claims');
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

function objectAt(parent: JsonObject | undefined, name: string): JsonObject | undefined {
  const value = parent?.[name];
  return isJsonObject(value) ? value : undefined;
}

function textAt(parent: JsonObject | undefined, name: string): string | undefined {
  const value = parent?.[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
