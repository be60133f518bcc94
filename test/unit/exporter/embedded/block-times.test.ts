import fc from 'fast-check';
import { expect, it } from 'vitest';

import { decodeTimes, encodeTimes } from '../../../../packages/exporter/src/search/embedded/block-times.ts';

const time = fc.oneof(
  fc.constantFrom(undefined, Number.NaN),
  fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }),
);

it('gives back every time that it was given', () => {
  fc.assert(
    fc.property(fc.array(time, { maxLength: 256 }), (times) => {
      expect(decodeTimes(encodeTimes(times))).toEqual(times);
    }),
  );
});

it('takes a byte or two for a record that follows soon', () => {
  const start = Date.UTC(2026, 10, 2);
  const times = Array.from({ length: 256 }, (_, i) => start + i * 40 - (i % 7));
  expect(encodeTimes(times).length).toBeLessThan(256 + 10);
});
