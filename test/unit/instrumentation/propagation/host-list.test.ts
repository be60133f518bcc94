import { expect, test } from 'vitest';
import { parseAuthority } from '../../../../packages/instrumentation/src/propagation/authority.ts';
import {
  isListed,
  parseHostPattern,
} from '../../../../packages/instrumentation/src/propagation/host-list.ts';

function matches(pattern: string, authority: string): boolean {
  const [parsed, host] = [parseHostPattern(pattern), parseAuthority(authority)];
  if (parsed === undefined) throw new Error(`not a pattern: ${pattern}`);
  return host !== undefined && isListed([parsed], host);
}

test.each([
  ['example.com', 'example.com'],
  ['example.com', 'EXAMPLE.com:8443'],
  ['Example.COM', 'example.com'],
  ['example.com', 'example.com.'],
  ['example.com.', 'example.com'],
  ['example.com:8443', 'example.com:8443'],
  ['.example.com', 'a.example.com'],
  ['.example.com', 'a.b.EXAMPLE.com.:1'],
  ['.example.com:443', 'a.example.com:443'],
  ['.internal', 'orders.internal'],
  ['127.0.0.1', '127.0.0.1:3000'],
  // The many spellings of one address.
  ['127.0.0.1', '127.1'],
  ['127.0.0.1', '0x7f000001'],
  ['[::1]:80', '[0:0:0:0:0:0:0:1]:80'],
  ['[2001:db8::1]', '[2001:DB8:0::1]:9'],
])('%s is %s', (pattern, authority) => {
  expect(matches(pattern, authority)).toBe(true);
});

test.each([
  ['example.com', 'a.example.com'],
  ['example.com', 'example.com.evil.org'],
  ['example.com', 'evil-example.com'],
  ['example.com:8443', 'example.com'],
  ['example.com:8443', 'example.com:443'],
  ['.example.com', 'example.com'],
  ['.example.com', '.example.com'],
  ['.example.com', 'evil-example.com'],
  ['.example.com', 'evilexample.com'],
  ['.example.com', 'a.example.com.evil.org'],
  ['.example.com', 'a.example.com..'],
  ['example.com', 'user@example.com'],
  ['example.com', 'example.com@evil.org'],
  ['example.com', 'example.com:443@evil.org'],
  ['example.com', 'evil.org#example.com'],
  ['example.com', 'evil.org/example.com'],
  ['example.com', 'evil.org\\example.com'],
  ['example.com', 'example.com%00.evil.org'],
  ['example.com', 'example.com\u0000'],
  ['example.com', 'example.com '],
  ['example.com', 'ｅxample.com'],
  ['example.com', 'example.com:99999'],
  ['example.com', 'example.com:'],
  ['example.com', ''],
  ['[::1]', '[::2]'],
  ['[::1]', '[::1%25eth0]'],
  ['127.0.0.1', '127.0.0.10'],
])('%s is not %s', (pattern, authority) => {
  expect(matches(pattern, authority)).toBe(false);
});

test.each([
  '*',
  '*.example.com',
  '.*',
  '.',
  '..',
  'http://example.com',
  'a/b',
  'user@host',
  '.0.0.1',
  '.[::1]',
  ':80',
  'a b',
  '::1',
])('%s is no entry of the list', (text) => {
  expect(parseHostPattern(text)).toBeUndefined();
});
