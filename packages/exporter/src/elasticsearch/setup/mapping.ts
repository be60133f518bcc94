import type { JsonObject } from '@spanledger/record';

/** Lucene refuses terms of more than 32,766 bytes; a UTF-16 unit takes three of them at most. */
const MAX_KEYWORD_LENGTH = 8_191;
/** The key stands before the value in a flattened field's terms. */
const MAX_FLATTENED_LENGTH = 4_096;
/** Deeper than a record lets a value be. */
const MAX_FLATTENED_DEPTH = 32;

/** The field that has the words of all text, for free text; no document has it. */
export const WORDS_FIELD = 'words';
/** Cuts text as the query language does. */
export const WORDS_ANALYZER = 'spanledger_words';
const MAX_WORD_LENGTH = 64;

/** Settings that {@link WORDS_FIELD} needs. */
export const ANALYSIS: JsonObject = {
  analyzer: {
    [WORDS_ANALYZER]: {
      type: 'custom',
      tokenizer: WORDS_ANALYZER,
      filter: ['lowercase', 'spanledger_cut'],
    },
  },
  tokenizer: { [WORDS_ANALYZER]: { type: 'pattern', pattern: '[^\\p{L}\\p{N}\\p{M}]+' } },
  filter: { spanledger_cut: { type: 'truncate', length: MAX_WORD_LENGTH } },
};

/** An exact value. */
export const KEYWORD: JsonObject = { type: 'keyword', ignore_above: MAX_KEYWORD_LENGTH };
/** An exact value whose words free text finds. */
export const WORDY: JsonObject = { ...KEYWORD, copy_to: [WORDS_FIELD] };
/** Kept, and shown with the document; nobody looks for it. */
export const UNSEARCHED: JsonObject = { type: 'keyword', index: false, doc_values: false };
/** A whole number. */
export const LONG: JsonObject = { type: 'long' };
/** A whole number of 32 bits. */
export const INTEGER: JsonObject = { type: 'integer' };
/** A point in time, of which milliseconds are enough. */
export const DATE: JsonObject = { type: 'date', format: 'strict_date_optional_time' };
/** Members of whatever names, each an exact value. */
export const FLATTENED: JsonObject = {
  type: 'flattened',
  ignore_above: MAX_FLATTENED_LENGTH,
  depth_limit: MAX_FLATTENED_DEPTH,
};

/** Addresses are often names: the network is asked for below them, as in `client.address.ip: "10.0.0.0/8"`. */
export function addressField(words: boolean): JsonObject {
  return { ...(words ? WORDY : KEYWORD), fields: { ip: { type: 'ip' } } };
}

/** Nests fields that are named by their paths. */
export function nestFields(fields: ReadonlyMap<string, JsonObject>): JsonObject {
  const properties: JsonObject = {};
  for (const [path, field] of [...fields].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const names = path.split('.');
    const last = names.pop() ?? path;
    let at = properties;
    for (const name of names) at = membersOf(at, name);
    at[last] = field;
  }
  return properties;
}

function membersOf(properties: JsonObject, name: string): JsonObject {
  const known = properties[name];
  if (isObjectField(known)) return known.properties;
  const made: JsonObject = {};
  properties[name] = { properties: made };
  return made;
}

function isObjectField(value: unknown): value is { properties: JsonObject } {
  return typeof value === 'object' && value !== null && 'properties' in value;
}
