import { describe, expect, test } from 'vitest';
import { scrubPolicy, scrubText, scrubValue } from '../../../packages/instrumentation/src/otlp/scrub.ts';

function scrubAttribute(key: string, value: string): string {
  return scrubValue(scrubPolicy(key), value);
}

const JWT = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl';

test.each([
  [
    'url.full',
    'https://shop/cb?code=abc&state=xyz&page=2',
    'https://shop/cb?code=REDACTED&state=REDACTED&page=2',
  ],
  ['url.query', 'code=abc', 'code=REDACTED'],
  ['url.query', '?token=a', '?token=REDACTED'],
  ['url.query', 'jwt=a&otp=1&sig=b%2Fc', 'jwt=REDACTED&otp=REDACTED&sig=REDACTED'],
  ['url.full', 'https://s3/x?X-Amz-Signature=ab12&v=1', 'https://s3/x?X-Amz-Signature=REDACTED&v=1'],
  ['http.target', '/cb?x=1&id_token_hint=a.b.c', '/cb?x=1&id_token_hint=REDACTED'],
  [
    'http.url',
    'http://h/t?client_secret=s&client_assertion=t#access_token=u&y=1',
    'http://h/t?client_secret=REDACTED&client_assertion=REDACTED#access_token=REDACTED&y=1',
  ],
  [
    'url.full',
    'https://h/?next=%2Fcb%3Fcode%3Dabc%26x%3D1',
    'https://h/?next=%2Fcb%3Fcode%3DREDACTED%26x%3D1',
  ],
  ['url.full', 'https://user:pass@host/x', 'https://REDACTED@host/x'],
  ['url.query', 'PASSWORD=x&Refresh_Token=y', 'PASSWORD=REDACTED&Refresh_Token=REDACTED'],
  ['url.path', `/verify/${JWT}`, '/verify/REDACTED'],
  ['url.path', '/orders', '/orders'],
  ['url.query', 'q=code&zipcode=8000', 'q=code&zipcode=8000'],
])('%s: %s', (key, value, expected) => {
  expect(scrubAttribute(key, value)).toBe(expected);
});

describe('captured headers', () => {
  test.each([
    'http.request.header.authorization',
    'http.request.header.cookie',
    'http.response.header.set-cookie',
    'http.response.header.set_cookie',
    'http.request.header.proxy-authorization',
    'http.request.header.x-api-key',
    'http.request.header.x-auth-token',
    'http.request.header.dpop',
    'http.request.header.x-auth',
    'http.request.header.x_auth',
    'http.request.header.X-Api-Key',
    'http.request.header.ocp-apim-subscription-key',
    'http.request.header.x-client-secret',
    'x-auth',
    'x-api-key',
    'app.clientSecret',
    'rpc.grpc.request.metadata.authorization',
  ])('%s', (key) => {
    expect(scrubAttribute(key, 'x')).toBe('REDACTED');
    expect(scrubAttribute(key, 'some longer value')).toBe('REDACTED');
  });

  test('others stay, without the secrets in them', () => {
    expect(scrubAttribute('http.request.header.accept', 'text/html')).toBe('text/html');
    expect(scrubAttribute('http.request.header.x-author', 'ann')).toBe('ann');
    expect(scrubAttribute('http.response.header.location', '/cb?code=abc&x=1')).toBe('/cb?code=REDACTED&x=1');
  });
});

test.each([
  [`jwt ${JWT} here`, 'jwt REDACTED here'],
  [`${JWT},x${JWT}`, 'REDACTED,xREDACTED'],
  ['Bearer%20eyJhbGciOiJkaXIifQ..abc.def.ghi', 'Bearer%20REDACTED'],
  ['eyJ is how they begin. eyJabc', 'eyJ is how they begin. eyJabc'],
  ['Authorization: Bearer abcdef123456', 'Authorization: Bearer REDACTED'],
  ['basic dXNlcjpwYXNz', 'basic REDACTED'],
  ['the bearer of bad news', 'the bearer of bad news'],
  ['', ''],
])('free text: %s', (text, expected) => {
  expect(scrubText(text)).toBe(expected);
});

