import { MAX_WORD_LENGTH } from './limits.ts';

const WORD = /[\p{L}\p{N}\p{M}]+/gu;
const SAFE_LENGTH = MAX_WORD_LENGTH;

/** Text without these has no forms to normalise, and its words are found in a third of the time. */
const NOT_ASCII = /[^ -~]/;
const ASCII_WORD = /[a-z0-9]+/g;

/**
 * Splits text into the words that free text finds: runs of letters, digits and marks, in lower case. The same
 * function cuts queries and documents, so that both mean the same word.
 */
export function splitWords(text: string): string[] {
  const lower = text.toLowerCase();
  const words = NOT_ASCII.test(lower) ? lower.normalize('NFC').match(WORD) : lower.match(ASCII_WORD);
  return words === null ? [] : words.map(cutWord);
}

/** True when the text ends within a word, so that an asterisk after it can mean "and so on". */
export function endsInWord(text: string): boolean {
  return /[\p{L}\p{N}\p{M}]$/u.test(text);
}

function cutWord(word: string): string {
  return word.length <= SAFE_LENGTH ? word : Array.from(word).slice(0, MAX_WORD_LENGTH).join('');
}
