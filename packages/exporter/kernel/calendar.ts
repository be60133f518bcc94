// Times as RFC 3339 has them, in UTC.
import { writeDigits } from './text';

/** The first second of the year 10000, which RFC 3339 has not. */
export const SECONDS_END: u64 = 253_402_300_800;

const SECONDS_PER_DAY: u64 = 86_400;
/** From the first of March of the year 0 to that of 1970. */
const DAYS_BEFORE_1970: u32 = 719_468;
/** Of 400 years, after which the calendar repeats itself. */
const DAYS_PER_ERA: u32 = 146_097;
const DASH: u8 = 0x2d;
const COLON: u8 = 0x3a;
const T: u8 = 0x54;

/** Writes a second, counted from 1970, up to its last digit. */
export function writeSecond(out: usize, seconds: u64): usize {
  const days = <u32>(seconds / SECONDS_PER_DAY);
  const rest = <u32>(seconds - <u64>days * SECONDS_PER_DAY);
  let at = writeDate(out, days);
  store<u8>(at, T);
  at = writeDigits(at + 1, rest / 3_600, 2);
  store<u8>(at, COLON);
  at = writeDigits(at + 1, (rest / 60) % 60, 2);
  store<u8>(at, COLON);
  return writeDigits(at + 1, rest % 60, 2);
}

/** Years are counted from March on, so that what is irregular, the end of February, comes last. */
function writeDate(out: usize, days: u32): usize {
  const sinceMarch = days + DAYS_BEFORE_1970;
  const era = sinceMarch / DAYS_PER_ERA;
  const dayOfEra = sinceMarch - era * DAYS_PER_ERA;
  const yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  // Five months from March on have 153 days, and so have the next five.
  const fromMarch = (5 * dayOfYear + 2) / 153;
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  let at = writeDigits(out, era * 400 + yearOfEra + (month <= 2 ? 1 : 0), 4);
  store<u8>(at, DASH);
  at = writeDigits(at + 1, month, 2);
  store<u8>(at, DASH);
  return writeDigits(at + 1, dayOfYear - (153 * fromMarch + 2) / 5 + 1, 2);
}
