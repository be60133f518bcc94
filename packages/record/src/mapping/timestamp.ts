const NANOS_PER_SECOND = 1_000_000_000n;

/** RFC 3339 ends with the year 9999. */
const MAX_SECONDS = 253_402_300_799;

// Spans of a batch share their seconds: the part before the dot is made once for each.
let lastSecond = -1;
let lastPrefix = '';

/** Nanoseconds since the epoch as RFC 3339 in UTC with nine fraction digits. */
export function formatNanos(unixNano: bigint): string {
  const second = Number(unixNano / NANOS_PER_SECOND);
  if (second !== lastSecond) {
    lastPrefix = new Date(second * 1000).toISOString().slice(0, 20);
    lastSecond = second;
  }
  return `${lastPrefix}${String(unixNano % NANOS_PER_SECOND).padStart(9, '0')}Z`;
}

/** Seconds since the epoch (a JWT's NumericDate) as RFC 3339 in UTC; undefined outside its years. */
export function formatSeconds(unixSeconds: number): string | undefined {
  if (!(unixSeconds >= 0 && unixSeconds <= MAX_SECONDS)) return undefined;
  return new Date(unixSeconds * 1000).toISOString().replace('.000Z', 'Z');
}

/** `event.duration` in nanoseconds, as a string beyond 2^53; undefined where the clock went backwards. */
export function durationNanos(start: bigint, end: bigint): number | string | undefined {
  const nanos = end - start;
  if (nanos < 0n) return undefined;
  const number = Number(nanos);
  return Number.isSafeInteger(number) ? number : String(nanos);
}
