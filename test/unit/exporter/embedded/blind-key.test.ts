import { createHmac } from 'node:crypto';

import { expect, it } from 'vitest';

import { createBlindKey } from '../../../../packages/exporter/src/blind-key.ts';

const key = Uint8Array.from({ length: 32 }, (_, i) => i * 7);

it.each(['', 'alice', 'élodie', 'x'.repeat(300), 'y'.repeat(5000)])('is HMAC-SHA-256, cut: %#', (value) => {
  const expected = createHmac('sha256', key).update(`kind\0${value}`).digest('hex').slice(0, 16);
  expect(createBlindKey(key).token('kind', value)).toBe(expected);
});

it('gives another token under another key and for another kind', () => {
  const tokens = [
    createBlindKey(key).token('a', 'alice'),
    createBlindKey(key).token('b', 'alice'),
    createBlindKey(new Uint8Array(32)).token('a', 'alice'),
  ];
  expect(new Set(tokens).size).toBe(3);
});

it('demands 32 bytes', () => {
  expect(() => createBlindKey(new Uint8Array(16))).toThrow(TypeError);
});
