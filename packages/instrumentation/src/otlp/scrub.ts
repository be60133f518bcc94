/**
 * What must never leave the process, taken out of the audit copy of a span. The span itself is not touched: what the
 * application's own exporters send is the application's decision.
 *
 * Three rules: what a name announces as a secret (parameters of OAuth and OpenID Connect, passwords, keys, headers that
 * authenticate) loses its value, whether the text is a URL, JSON, a header, a command or prose; attributes with such a
 * name lose theirs; and whatever has the shape of a signed token or of an `Authorization` value goes, in any string at
 * all, error messages and database statements included.
 */

import { mayNameSecrets, REDACTED, scrubNamed, type NamedSecrets } from './named-secrets.ts';

export { REDACTED };

const AUTHORIZATION = /\b(Bearer|Basic|DPoP|Digest)(\s+|\s*:\s*|%20|\+)(?!REDACTED)[A-Za-z0-9._~+/=-]{6,}/gi;

/** `user:password@` in the authority of a URL. */
const USER_INFO = /(\w:\/\/)[^/?#\s@:]*:[^/?#\s@]*@/g;

const HEADER_ATTRIBUTE = /^(?:http|rpc\.grpc|rpc)\.(?:request|response)\.(?:header|metadata)\.(.+)$/;

/** Header names that authenticate, with `-` written `_` as the older conventions do. */
const SECRET_HEADER =
  /auth(?!or(?!i[sz]))|cookie|dpop|token|secret|password|passwd|key(?!word)|credential|signature|assertion|session|client_cert/;

/** The last part of the name of any other attribute, or of a member of one. */
const SECRET_NAME =
  /(?:^|_)(?:authorization|cookie|password|passwd|passphrase|secret|token|assertion|(?:api|access|secret|private)_?key|code_verifier|device_code|x_auth)$/;

/** What instrumentations and this package write themselves, and what holds no free text: nothing to look for. */
const PLAIN_ATTRIBUTES: ReadonlySet<string> = new Set([
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
  'session.id',
  'user.id',
]);

/** What to look for in the values of an attribute. */
export type ScrubPolicy =
  /** Nothing. */
  | 'plain'
  /** The value is a secret. */
  | 'secret'
  /** Tokens, authorization values and secrets in quotes, but not parameters: statements say `code = 'A-1'` and mean it. */
  | 'statement'
  /** Everything. */
  | 'text';

/** What to look for in the values of an attribute; it depends on the key alone, so ask once per key. */
export function scrubPolicy(key: string): ScrubPolicy {
  if (PLAIN_ATTRIBUTES.has(key)) return 'plain';
  const header = HEADER_ATTRIBUTE.exec(key)?.[1];
  if (header === undefined ? isSecretName(key) : SECRET_HEADER.test(normalized(header))) return 'secret';
  return key.startsWith('db.') ? 'statement' : 'text';
}

/** What to look for in a member of an attribute that is a map. */
export function memberPolicy(policy: ScrubPolicy, name: string): ScrubPolicy {
  return policy !== 'plain' && isSecretName(name) ? 'secret' : policy;
}

const SECRET_OPTION = /^--?[A-Za-z][\w-]*$/;

/** What to look for in the item of a list behind another: arguments of a command are `['--password', 'x']`. */
export function itemPolicy(policy: ScrubPolicy, previous: unknown): ScrubPolicy {
  const isOption = policy === 'text' && typeof previous === 'string' && SECRET_OPTION.test(previous);
  return isOption && isSecretName(previous) ? 'secret' : policy;
}

/** Longer names name nothing. */
const MAX_NAME_CHARS = 256;

function isSecretName(name: string): boolean {
  return name.length <= MAX_NAME_CHARS && SECRET_NAME.test(normalized(name.slice(name.lastIndexOf('.') + 1)));
}

/** `xApiKey` and `X-Api-Key` as `x_api_key`. */
function normalized(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toLowerCase();
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
    case 'statement':
      return scrub(value, 'statement');
    case 'text':
      return scrubText(value);
  }
}

/** Without any of these, none of the patterns matches. */
const SUSPECT = /[=%:,\s]|--|eyJ/;

/** Free text as it may be sent: span names, messages, stack traces. */
export function scrubText(value: string): string {
  return scrub(value, 'text');
}

/** Short text that was found to hold nothing is remembered: names of spans, and much else, come again and again. */
const MAX_CLEAN_TEXTS = 1_024;
const MAX_CLEAN_CHARS = 128;
const cleanTexts: Readonly<Record<NamedSecrets, Set<string>>> = { text: new Set(), statement: new Set() };

function scrub(value: string, where: NamedSecrets): string {
  // The checks are far cheaper than the patterns, and most strings need only the first.
  if (!SUSPECT.test(value)) return value;
  if (value.length > MAX_CLEAN_CHARS) return scrubSuspect(value, where);
  const clean = cleanTexts[where];
  if (clean.has(value)) return value;
  const scrubbed = scrubSuspect(value, where);
  if (scrubbed === value) {
    if (clean.size >= MAX_CLEAN_TEXTS) clean.clear();
    clean.add(value);
  }
  return scrubbed;
}

function scrubSuspect(value: string, where: NamedSecrets): string {
  let clean = value;
  if (clean.includes('eyJ')) clean = scrubTokens(clean);
  if (clean.includes('://')) clean = clean.replaceAll(USER_INFO, `$1${REDACTED}@`);
  clean = clean.replaceAll(AUTHORIZATION, `$1$2${REDACTED}`);
  return where === 'statement' || mayNameSecrets(clean) ? scrubNamed(clean, where) : clean;
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
