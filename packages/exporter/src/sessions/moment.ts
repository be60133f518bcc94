const NANO_DIGITS = 9;
const SECONDS_LENGTH = 'YYYY-MM-DDTHH:mm:ss'.length;

/**
 * A time as records have it, RFC 3339 in UTC with nine fraction digits: such texts are ordered as their times are.
 *
 * @param text - RFC 3339 in UTC with any number of fraction digits up to nine
 */
export function toMoment(text: string): string {
  if (text.length === SECONDS_LENGTH + NANO_DIGITS + 2) return text;
  const fraction = text.slice(SECONDS_LENGTH + 1, -1);
  return `${text.slice(0, SECONDS_LENGTH)}.${fraction.padEnd(NANO_DIGITS, '0')}Z`;
}

/** @param ms - milliseconds since the epoch */
export function momentOf(ms: number): string {
  return toMoment(new Date(ms).toISOString());
}

/** Milliseconds since the epoch. */
export function msOf(moment: string): number {
  return Date.parse(moment);
}
