import { expect, it } from 'vitest';

import type { HistogramInterval } from '../../../packages/exporter/src/archive-types.ts';
import { bucketStart } from '../../../packages/exporter/src/search/buckets.ts';

it.each<[HistogramInterval, string, string]>([
  ['minute', '2026-11-22T10:30:59.999Z', '2026-11-22T10:30:00.000Z'],
  ['hour', '2026-11-22T10:30:59.999Z', '2026-11-22T10:00:00.000Z'],
  ['day', '2026-11-22T10:30:59.999Z', '2026-11-22T00:00:00.000Z'],
  ['week', '2026-11-22T23:59:59.999Z', '2026-11-16T00:00:00.000Z'],
  ['week', '2026-11-23T00:00:00.000Z', '2026-11-23T00:00:00.000Z'],
  ['week', '1970-01-01T00:00:00.000Z', '1969-12-29T00:00:00.000Z'],
  ['month', '2028-02-29T10:30:59.999Z', '2028-02-01T00:00:00.000Z'],
  ['year', '2026-12-31T23:59:59.999Z', '2026-01-01T00:00:00.000Z'],
  ['year', '0042-12-31T23:59:59.999Z', '0042-01-01T00:00:00.000Z'],
])('the %s of %s begins at %s', (interval, time, start) => {
  expect(new Date(bucketStart(interval, Date.parse(time))).toISOString()).toBe(start);
});
