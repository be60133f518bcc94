import { RecordError } from '../errors.ts';
import { isJsonObject } from '../json-object.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { MAX_JSON_DEPTH } from '../limits.ts';
import { utf8Encoder } from '../text.ts';

/** How many quoted keys are kept; keys come from outside, so the cache stops growing here. */
const MAX_CACHED_KEYS = 4_096;
const quotedKeys = new Map<string, string>();

/** Printable ASCII without quote and backslash stands for itself, and is nearly all there is. */
const PLAIN = /^[ !#-[\]-~]*$/;

/**
 * Writes a value as RFC 8785 (JCS) text: members sorted by the UTF-16 code units of their names, numbers as
 * ECMAScript prints them, no white space.
 *
 * @param value - The value. Members whose value is undefined are an error, not left out.
 * @throws RecordError `value_not_json` for NaN, Infinity, undefined and lone surrogates, `value_too_deep` past
 *   `MAX_JSON_DEPTH`.
 */
export function canonicalize(value: JsonValue): string {
  return writeValue(value, 0);
}

/** {@link canonicalize}, as UTF-8. */
export function encodeCanonical(value: JsonValue): Uint8Array {
  return utf8Encoder.encode(writeValue(value, 0));
}

/**
 * The canonical form of a member's name with its colon, `"name":`.
 *
 * @throws RecordError `value_not_json` for a lone surrogate.
 */
export function canonicalKey(key: string): string {
  const known = quotedKeys.get(key);
  if (known !== undefined) return known;
  const quoted = `${canonicalString(key)}:`;
  if (quotedKeys.size < MAX_CACHED_KEYS) quotedKeys.set(key, quoted);
  return quoted;
}

/**
 * The canonical form of a string, with its quotes.
 *
 * @throws RecordError `value_not_json` for a lone surrogate.
 */
export function canonicalString(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  // For well-formed text, ECMAScript's own quoting is what RFC 8785 section 3.2.2.2 prescribes.
  if (text.isWellFormed()) return JSON.stringify(text);
  throw new RecordError('value_not_json', 'A string holds a lone surrogate, which has no UTF-8 form.');
}

/** Names of an object's members in canonical order. */
export function sortedKeys(object: JsonObject): string[] {
  const keys = Object.keys(object);
  for (let i = 1; i < keys.length; i++) {
    // Most objects are made in order; a comparison is cheaper than a sort.
    if ((keys[i - 1] ?? '') > (keys[i] ?? '')) return keys.sort();
  }
  return keys;
}

function writeValue(value: JsonValue, depth: number): string {
  if (typeof value === 'string') return canonicalString(value);
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (value === null) return 'null';
  if (depth >= MAX_JSON_DEPTH) {
    throw new RecordError('value_too_deep', `A value is nested more than ${MAX_JSON_DEPTH} levels deep.`);
  }
  if (Array.isArray(value)) return writeArray(value, depth + 1);
  if (isJsonObject(value)) return writeObject(value, depth + 1);
  throw new RecordError('value_not_json', `A ${typeof value} (${String(value)}) has no JSON form.`);
}

function writeArray(items: JsonValue[], depth: number): string {
  let text = '[';
  let separator = '';
  for (const item of items) {
    text += separator + writeValue(item, depth);
    separator = ',';
  }
  return `${text}]`;
}

function writeObject(object: JsonObject, depth: number): string {
  let text = '{';
  let separator = '';
  for (const key of sortedKeys(object)) {
    const value = object[key];
    if (value === undefined)
      throw new RecordError('value_not_json', `The member ${JSON.stringify(key)} is undefined.`);
    text += separator + canonicalKey(key) + writeValue(value, depth);
    separator = ',';
  }
  return `${text}}`;
}