test('a statement without secrets is untouched', () => {
  const statement = "SELECT * FROM orders WHERE code = 'A-1' AND state=?";
  expect(scrubAttribute('db.statement', statement)).toBe(statement);
});

test('what has been scrubbed stays as it is', () => {
  const once = scrubText('https://h/?code=abc&token=def');
  expect(scrubText(once)).toBe(once);
});

/** Time that grows with the square of the length would outlast any test: a text of a megabyte, scrubbed in one go. */
test('long text takes no long time', () => {
  for (const piece of [
    'code=&',
    'code=',
    'eyJ',
    'eyJ.',
    'bearer ',
    'a://:',
    'a://',
    '%3Fcode%3D',
    ':',
    ' ',
    'code:',
    'code:"',
    'code: ',
    'code:\\"',
    'token',
    'token ',
    'token:[',
    'token=REDACTED',
    '--token ',
    '--',
    '%25',
    'cookie:',
    "'cookie':\n",
    "'cookie',x",
    "'cookie'=x",
    "PASSWORD 'cookie'=",
    'authorization: ',
    'bearer:',
    'password%253D%25',
  ]) {
    expect(scrubText(`a://${piece.repeat(100_000)}`), piece).not.toBe('');
  }
});

/** Secrets as texts carry them; `S` stands for the secret. */
const SHAPES = [
  '{"access_token":"S"}',
  '{"client_secret": "S"}',
  '{\\"client_secret\\": \\"S\\"}',
  "{ client_secret: 'S' }",
  "{ clientSecret: 'S', scope: 'openid' }",
  "{ 'set-cookie': [ 'sid=S; Path=/', 'other=S' ] }",
  "[ 'Host', 'shop', 'Cookie', 'sid=S' ]",
  'password: S',
  'PASSWORD: "S"',
  'DB_PASSWORD=S',
  'Cookie: sid=S',
  'Cookie: a=1; sid=S',
  'Set-Cookie: sid=S; HttpOnly',
  'Bearer\tSECRETS',
  'bearer:SECRETS',
  'token: Bearer S',
  'Authorization: Token S',
  'Authorization: Basic S',
  'Authorization: S',
  'authorization: Custom-Scheme S',
  'authorization=Custom S',
  'cookie=a=1; sid=S',
  'Authorization: AWS4 Credential=a, Signature=S',
  "curl -H 'Authorization: Token S' https://shop/x",
  '(code=S)',
  '"code=S"',
  "'code=S'",
  'code[]=S',
  '{"url":"/cb?code=S"}',
  '/cb?a=1&amp;code=S',
  'SAMLResponse=S&RelayState=x',
  '%3Fcode%3DS%26x%3D1',
  '%253Fcode%253DS%2526x%253D1',
  '%7B%22client_secret%22%3A%22S%22%7D',
  'node x --client-secret=S',
  'node x --client-secret S --port 1',
  'node x --password=S',
  '{"code":"S"}',
];

test.each(SHAPES)('a secret in %s', (shape) => {
  const secret = 'SECRETsecret0123';
  const text = shape.replaceAll(/\bS\b|SECRETS/g, secret);
  for (const around of ['', ' ', '\n', ' failed: ']) {
    expect(scrubText(`${around}${text}${around}`)).not.toContain(secret);
  }
  expect(scrubText(scrubText(text))).toBe(scrubText(text));
});

test('what is left reads as before', () => {
  expect(scrubText('(code=abc)')).toBe('(code=REDACTED)');
  expect(scrubText('{"access_token":"a\\"b","expires_in":5}')).toBe(
    '{"access_token":"REDACTED","expires_in":5}',
  );
  expect(scrubText('{\\"id_token\\":\\"ab\\",\\"a\\":1}')).toBe('{\\"id_token\\":\\"REDACTED\\",\\"a\\":1}');
  expect(scrubText('Authorization: Token abc\nHost: shop')).toBe('Authorization: Token REDACTED\nHost: shop');
  expect(scrubText('%253Fcode%253Dab%2526x%253D1')).toBe('%253Fcode%253DREDACTED%2526x%253D1');
  expect(scrubText('node x --client-secret abc --port 1')).toBe('node x --client-secret REDACTED --port 1');
});

