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

/** A compact JWS or JWE: its header is base64url of `{"…`, so it always begins with `eyJ`. */
const COMPACT_TOKEN = /eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){1,4}/g;

const AUTHORIZATION = /\b(Bearer|Basic|DPoP|Digest)(\s+|%20)(?!REDACTED)[A-Za-z0-9._~+/=-]{6,}/gi;

/** `user:password@` in the authority of a URL. */
const USER_INFO = /(\w:\/\/)[^/?#\s@]*:[^/?#\s@]*@/g;

const HEADER_ATTRIBUTE = /^(?:http|rpc\.grpc|rpc)\.(?:request|response)\.(?:header|metadata)\.(.+)$/;

/** Header names that authenticate, with `-` written `_` as the older conventions do. */
const SECRET_HEADER =
  /^(?:authorization|proxy_authorization|cookie|set_cookie|dpop|.*(?:token|secret|password|api_?key|credential|signature|assertion|session).*)$/;

/** What may hold a query string, but need not look like it. */
const URL_ATTRIBUTES: ReadonlySet<string> = new Set([
  'url.full',
  'url.query',
  'url.path',
  'http.url',
  'http.target',
]);

/** Shorter strings cannot hold any of the above. */
const MIN_SUSPECT_CHARS = 6;

/**
 * The value of an attribute as it may be sent.
 *
 * @param key - The attribute's key.
 * @param value - A string value of it.
 */
export function scrubAttribute(key: string, value: string): string {
  if (value.length < MIN_SUSPECT_CHARS && !URL_ATTRIBUTES.has(key))
    return isSecretKey(key) ? REDACTED : value;
  if (isSecretKey(key)) return REDACTED;
  return scrubText(value);
}

/** Free text as it may be sent: span names, messages, stack traces. */
export function scrubText(value: string): string {
  let clean = value;
  // Each check is far cheaper than its pattern, and nearly every string passes none of them.
  if (clean.includes('=') || clean.includes('%3')) clean = clean.replaceAll(PARAMETER, `$1${REDACTED}`);
  if (clean.includes('eyJ')) clean = clean.replaceAll(COMPACT_TOKEN, REDACTED);
  if (clean.includes('://')) clean = clean.replaceAll(USER_INFO, `$1${REDACTED}@`);
  if (clean.includes(' ') || clean.includes('%20'))
    clean = clean.replaceAll(AUTHORIZATION, `$1$2${REDACTED}`);
  return clean;
}

const secretKeys = new Map<string, boolean>();
const MAX_REMEMBERED_KEYS = 4_096;

function isSecretKey(key: string): boolean {
  const known = secretKeys.get(key);
  if (known !== undefined) return known;
  const header = HEADER_ATTRIBUTE.exec(key)?.[1]?.toLowerCase().replaceAll('-', '_');
  const secret = header !== undefined && SECRET_HEADER.test(header);
  if (secretKeys.size < MAX_REMEMBERED_KEYS) secretKeys.set(key, secret);
  return secret;
}
