import { QueryError } from '../../query-error.ts';
import { MAX_QUERY_LENGTH, MAX_WILDCARDS } from './limits.ts';
import type { Comparison } from './query.ts';

/** A run of characters outside quotes. */
export interface WordToken {
  type: 'word';
  position: number;
  /** The literal parts between asterisks; a single one where there is no asterisk. */
  pieces: string[];
  /** The keyword that the word is, unless a backslash made it an ordinary word. */
  keyword?: 'and' | 'not' | 'or';
}

/** Text in double quotes. */
export interface StringToken {
  type: 'string';
  position: number;
  text: string;
}

/** `(`, `)`, `:`, a comparison, or the end of the query. */
export interface SymbolToken {
  type: '(' | ')' | ':' | Comparison | 'end';
  position: number;
}

export type Token = WordToken | StringToken | SymbolToken;

/** Where a word ends: a colon ends the name of a field, but may stand in a value. */
export type WordContext = 'term' | 'value';

const ENDS_WORD: Record<WordContext, RegExp> = { term: /[\s()":<>=]/, value: /[\s()"]/ };
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);
const OPERATOR_HINT = "write field:value, or one of < <= > >= for numbers and dates; '=' is not an operator";

/** Cuts a query into tokens, one at a time: the parser knows whether a value comes next. */
export class Lexer {
  readonly #text: string;
  #offset = 0;

  /** @throws QueryError when the query is longer than {@link MAX_QUERY_LENGTH} */
  constructor(text: string) {
    if (text.length > MAX_QUERY_LENGTH) {
      const hint = `shorten it to ${MAX_QUERY_LENGTH} characters`;
      throw new QueryError('query_too_long', 'The query is too long', MAX_QUERY_LENGTH, hint);
    }
    this.#text = text;
  }

  /** Reads the next token without moving past it. */
  peek(context: WordContext = 'term'): Token {
    const offset = this.#offset;
    const token = this.next(context);
    this.#offset = offset;
    return token;
  }

  /** Reads the next token and moves past it. */
  next(context: WordContext = 'term'): Token {
    while (/\s/.test(this.#text.charAt(this.#offset))) this.#offset++;
    const position = this.#offset;
    const character = this.#text.charAt(position);
    switch (character) {
      case '':
        return { type: 'end', position };
      case '(':
      case ')':
        this.#offset++;
        return { type: character, position };
      case '"':
        return this.#readString();
      case ':':
        if (context === 'value') break;
        this.#offset++;
        return { type: ':', position };
      case '<':
      case '>':
        if (context === 'value') break;
        return this.#readComparison(character);
      case '=':
        if (context === 'value') break;
        throw new QueryError('query_operator_unknown', "There is no operator '='", position, OPERATOR_HINT);
      default:
    }
    return this.#readWord(context);
  }

  #readComparison(character: '<' | '>'): Token {
    const position = this.#offset++;
    if (this.#text.charAt(this.#offset) !== '=') return { type: character, position };
    this.#offset++;
    return { type: `${character}=`, position };
  }

  #readString(): Token {
    const position = this.#offset++;
    let text = '';
    for (;;) {
      const character = this.#text.charAt(this.#offset);
      if (character === '') {
        const hint = 'end the text with a double quote; a quote inside it is written \\"';
        throw new QueryError('query_unbalanced', 'A quote is opened but not closed', position, hint);
      }
      this.#offset++;
      if (character === '"') return { type: 'string', position, text };
      text += character === '\\' ? this.#readEscaped() : character;
    }
  }

  #readWord(context: WordContext): Token {
    const position = this.#offset;
    const pieces = [''];
    let escaped = false;
    for (;;) {
      const character = this.#text.charAt(this.#offset);
      if (character === '' || ENDS_WORD[context].test(character)) break;
      this.#offset++;
      if (character === '*') {
        pieces.push('');
        continue;
      }
      escaped ||= character === '\\';
      pieces[pieces.length - 1] += character === '\\' ? this.#readEscaped() : character;
    }
    if (pieces.length > MAX_WILDCARDS + 1) {
      const hint = `use at most ${MAX_WILDCARDS} asterisks in a value`;
      throw new QueryError('query_too_complex', 'A value has too many asterisks', position, hint);
    }
    const keyword = escaped || pieces.length > 1 ? undefined : toKeyword(pieces[0] ?? '');
    return { type: 'word', position, pieces, ...(keyword && { keyword }) };
  }

  #readEscaped(): string {
    const character = this.#text.charAt(this.#offset);
    if (character === '') {
      const hint = 'write \\\\ for a backslash';
      throw new QueryError('query_incomplete', 'A backslash has nothing after it', this.#offset - 1, hint);
    }
    this.#offset++;
    return ESCAPES.get(character) ?? character;
  }
}

function toKeyword(word: string): WordToken['keyword'] {
  switch (word.toLowerCase()) {
    case 'and':
      return 'and';
    case 'or':
      return 'or';
    case 'not':
      return 'not';
    default:
      return undefined;
  }
}
