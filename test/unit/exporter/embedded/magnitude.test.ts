import { expect, it } from 'vitest';
import { magnitudeOf } from '../../../../packages/exporter/src/search/embedded/tokens.ts';

it.each([
  [0, 'z', 0, 0],
  [0.5, 'p', -1, 0],
  [1, 'p', 0, 1],
  [-9.99, 'n', 0, 9],
  [403, 'p', 2, 4],
  [1000, 'p', 3, 1],
  [999_999, 'p', 5, 9],
  [7_572_589, 'p', 6, 7],
  [Number.MAX_SAFE_INTEGER, 'p', 15, 9],
  [1e20 - 16_384, 'p', 19, 9],
  [1e20, 'p', 20, 0],
  [-Infinity, 'n', 20, 0],
])('%d has sign %s, exponent %d and digit %d', (value, sign, exponent, digit) => {
  expect(magnitudeOf(value)).toEqual({ sign, exponent, digit });
});
