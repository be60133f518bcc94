/** A span of time: `from` is its first nanosecond since the epoch, `to` the first one after it. */
export interface Interval {
  from: bigint;
  to: bigint;
}

const DATE =
  /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[Tt ](\d{2})(?::(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?([Zz]|[+-]\d{2}:\d{2})?)?)?)?$/;

const NANOSECONDS_PER_MILLISECOND = 1_000_000n;
const MILLISECONDS_PER_MINUTE = 60_000;

/**
 * Reads RFC 3339, or a prefix of it that ends after the year, month, day, hour, minute or second; without an offset
 * it means UTC.
 *
 * @returns the time that the text names, from its beginning to its end; undefined when it is no date
 */
export function parseDate(text: string): Interval | undefined {
  const parts = DATE.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone] = parts;
  const start = instant(year, month ?? '01', day ?? '01', hour ?? '00', minute ?? '00', second ?? '00');
  if (start === undefined) return undefined;
  const offset = offsetMilliseconds(zone);
  if (offset === undefined) return undefined;
  const base = BigInt(start - offset) * NANOSECONDS_PER_MILLISECOND;
  if (fraction !== undefined) {
    const unit = 10n ** BigInt(9 - fraction.length);
    const from = base + BigInt(fraction) * unit;
    return { from, to: from + unit };
  }
  const end = endOfUnit(start, { month, day, hour, minute, second });
  return { from: base, to: BigInt(end - offset) * NANOSECONDS_PER_MILLISECOND };
}

/** The instant of a complete RFC 3339 time in nanoseconds since the epoch; undefined when it is none. */
export function parseInstant(text: string): bigint | undefined {
  return text.length < 19 ? undefined : parseDate(text)?.from;
}

function instant(
  year: string | undefined,
  month: string,
  day: string,
  hour: string,
  minute: string,
  second: string,
): number | undefined {
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return undefined;
  const midnight = new Date(0);
  midnight.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  if (midnight.getUTCMonth() !== Number(month) - 1 || midnight.getUTCDate() !== Number(day)) return undefined;
  return midnight.getTime() + ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000;
}

function offsetMilliseconds(zone: string | undefined): number | undefined {
  if (zone === undefined || zone.length === 1) return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4, 6));
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * MILLISECONDS_PER_MINUTE;
}

type WrittenUnits = Record<'month' | 'day' | 'hour' | 'minute' | 'second', string | undefined>;

function endOfUnit(start: number, written: WrittenUnits): number {
  if (written.second !== undefined) return start + 1000;
  if (written.minute !== undefined) return start + MILLISECONDS_PER_MINUTE;
  if (written.hour !== undefined) return start + 60 * MILLISECONDS_PER_MINUTE;
  if (written.day !== undefined) return start + 24 * 60 * MILLISECONDS_PER_MINUTE;
  const end = new Date(start);
  if (written.month !== undefined) end.setUTCMonth(end.getUTCMonth() + 1);
  else end.setUTCFullYear(end.getUTCFullYear() + 1);
  return end.getTime();
}
