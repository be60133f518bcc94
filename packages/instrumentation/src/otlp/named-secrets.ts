/**
 * Secrets that a name announces: `client_secret=…`, `"access_token": "…"`, `Cookie: …`, `--password …`. One pass: a
 * pattern finds the names, and what stands behind one is read character by character, each of them once.
 */

/** Stands where a secret stood. */
export const REDACTED = 'REDACTED';

/** Where to look: prose and URLs, or database statements, where only literals are values. */
export type NamedSecrets = 'text' | 'statement';

/** Ends of names that mean nothing but a secret, whatever stands before them: `db_password`, `accessToken`. */
const STRONG = [
  'token(?:[-_]?hint)?',
  'secret(?:[-_]?key)?',
  'password',
  'passwd',
  'passphrase',
  'pwd',
  'api[-_]?key',
  'access[-_]?key',
  'private[-_]?key',
  'assertion',
  'auth_req_id',
  'code[-_]?verifier',
  'device[-_]?code',
  'user[-_]?code',
  'SAML(?:Request|Response)',
  'x[-_]auth',
].join('|');

const HEADERS = '(?:proxy[-_])?authorization|(?:set[-_])?cookie';

/** Parameters of OAuth, and of links that open by themselves, that are ordinary words: only as whole names, and with `=`. */
const WEAK = 'code|state|nonce|request|response|jwt|otp|sig|signature|x-(?:amz|goog)-signature';

/** The start of a whole name: not within a word, or behind an encoded delimiter or the dashes of an option. */
const NAME_START = String.raw`(?:(?<![\w.-])|(?<=%(?:25){0,4}[0-9A-F]{2})|(?<=--))`;

/** What may follow the end of a name in a name, which then is another one. */
const NAME_END = '(?![A-Za-z0-9_-])';

const TEXT_NAME = new RegExp(`(?:(${HEADERS})|(${STRONG})|${NAME_START}(?:${WEAK}))${NAME_END}`, 'gi');
const STATEMENT_NAME = new RegExp(
  String.raw`(?:(${HEADERS})|(${STRONG}|\bidentified\s+by))${NAME_END}`,
  'gi',
);

/** Behind every name stands one of these, or there is no value. */
const SEPARATOR = /[=:,]|%(?:25)*3[AD]|--/i;

