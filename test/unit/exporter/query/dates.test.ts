import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseDate, parseInstant } from '../../../../packages/exporter/src/search/query/dates.ts';

const nanoseconds = (text: string): bigint => BigInt(Date.parse(text)) * 1_000_000n;

describe('parseDate', () => {
  it.each([
    ['2026', '2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z'],
    ['2026-12', '2026-12-01T00:00:00Z', '2027-01-01T00:00:00Z'],
    ['2024-02-29', '2024-02-29T00:00:00Z', '2024-03-01T00:00:00Z'],
    ['2026-11-02T23', '2026-11-02T23:00:00Z', '2026-11-03T00:00:00Z'],
    ['2026-11-02T10:59', '2026-11-02T10:59:00Z', '2026-11-02T11:00:00Z'],
    ['2026-11-02 10:59:59', '2026-11-02T10:59:59Z', '2026-11-02T11:00:00Z'],
    ['2026-11-02T10:30:00.25Z', '2026-11-02T10:30:00.250Z', '2026-11-02T10:30:00.260Z'],
    ['2026-11-02T00:30:00-01:30', '2026-11-02T02:00:00Z', '2026-11-02T02:00:01Z'],
    ['0001-01-01', '0001-01-01T00:00:00Z', '0001-01-02T00:00:00Z'],
  ])('reads %s', (text, from, to) => {
    expect(parseDate(text)).toEqual({ from: nanoseconds(from), to: nanoseconds(to) });
  });

  it('keeps nanoseconds', () => {
    const interval = parseDate('1970-01-01T00:00:01.123456789Z');
    expect(interval).toEqual({ from: 1_123_456_789n, to: 1_123_456_790n });
  });

  it.each([
    '',
    '26',
    '2026-13',
    '2026-00',
    '2026-02-29',
    '2026-11-31',
    '2026-11-02T24',
    '2026-11-02T10:60',
    '2026-11-02T10:30:61',
    '2026-11-02T10:30:00.',
    '2026-11-02T10:30:00.1234567890Z',
    '2026-11-02Z',
    '2026-11-02T10:30:00+24:00',
    '2026-11-02T10:30:00+0100',
    'now-1d',
    '+2026-11-02',
  ])('refuses %j', (text) => {
    expect(parseDate(text)).toBeUndefined();
  });

  it('agrees with Date about every instant', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
        (date) => {
          expect(parseInstant(date.toISOString())).toBe(nanoseconds(date.toISOString()));
        },
      ),
    );
  });
});
