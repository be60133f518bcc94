import { expect, test } from 'vitest';
import {
  drawToken,
  hashToken,
  isSameHash,
  readTokenId,
  TOKEN_PATTERN,
} from '../../../../packages/exporter/src/doors/token.ts';

test('a token tells its id, and is kept as its hash', () => {
  for (let i = 0; i < 200; i++) {
    const { id, token, hash } = drawToken();
    expect(token).toMatch(TOKEN_PATTERN);
    expect(readTokenId(token)).toBe(id);
    expect(hashToken(token).toString('hex')).toBe(hash);
  }
});

test('no two are alike', () => {
  const drawn = Array.from({ length: 1_000 }, drawToken);
  expect(new Set(drawn.map(({ token }) => token)).size).toBe(1_000);
  expect(new Set(drawn.map(({ id }) => id)).size).toBe(1_000);
});

test('any character that is another is noticed by the checksum', () => {
  const { token } = drawToken();
  for (let at = 4; at < token.length; at++) {
    const other = token[at] === 'a' ? 'b' : 'a';
    expect(readTokenId(token.slice(0, at) + other + token.slice(at + 1))).toBeUndefined();
  }
});

test.each(['', 'slt_', 'Bearer x', 'slt_0123456789_short', 'x'.repeat(1_000_000)])('%s is none', (text) => {
  expect(readTokenId(text)).toBeUndefined();
});

test('hashes are compared as a whole', () => {
  const [one, other] = [hashToken('a'), hashToken('b')];
  expect(isSameHash(one, Buffer.from(one))).toBe(true);
  expect(isSameHash(one, other)).toBe(false);
  // By the function that takes the same time wherever they differ, which wants the same length.
  expect(() => isSameHash(one, other.subarray(1))).toThrow(RangeError);
});
