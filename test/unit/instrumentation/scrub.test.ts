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
    'rpc.grpc.request.metadata.authorization',
  ])('%s', (key) => {
    expect(scrubAttribute(key, 'x')).toBe('REDACTED');
    expect(scrubAttribute(key, 'some longer value')).toBe('REDACTED');
  });

  test('others stay, without the secrets in them', () => {
    expect(scrubAttribute('http.request.header.accept', 'text/html')).toBe('text/html');
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

test('what has been scrubbed stays as it is, and long text takes no long time', () => {
  const once = scrubText('https://h/?code=abc&token=def');
  expect(scrubText(once)).toBe(once);
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
  ]) {
    const started = performance.now();
    scrubText(`a://${piece.repeat(100_000)}`);
    expect(performance.now() - started, piece).toBeLessThan(500);
  }
});
