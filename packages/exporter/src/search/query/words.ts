import { MAX_WORD_LENGTH } from './limits.ts';

const WORD = /[\p{L}\p{N}\p{M}]+/gu;
const SAFE_LENGTH = MAX_WORD_LENGTH;

/**
 * Splits text into the words that free text finds: runs of letters, digits and marks, in lower case. The same
 * function cuts queries and documents, so that both mean the same word.
 */
export function splitWords(text: string): string[] {
  const words = text.toLowerCase().normalize('NFC').match(WORD);
  return words === null ? [] : words.map(cutWord);
}

/** True when the text ends within a word, so that an asterisk after it can mean "and so on". */
export function endsInWord(text: string): boolean {
  return /[\p{L}\p{N}\p{M}]$/u.test(text);
}

function cutWord(word: string): string {
  return word.length <= SAFE_LENGTH ? word : Array.from(word).slice(0, MAX_WORD_LENGTH).join('');
}
