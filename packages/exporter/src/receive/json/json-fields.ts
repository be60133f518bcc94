import { malformed } from '../request-errors.ts';

const HEX = /^[0-9a-fA-F]*$/;
const DECIMAL = /^-?\d{1,20}$/;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
const ZEROS = /^0*$/;

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const UINT64_MAX = 2n ** 64n - 1n;

/** A JSON object of the request. */
export type JsonFields = { readonly [field: string]: unknown };

/** Takes a value as an object; absent and null are an empty one, as ProtoJSON reads them. */
export function asObject(value: unknown, place: string): JsonFields {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw malformed(`${place} must be an object`);
  return value;
}

/** Takes a value as a list; absent and null are an empty one. */
export function asList(value: unknown, place: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw malformed(`${place} must be an array`);
  return value;
}

/** Takes a value as a string that can be written as UTF-8. */
export function asString(value: unknown, place: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw malformed(`${place} must be a string`);
  if (!value.isWellFormed()) throw malformed(`${place} holds half of a surrogate pair`);
  return value;
}

/** Takes a value as an identifier: `digits` hex digits, or empty where it may be; all zero counts as empty. */
export function asId(value: unknown, digits: number, place: string): string {
  const id = asString(value, place);
  if (id === '') return '';
  if (id.length !== digits || !HEX.test(id)) throw malformed(`${place} must be ${digits} hex digits`);
  return ZEROS.test(id) ? '' : id.toLowerCase();
}

/** Takes a value as an enum. OTLP/JSON writes numbers, never names; what is not known yet is read as 0. */
export function asEnum(value: unknown, largest: number, place: string): number {
  const number = asSmallInteger(value, place);
  return number >= 0 && number <= largest ? number : 0;
}

/** Takes a value as a 32-bit integer. */
export function asSmallInteger(value: unknown, place: string): number {
  if (value === undefined || value === null) return 0;
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    throw malformed(`${place} must be an integer`);
  return value;
}

/** Takes a value as `fixed64`: a decimal string or a number. */
export function asUint64(value: unknown, place: string): bigint {
  const number = asInteger(value, place);
  if (number < 0n || number > UINT64_MAX) throw malformed(`${place} is out of the range of uint64`);
  return number;
}

/** Takes a value as `int64`: a number where it is exact, otherwise a bigint. */
export function asInt64(value: unknown, place: string): number | bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value === 0 ? 0 : value;
  const number = asInteger(value, place);
  if (number < INT64_MIN || number > INT64_MAX) throw malformed(`${place} is out of the range of int64`);
  const small = Number(number);
  return Number.isSafeInteger(small) ? small : number;
}

/** Takes a value as `double`; what JSON has no number for comes as a string. */
export function asDouble(value: unknown, place: string): number {
  if (typeof value === 'number') return value;
  if (value === 'NaN') return Number.NaN;
  if (value === 'Infinity') return Number.POSITIVE_INFINITY;
  if (value === '-Infinity') return Number.NEGATIVE_INFINITY;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
  if (Number.isNaN(number)) throw malformed(`${place} must be a number`);
  return number;
}

/** Takes a value as a boolean. */
export function asBoolean(value: unknown, place: string): boolean {
  if (typeof value !== 'boolean') throw malformed(`${place} must be true or false`);
  return value;
}

/** Takes a value as `bytes`: base64, of either alphabet; written with the standard one. */
export function asBase64(value: unknown, place: string): string {
  const text = asString(value, place);
  if (!isBase64(text)) throw malformed(`${place} must be base64`);
  return Buffer.from(text, 'base64').toString('base64');
}

/** Whether text is base64, of either alphabet, padded or not. */
export function isBase64(text: string): boolean {
  return BASE64.test(text);
}

function asInteger(value: unknown, place: string): bigint {
  if (value === undefined || value === null) return 0n;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === 'string' && DECIMAL.test(value)) return BigInt(value);
  throw malformed(`${place} must be an integer, as a decimal string or a number`);
}

function isObject(value: unknown): value is JsonFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
