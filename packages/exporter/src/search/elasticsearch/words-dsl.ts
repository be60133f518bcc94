import { MAX_WORD_LENGTH } from '../query/limits.ts';
import type { TextQuery } from '../query/query.ts';
import { ALL, allOf, anyOf, incomplete, NONE, within } from './clauses.ts';
import type { Dsl, DslPlan } from './clauses.ts';
import type { StreamMapping } from './field-mapping.ts';

const ASCII_WORD = /^[a-z0-9]+$/;

/** Letters that other letters turn into where they are made small: the Kelvin sign, and I with a dot. */
const TURNED_INTO: ReadonlyMap<string, string> = new Map([
  ['k', 'kK\u212A'],
  ['i', 'iI\u0130'],
]);

/** Where a word may end: anything that Elasticsearch's patterns cannot call a letter or a digit for sure. */
const BORDER = '[^a-zA-Z0-9]';

/**
 * Free text. Words of fields that the mapping names are in a field of their own, cut as the query language cuts them;
 * values of flattened objects are looked through as they are.
 */
export function planWords(query: TextQuery, { words, flattened }: StreamMapping): DslPlan {
  if (words === undefined) return within(ALL);
  const inWords = wordsQuery(query, words);
  const pattern = valuePattern(query);
  const inValues = flattened.map(({ name }): Dsl => ({
    regexp: { [name]: { value: pattern, max_determinized_states: MAX_STATES } },
  }));
  const isSure = query.words.every(isPlain) && (!query.prefix || query.words.length === 1);
  return incomplete(within(anyOf([inWords, ...inValues]), isSure ? inWords : NONE));
}

/** Enough for the longest query; Elasticsearch refuses more than its own default where nobody asks. */
const MAX_STATES = 100_000;

function wordsQuery({ words, prefix }: TextQuery, field: string): Dsl {
  if (!prefix && words.every(isPlain)) return { match_phrase: { [field]: words.join(' ') } };
  return allOf(words.map((word, i) => wordQuery(word, field, prefix && i === words.length - 1)));
}

function wordQuery(word: string, field: string, isBeginning: boolean): Dsl {
  if (isPlain(word)) return isBeginning ? { prefix: { [field]: word } } : { term: { [field]: word } };
  const value = wordPattern(word, (letter) => letter) + (isBeginning ? '.*' : '');
  return { regexp: { [field]: { value, max_determinized_states: MAX_STATES } } };
}

/** True for words of which Elasticsearch and the query language think alike. */
function isPlain(word: string): boolean {
  return ASCII_WORD.test(word) && word.length < MAX_WORD_LENGTH;
}

/** A pattern of the values that hold the words, one after the other, in any case. */
function valuePattern({ words, prefix }: TextQuery): string {
  const parts = words.map((word) => wordPattern(word, eitherCase));
  return `(.*${BORDER})?${parts.join(`${BORDER}+`)}${prefix ? '.*' : `(${BORDER}.*)?`}`;
}

/**
 * A pattern that every spelling of a word fits: what has more than one form, or changes where it is made small, may be
 * anything, as may be what was cut off.
 */
function wordPattern(word: string, spell: (letter: string) => string): string {
  const letters = Array.from(word);
  const parts = letters.map((letter) =>
    ASCII_WORD.test(letter) || hasOneForm(letter) ? spell(letter) : '.*',
  );
  // The last letters of a long word may belong to one that is cut elsewhere.
  return letters.length < MAX_WORD_LENGTH
    ? parts.join('')
    : `${parts.slice(0, MAX_WORD_LENGTH / 2).join('')}.*`;
}

function eitherCase(letter: string): string {
  return `[${TURNED_INTO.get(letter) ?? `${letter}${letter.toUpperCase()}`}]`;
}

/** True for letters that are written in one way, but for their case. */
function hasOneForm(letter: string): boolean {
  const upper = letter.toUpperCase();
  return (
    letter.normalize('NFD') === letter &&
    upper.normalize('NFD') === upper &&
    !/\p{M}/u.test(letter) &&
    Array.from(upper).length === 1 &&
    upper.toLowerCase() === letter &&
    !SIGMAS.has(letter)
  );
}

/** Which of them is written depends on what follows. */
const SIGMAS: ReadonlySet<string> = new Set(['σ', 'ς']);