const INDEX = /(?:\[|%(?:25)*5B)\w{0,32}(?:\]|%(?:25)*5D)/iy;
const SPACE = /\s*/y;
const ENCODED_SEPARATOR = /%((?:25)*)3[AD]/iy;
const PLAIN_SEPARATOR = /={1,3}>?|:(?!:)/y;
/** Behind a name in quotes, encoded ones included. */
const CLOSER = /\\*["'`]|%(?:25)*2[27]/iy;
const ENCODED_OPENER = /(?:%(?:25)*(?:20|22|27|5B))*/iy;
/** `token:8080` in a URL is a host. */
const AUTHORITY = /\/\/[\w.-]{0,64}$/;
const PORT = /\d{1,5}(?![^/?#\s"'])/y;
const QUOTE = /(\\*)(["'`])/y;
const LITERAL = /(?:null|undefined|true|false)(?![\w.-])/y;
/** Only those that are known: what stands there might be the secret. */
const SCHEME =
  /(?:Bearer|Basic|DPoP|Digest|Token|ApiKey|GNAP|HOBA|Negotiate|NTLM|AWS4-HMAC-SHA256)(?:[ \t]+|%20|\+)(?=\S)/iy;
const OPTION = /--[\w-]{0,64}$/;
const ENCODED_DELIMITER = /%((?:25)*)(?:20|22|23|26|27|3B)/iy;

const MAX_PREFIX_CHARS = 64;
/** Weak names before `:` are redacted when the value looks drawn at random: this long, with letters and digits. */
const MIN_RANDOM_CHARS = 12;

/** A cheap look: whether {@link scrubNamed} can find anything. */
export function mayNameSecrets(text: string): boolean {
  return SEPARATOR.test(text);
}

/**
 * Takes the values out that stand behind the names of secrets.
 *
 * @param text - Any text.
 * @param where - What kind of text it is.
 */
export function scrubNamed(text: string, where: NamedSecrets): string {
  const names = where === 'text' ? TEXT_NAME : STATEMENT_NAME;
  let clean = '';
  let done = 0;
  names.lastIndex = 0;
  for (let name = names.exec(text); name !== null; name = names.exec(text)) {
    const found: Name = {
      start: name.index,
      end: names.lastIndex,
      kind: name[1] === undefined ? (name[2] === undefined ? 'weak' : 'strong') : 'header',
    };
    for (const { start, end } of valuesBehind(text, found, where)) {
      clean += text.slice(done, start) + REDACTED;
      done = end;
    }
    if (done > names.lastIndex) names.lastIndex = done;
  }
  return done === 0 ? text : clean + text.slice(done);
}

interface Name {
  readonly start: number;
  readonly end: number;
  readonly kind: 'header' | 'strong' | 'weak';
}

interface Range {
  readonly start: number;
  readonly end: number;
}

interface Separator {
  readonly end: number;
  readonly sign: '=' | ':' | ',' | ' ';
  /** How many times it was percent-encoded. */
  readonly depth: number;
}

function valuesBehind(text: string, name: Name, where: NamedSecrets): Range[] {
  const separator = separatorBehind(text, name, where);
  if (separator === undefined) return [];
  // Words of the language are names with a `=` that touches both sides.
  if (
    name.kind === 'weak' &&
    separator.sign === '=' &&
    /^\s|\s=/.test(text.slice(name.end, separator.end + 1))
  )
    return [];
  const start = skip(SPACE, text, separator.end);
  const items = text[start] === '[' ? listItems(text, start + 1) : [];
  if (items.length > 0) return name.kind === 'weak' ? [] : items;
  const quoted = quotedAt(text, start);
  // What is refused here is read again for the next name, so that it must not have been long.
  const mayBeBare =
    where === 'text' && separator.sign !== ',' && (name.kind !== 'weak' || separator.sign === '=');
  const value = quoted ?? (mayBeBare ? bareValue(text, start, name, separator) : undefined);
  if (value === undefined || value.end <= value.start) return [];
  const content = text.slice(value.start, value.end);
  if (content === REDACTED) return [];
  return name.kind === 'weak' && separator.sign !== '=' && !looksRandom(content) ? [] : [value];
}

function separatorBehind(text: string, name: Name, where: NamedSecrets): Separator | undefined {
  const index = skip(INDEX, text, name.end);
  const closer = skip(CLOSER, text, index);
  const at = skip(SPACE, text, closer);
  ENCODED_SEPARATOR.lastIndex = at;
  const encoded = ENCODED_SEPARATOR.exec(text);
  if (encoded !== null) {
    const isColon = /a$/i.test(encoded[0]);
    return {
      end: ENCODED_SEPARATOR.lastIndex,
      sign: isColon ? ':' : '=',
      depth: 1 + (encoded[1] ?? '').length / 2,
    };
  }
  const end = skip(PLAIN_SEPARATOR, text, at);
  if (end > at) return { end, sign: text[at] === ':' ? ':' : '=', depth: 0 };
  // Lists of headers as Node keeps them: ['Cookie', 'sid=1'].
  if (name.kind === 'header' && closer > index && text[at] === ',')
    return { end: at + 1, sign: ',', depth: 0 };
  // PASSWORD 'x' in SQL; --password x in a command.
  const isSpaced = at > name.end && closer === name.end;
  if (isSpaced && (where === 'statement' || isOption(text, name))) return { end: at, sign: ' ', depth: 0 };
  return undefined;
}

function isOption(text: string, { start, end }: Name): boolean {
  const next = skip(SPACE, text, end);
  return (
    !text.startsWith('--', next) && OPTION.test(text.slice(Math.max(0, start - MAX_PREFIX_CHARS - 2), start))
  );
}

/** What stands between quotes, which may be escaped themselves; without a closing one, all the rest. */
function quotedAt(text: string, at: number): Range | undefined {
  QUOTE.lastIndex = at;
  const opening = QUOTE.exec(text);
  if (opening === null) return undefined;
  const escapes = (opening[1] ?? '').length;
  const quote = opening[2];
  const start = QUOTE.lastIndex;
  let backslashes = 0;
  for (let end = start; end < text.length; end++) {
    const char = text[end];
    if (char === '\\') {
      backslashes += 1;
      continue;
    }
    if (char === quote && (backslashes <= escapes || (escapes === 0 && backslashes % 2 === 0))) {
      // SQL doubles the quotes within.
      if (escapes > 0 || text[end + 1] !== quote || end === start) {
        return { start, end: end - Math.min(backslashes, escapes) };
      }
      end += 1;
    }
    backslashes = 0;
  }
  return { start, end: text.length };
}

function listItems(text: string, at: number): Range[] {
  const items: Range[] = [];
  for (let next = skip(SPACE, text, at); ;) {
    const item = quotedAt(text, next);
    if (item === undefined) return items;
    if (item.end > item.start) items.push(item);
    const behind = skip(SPACE, text, skip(QUOTE, text, item.end));
    if (text[behind] !== ',') return items;
    next = skip(SPACE, text, behind + 1);
  }
}

function bareValue(text: string, at: number, name: Name, separator: Separator): Range | undefined {
  if (skip(LITERAL, text, at) > at) return undefined;
  if (name.kind === 'header' && separator.depth === 0) {
    return headerValue(text, at, name, separator.sign === '=' ? '\r\n&' : '\r\n');
  }
  if (text[at] === '{' || isHostAndPort(text, at, name)) return undefined;
  const opened = separator.depth > 0 ? skip(ENCODED_OPENER, text, at) : at;
  const start = skip(SCHEME, text, opened);
  let end = start;
  while (end < text.length && !isDelimiter(text, end, separator.depth)) end += 1;
  // A closing bracket or the end of a sentence is nobody's secret.
  while (end > start && ')]},.'.includes(text.charAt(end - 1))) end -= 1;
  return { start, end };
}

function isHostAndPort(text: string, at: number, { start, end }: Name): boolean {
  return (
    at === end + 1 &&
    text[end] === ':' &&
    skip(PORT, text, at) > at &&
    AUTHORITY.test(text.slice(Math.max(0, start - MAX_PREFIX_CHARS), start))
  );
}

/** The rest of the line, or of the quoted text that the whole header stands in; the scheme stays. */
function headerValue(text: string, at: number, name: Name, delimiters: string): Range {
  const before = text.charAt(name.start - 1);
  const ends = '"\'`'.includes(before) ? delimiters + before : delimiters;
  const isCookie = /cookie$/i.test(text.slice(name.start, name.end));
  const start = isCookie ? at : skip(SCHEME, text, at);
  // Not further than it goes: there may be as many of these as the text is long.
  let end = at;
  while (end < text.length && !ends.includes(text.charAt(end))) end += 1;
  return { start: Math.min(start, end), end };
}

function isDelimiter(text: string, at: number, depth: number): boolean {
  switch (text[at]) {
    case '&':
    case '#':
    case ';':
    case '"':
    case '`':
    case '<':
    case '>':
      return true;
    case "'":
      return at + 1 >= text.length || /[\s,;:)\]}&.]/.test(text.charAt(at + 1));
    case '%': {
      if (depth === 0) return false;
      ENCODED_DELIMITER.lastIndex = at;
      const encoded = ENCODED_DELIMITER.exec(text);
      return encoded !== null && (encoded[1] ?? '').length / 2 < depth;
    }
    default:
      return /\s/.test(text.charAt(at));
  }
}

function looksRandom(value: string): boolean {
  return value.length >= MIN_RANDOM_CHARS && /[a-z]/.test(value) && /\d/.test(value);
}

/** Where a sticky pattern ends that begins here; here, when it does not match. */
function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}
