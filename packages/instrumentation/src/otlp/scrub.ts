/**
 * What must never leave the process, taken out of the audit copy of a span. The span itself is not touched: what the
 * application's own exporters send is the application's decision.
 *
 * Three rules: the query parameters that carry secrets in OAuth and OpenID Connect lose their value wherever a string
 * looks like a URL; headers that authenticate lose theirs; and whatever has the shape of a signed token or of an
 * `Authorization` value goes, in any string at all, error messages and database statements included.
 */

/** Stands where a secret stood. */
export const REDACTED = 'REDACTED';

const SECRET_PARAMETERS = [
  'access_token',
  'actor_token',
  'api_key',
  'apikey',
  'assertion',
  'auth_req_id',
  'client_assertion',
  'client_secret',
  'code',
  'code_verifier',
  'device_code',
  'id_token',
  'id_token_hint',
  'login_hint_token',
  'logout_token',
  'password',
  'passwd',
  'refresh_token',
  'registration_access_token',
  'request',
  'response',
  'secret',
  'state',
  'nonce',
  'subject_token',
  'token',
  'user_code',
].join('|');

/** A secret parameter at the start of a query, after `?`, `&`, `#` or `;`, plain or percent-encoded once. */
const PARAMETER = new RegExp(
  `((?:^|[?&#;\\s]|%3F|%26|%23)(?:${SECRET_PARAMETERS})(?:=|%3D))(?!${REDACTED})(?:(?!%26)[^&#;\\s"'<>])+`,
  'gi',
);

const AUTHORIZATION = /\b(Bearer|Basic|DPoP|Digest)(\s+|%20)(?!REDACTED)[A-Za-z0-9._~+/=-]{6,}/gi;

/** `user:password@` in the authority of a URL. */
const USER_INFO = /(\w:\/\/)[^/?#\s@:]*:[^/?#\s@]*@/g;

const HEADER_ATTRIBUTE = /^(?:http|rpc\.grpc|rpc)\.(?:request|response)\.(?:header|metadata)\.(.+)$/;

/** Header names that authenticate, with `-` written `_` as the older conventions do. */
const SECRET_HEADER =
  /^(?:authorization|proxy_authorization|cookie|set_cookie|dpop|.*(?:token|secret|password|api_?key|credential|signature|assertion|session).*)$/;

/** What instrumentations and this package write themselves, and what holds no free text: nothing to look for. */
const PLAIN_ATTRIBUTES: ReadonlySet<string> = new Set([
  'client.address',
  'http.request.method',
  'http.route',
  'network.peer.address',
  'network.protocol.name',
  'network.protocol.version',
  'oidc.client_id',
  'oidc.issuer',
  'oidc.session.state',
  'oidc.token.id',
  'oidc.token.type',
  'server.address',
  'session.id',
  'url.scheme',
  'user.id',
]);

/** What to look for in the values of an attribute. */
export type ScrubPolicy =
  /** Nothing. */
  | 'plain'
  /** The value is a secret. */
  | 'secret'
  /** Tokens and authorization values, but not parameters: statements say `code = 'A-1'` and mean it. */
  | 'credentials'
  /** Everything. */
  | 'text';

/** What to look for in the values of an attribute; it depends on the key alone, so ask once per key. */
export function scrubPolicy(key: string): ScrubPolicy {
  if (PLAIN_ATTRIBUTES.has(key)) return 'plain';
  if (key.startsWith('db.')) return 'credentials';
  const header = HEADER_ATTRIBUTE.exec(key)?.[1]?.toLowerCase().replaceAll('-', '_');
  return header !== undefined && SECRET_HEADER.test(header) ? 'secret' : 'text';
}

/**
 * A value as it may be sent. Time grows with the value's length only, whatever is in it.
 *
 * @param policy - What to look for.
 * @param value - A string value.
 */
export function scrubValue(policy: ScrubPolicy, value: string): string {
  switch (policy) {
    case 'plain':
      return value;
    case 'secret':
      return REDACTED;
    case 'credentials':
      return scrubCredentials(value);
    case 'text':
      return scrubText(value);
  }
}

/** Without any of these, none of the patterns matches. */
const SUSPECT = /[=% ]|:\/\/|eyJ/;

/** Free text as it may be sent: span names, messages, stack traces. */
export function scrubText(value: string): string {
  // The checks are far cheaper than the patterns, and most strings need only the first.
  if (!SUSPECT.test(value)) return value;
  const mayHoldParameter = value.includes('=') || value.includes('%3');
  return scrubCredentials(mayHoldParameter ? value.replaceAll(PARAMETER, `$1${REDACTED}`) : value);
}

function scrubCredentials(value: string): string {
  let clean = value;
  if (clean.includes('eyJ')) clean = scrubTokens(clean);
  if (clean.includes('://')) clean = clean.replaceAll(USER_INFO, `$1${REDACTED}@`);
  if (clean.includes(' ') || clean.includes('%20'))
    clean = clean.replaceAll(AUTHORIZATION, `$1$2${REDACTED}`);
  return clean;
}

/** The rest of a run of base64url, and of base64url segments that dots lead in. */
const RUN = /[A-Za-z0-9_-]*/y;
const SEGMENTS = /(?:\.[A-Za-z0-9_-]*){1,4}/y;

/**
 * Takes out compact JWS and JWE: the header is base64url of `{"…`, so they begin with `eyJ`, wherever that stands. Not
 * one pattern: a long run without a dot would be searched from each `eyJ` in it.
 */
function scrubTokens(text: string): string {
  let clean = '';
  let done = 0;
  for (let at = text.indexOf('eyJ'); at !== -1;) {
    RUN.lastIndex = at;
    RUN.test(text);
    const runEnd = RUN.lastIndex;
    SEGMENTS.lastIndex = runEnd;
    const isToken = SEGMENTS.test(text);
    const end = isToken ? SEGMENTS.lastIndex : runEnd;
    if (isToken) {
      clean += text.slice(done, at) + REDACTED;
      done = end;
    }
    at = text.indexOf('eyJ', end);
  }
  return clean + text.slice(done);
}