test.each([
  ['process.command', 'node x --password=SECRET', 'node x --password=REDACTED'],
  ['process.command_args', '--client-secret=SECRET', '--client-secret=REDACTED'],
  ['db.statement', "UPDATE users SET password='SE''CRET', a=1", "UPDATE users SET password='REDACTED', a=1"],
  ['db.query.text', "ALTER USER a PASSWORD 'SECRET'", "ALTER USER a PASSWORD 'REDACTED'"],
  ['db.query.text', "CREATE USER a IDENTIFIED BY 'SECRET'", "CREATE USER a IDENTIFIED BY 'REDACTED'"],
  ['db.query.text', '{"password": "SECRET"}', '{"password": "REDACTED"}'],
  ['db.query.parameter.password', 'SECRET', 'REDACTED'],
  ['client.address', 'Bearer SECRETSECRET', 'Bearer REDACTED'],
  ['client.address', '2001:db8::1', '2001:db8::1'],
  ['server.address', 'token=SECRET', 'token=REDACTED'],
])('%s: %s, scrubbed', (key, value, expected) => {
  expect(scrubAttribute(key, value)).toBe(expected);
});

test.each([
  'SELECT token, password FROM users WHERE token = $1 AND password=? AND secret = t.secret',
  "SELECT * FROM orders WHERE state = 'open' AND code='A-1'",
])('a statement without secrets: %s', (statement) => {
  expect(scrubAttribute('db.query.text', statement)).toBe(statement);
});

test.each([
  "Error: connect ECONNREFUSED 127.0.0.1:5432 { code: 'ECONNREFUSED', errno: -111 }",
  '{"code":"ERR_JWS_INVALID","state":"open","response":{"status":401}}',
  'at verify (file:///srv/token.js:12:5)',
  'status code: 500, exit-code=1, zipcode=8000',
  'max_tokens=100 token_type=Bearer',
  'http://token:8080/introspect',
  'password: undefined',
  'GET /oauth/token',
  '2026-01-02T03:04:05Z [info] request: 12 ms, response: 200',
])('no secret: %s', (text) => {
  expect(scrubText(text)).toBe(text);
});

/** Mulberry32: the same texts in each run. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const WORDS =
  `order GET /orders/5 https://shop/x?page=2&sort=asc tokens decode stateless x=1 a:b {"id":5} (see below)
  %20 --port 80 it's "quoted" \\ ; , ü 💥 eyJ`.split(/ +/);

test('random text without secrets stays as it is, and random text with them loses them', () => {
  const random = randomNumbers(7);
  const pick = (from: readonly string[]): string => from[Math.floor(random() * from.length)] ?? '';
  const words = (): string => Array.from({ length: Math.floor(random() * 8) }, () => pick(WORDS)).join(' ');
  const alphabet = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789-_'.split('');
  for (let round = 0; round < 5_000; round++) {
    const plain = words();
    expect(scrubText(plain)).toBe(plain);
    const secret = `q${Array.from({ length: 20 }, () => pick(alphabet)).join('')}7`;
    const parts = Array.from({ length: 1 + Math.floor(random() * 3) }, () =>
      pick(SHAPES).replaceAll(/\bS\b|SECRETS/g, secret),
    );
    const text = parts.map((part) => `${words()} ${part} ${words()}`).join(pick([' ', '\n']));
    expect(scrubText(text), text).not.toContain(secret);
    const jwt = `${plain}${JWT}`;
    expect(scrubText(jwt), jwt).not.toContain(JWT.slice(24));
  }
});

test('text that is met again is scrubbed again, whatever was remembered in between', () => {
  for (let round = 0; round < 3; round++) {
    expect(scrubText('token=abcdef123')).toBe('token=REDACTED');
    expect(scrubText('GET /orders/:id')).toBe('GET /orders/:id');
    for (let index = 0; index < 2_000; index++) expect(scrubText(`GET /${index}`)).toBe(`GET /${index}`);
    // What a statement may say, text may not.
    expect(scrubValue('statement', "code = 'A-1'")).toBe("code = 'A-1'");
    expect(scrubText('code=A-1')).toBe('code=REDACTED');
  }
});
