import type { BlindKey } from '../../blind-key.ts';

/**
 * The words of the inverted index. What stands in the hashed bytes anyway is written as it is (`field=value`), what
 * belongs to a committed group only as a keyed hash, so that the file holds nothing about a person.
 *
 *     +                        every record
 *     !more                    a record with more tokens than MAX_DOCUMENT_TOKENS; it is a candidate for everything
 *     ?0f3a…                   the record has a certain set of fields (a shape, see shape-registry.ts)
 *     ?none                    a record of a shape past MAX_SHAPES; it is a candidate wherever a field must exist
 *     field=value              the value, percent-encoded, upper case as ^ and the lower-case letter
 *     field#p2.4               a number from 400 to below 500: sign, exponent, first digit
 *     0f3a…                    keyed hash of one of: `field=value`, a network, a domain, a word
 */

/** Stands on every record. */
export const TOKEN_EVERY = '+';

/** Stands on records that have more tokens than are kept. */
export const TOKEN_MORE = '!more';

/** Stands on records whose fields are not kept. */
export const TOKEN_SHAPELESS = '?none';

/** Characters beside letters and digits that SQLite's `ascii` tokenizer must keep within a word. */
export const TOKEN_CHARACTERS = '!#%+-./:=?@^_{}';

/** How many characters of a value in the clear a token holds. */
const MAX_TOKEN_VALUE = 200;

/** The networks of an address that are indexed, by address length in bytes: prefix lengths in bits. */
export const NETWORK_BITS: Readonly<Record<number, readonly number[]>> = {
  4: [8, 16, 24, 32],
  16: [48, 64, 128],
};

const MAX_EXPONENT = 20;
const UNSAFE = /[^a-z0-9\-./:@_{}]/gu;
const SAFE = /^[a-z0-9\-./:@_{}]*$/;
const POWERS_OF_TEN: readonly number[] = Array.from(
  { length: MAX_EXPONENT },
  (_, exponent) => 10 ** exponent,
);
const encoder = new TextEncoder();

/** A set of fields. */
export function shapeToken(key: BlindKey, fields: readonly string[]): string {
  return `?${key.token('shape', fields.join(' '))}`;
}

/** How a shape names a field in the clear. */
export function fieldToken(field: string): string {
  return encode(field);
}

/** How a shape names a field of a committed group: its name came from outside. */
export function blindFieldToken(key: BlindKey, field: string): string {
  return `~${key.token('field', field)}`;
}

/** `field=value`, of long values the beginning. */
export function valueToken(field: string, value: string): string {
  return `${encode(field)}=${encode(cutValue(value))}`;
}

/** True when no other value, nor the beginning of a longer one, has the same {@link valueToken}. */
export function isToldApart(value: string): boolean {
  // A value may be cut a unit shorter, between two characters.
  return value.length < MAX_TOKEN_VALUE - 1;
}

/** `field=value` of a committed group. */
export function blindValueToken(key: BlindKey, field: string, value: string): string {
  return key.token('value', `${field}\0${value}`);
}

/** A word of free text, wherever it stands. */
export function blindWordToken(key: BlindKey, word: string): string {
  return key.token('word', word);
}

/** The domain of an email address: what follows the last `@`. */
export function blindDomainToken(key: BlindKey, field: string, domain: string): string {
  return key.token('domain', `${field}\0${domain}`);
}

/** The first bits of an address. */
export function blindNetworkToken(
  key: BlindKey,
  field: string,
  address: readonly number[],
  bits: number,
): string {
  const prefix = address.slice(0, bits >> 3).join('.');
  return key.token('network', `${field}\0${address.length}\0${bits}\0${prefix}`);
}

/** Sign, exponent and first digit of a number: enough to leave most records out of a range. */
export interface Magnitude {
  sign: 'n' | 'p' | 'z';
  /** From -1, which stands for everything below 1, to 20, which stands for everything from 1e20. */
  exponent: number;
  digit: number;
}

/** The magnitude of a number; infinity is as large as the largest. */
export function magnitudeOf(value: number): Magnitude {
  if (value === 0) return { sign: 'z', exponent: 0, digit: 0 };
  const sign = value < 0 ? 'n' : 'p';
  if (!Number.isFinite(value)) return { sign, exponent: MAX_EXPONENT, digit: 0 };
  const size = Math.abs(value);
  if (size >= 10 ** MAX_EXPONENT) return { sign, exponent: MAX_EXPONENT, digit: 0 };
  const exponent = POWERS_OF_TEN.findLastIndex((power) => power <= size);
  if (exponent === -1) return { sign, exponent, digit: 0 };
  const power = POWERS_OF_TEN[exponent] ?? 1;
  const digit = Math.floor(size / power);
  // A quotient just below a whole number may be rounded up to it.
  return { sign, exponent, digit: digit * power > size ? digit - 1 : digit };
}

/** `field#p2.4` */
export function magnitudeToken(field: string, { sign, exponent, digit }: Magnitude): string {
  return `${encode(field)}#${sign}${exponent}.${digit}`;
}

/** What all tokens of numbers of a field, of a sign, or of an exponent begin with. */
export function magnitudePrefix(field: string, sign?: Magnitude['sign'], exponent?: number): string {
  return `${encode(field)}#${sign ?? ''}${exponent === undefined ? '' : `${exponent}.`}`;
}

/** The exponents above and below a magnitude's, on the same side of zero. */
export function exponentsBeyond(exponent: number, direction: 'above' | 'below'): number[] {
  const all = Array.from({ length: MAX_EXPONENT + 2 }, (_, i) => i - 1);
  return all.filter((other) => (direction === 'above' ? other > exponent : other < exponent));
}

function cutValue(value: string): string {
  if (value.length <= MAX_TOKEN_VALUE) return value;
  const cut = value.slice(0, MAX_TOKEN_VALUE);
  return cut.isWellFormed() ? cut : cut.slice(0, -1);
}

function encode(text: string): string {
  if (SAFE.test(text)) return text;
  return text.replaceAll(UNSAFE, (character) => {
    if (character >= 'A' && character <= 'Z') return `^${character.toLowerCase()}`;
    let escaped = '';
    for (const byte of encoder.encode(character)) escaped += `%${byte.toString(16).padStart(2, '0')}`;
    return escaped;
  });
}
