import type { FieldShape } from '../field-table.ts';
import { emptyObject } from '../json-object.ts';
import type { JsonValue } from '../json.ts';
import {
  CUT_MARK,
  MAX_ATTRIBUTES,
  MAX_CLEAR_LIST_LENGTH,
  MAX_CLEAR_STRING_LENGTH,
  MAX_KEY_LENGTH,
  MAX_LIST_LENGTH,
  MAX_STRING_LENGTH,
  MAX_VALUE_DEPTH,
} from '../limits.ts';
import type { OtlpValue } from '../span.ts';
import { formatSeconds } from './timestamp.ts';

/** Ports and status codes. */
const MAX_SHORT = 65_535;

/** Takes note of what was cut, for `audit.truncated`. */
export type CutNote = () => void;

/** How much of a value is kept. */
export interface ValueLimits {
  stringLength: number;
  listLength: number;
}

/** For what stands in the clear. */
export const CLEAR_LIMITS: ValueLimits = {
  stringLength: MAX_CLEAR_STRING_LENGTH,
  listLength: MAX_CLEAR_LIST_LENGTH,
};

/** For what is committed. */
export const COMMITTED_LIMITS: ValueLimits = { stringLength: MAX_STRING_LENGTH, listLength: MAX_LIST_LENGTH };

/**
 * The value in the shape its field has, or undefined where it does not fit and must stand elsewhere.
 *
 * @param cut - Called for each string, list or nesting that was over its limit.
 */
export function shapeValue(
  value: OtlpValue,
  shape: FieldShape,
  limits: ValueLimits,
  cut: CutNote,
): JsonValue | undefined {
  if (shape === 'any') return jsonValue(value, limits, cut, 0);
  if (shape === 'word') return word(value);
  if (shape === 'text') return scalarText(value, limits, cut);
  if (shape === 'integer') return integer(value);
  if (shape === 'short') return short(integer(value));
  if (shape === 'boolean') return typeof value === 'boolean' ? value : undefined;
  if (shape === 'time') return time(value);
  const list = shape === 'scopes' && typeof value === 'string' ? value.split(' ').filter(Boolean) : value;
  return textList(Array.isArray(list) ? list : [list], limits, cut);
}

/** Any attribute value as JSON: what JSON has no number for becomes its text. */
export function jsonValue(value: OtlpValue, limits: ValueLimits, cut: CutNote, depth: number): JsonValue {
  if (typeof value === 'string') return cutText(value, limits.stringLength, cut);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'boolean' || value === null) return value;
  if (depth >= MAX_VALUE_DEPTH) {
    cut();
    return CUT_MARK;
  }
  if (Array.isArray(value)) {
    if (value.length > limits.listLength) cut();
    return value.slice(0, limits.listLength).map((item) => jsonValue(item, limits, cut, depth + 1));
  }
  const object = emptyObject();
  const keys = Object.keys(value);
  if (keys.length > MAX_ATTRIBUTES) cut();
  for (const key of keys.slice(0, MAX_ATTRIBUTES)) {
    const member = value[key];
    if (member !== undefined) object[cutKey(key, cut)] = jsonValue(member, limits, cut, depth + 1);
  }
  return object;
}

/** A string of at most `maxLength` code units, well formed, with {@link CUT_MARK} where it was cut. */
export function cutText(text: string, maxLength: number, cut: CutNote): string {
  if (text.length <= maxLength) return text.isWellFormed() ? text : text.toWellFormed();
  cut();
  // A surrogate pair that the cut would split is left out whole.
  const last = text.charCodeAt(maxLength - 2);
  const end = last >= 0xd800 && last <= 0xdbff ? maxLength - 2 : maxLength - 1;
  return text.slice(0, end).toWellFormed() + CUT_MARK;
}

/** An attribute's key within its limit. */
export function cutKey(key: string, cut: CutNote): string {
  return cutText(key, MAX_KEY_LENGTH, cut);
}

/** What has one of a few meanings is a word; free text is none, and does not get into the clear as one. */
const WORD = /^[!-~]{1,128}$/;

function word(value: OtlpValue): string | undefined {
  return typeof value === 'string' && WORD.test(value) ? value : undefined;
}

function scalarText(value: OtlpValue, limits: ValueLimits, cut: CutNote): string | undefined {
  if (typeof value === 'string') return cutText(value, limits.stringLength, cut);
  return typeof value === 'object' ? undefined : String(value);
}

function integer(value: OtlpValue): number | undefined {
  const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
}

function short(number: number | undefined): number | undefined {
  return number !== undefined && number >= 0 && number <= MAX_SHORT ? number : undefined;
}

function time(value: OtlpValue): string | undefined {
  if (typeof value === 'string') return RFC3339_UTC.test(value) ? value : undefined;
  return typeof value === 'number' ? formatSeconds(value) : undefined;
}

const RFC3339_UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

function textList(list: OtlpValue[], limits: ValueLimits, cut: CutNote): string[] | undefined {
  if (list.length > limits.listLength) cut();
  const texts: string[] = [];
  for (const item of list.slice(0, limits.listLength)) {
    const text = item === null ? undefined : scalarText(item, limits, cut);
    if (text === undefined) return undefined;
    texts.push(text);
  }
  return texts;
}
