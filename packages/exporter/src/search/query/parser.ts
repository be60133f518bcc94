import { QueryError } from '../../query-error.ts';
import { Lexer } from './lexer.ts';
import type { StringToken, SymbolToken, Token, WordToken } from './lexer.ts';
import { MAX_QUERY_DEPTH, MAX_QUERY_TERMS } from './limits.ts';
import type { Comparison, Query } from './query.ts';
import { compareTerm, textTerm, valueTerm } from './terms.ts';

/** A field that a parenthesis of values belongs to, as in `user.id:(alice or bob)`. */
interface FieldScope {
  name: string;
}

const VALUE_HINT = 'write a value after it: field:value, field:"two words", field:(a or b), or field:*';
const TERM_HINT =
  'write field:value, a comparison such as http.response.status_code >= 400, or a word to look for';

/**
 * Reads a query; docs/query-language.md explains the language. A query without terms matches every record.
 *
 * @example parseQuery('user.id:alice and event.outcome:failure and @timestamp >= "2026-11-01"')
 * @throws QueryError - and nothing else, whatever the text is
 */
export function parseQuery(text: string): Query {
  return new Parser(text).parse();
}

class Parser {
  readonly #lexer: Lexer;
  #depth = 0;
  #terms = 0;

  constructor(text: string) {
    this.#lexer = new Lexer(text);
  }

  parse(): Query {
    if (this.#lexer.peek().type === 'end') return { type: 'all' };
    const query = this.#parseOr(undefined);
    const rest = this.#lexer.next();
    if (rest.type === 'end') return query;
    const hint = 'remove it, or open a parenthesis before it';
    throw new QueryError('query_unbalanced', 'A parenthesis is closed but not opened', rest.position, hint);
  }

  #peek(scope: FieldScope | undefined): Token {
    return this.#lexer.peek(scope === undefined ? 'term' : 'value');
  }

  #parseOr(scope: FieldScope | undefined): Query {
    const operands = [this.#parseAnd(scope)];
    while (isKeyword(this.#peek(scope), 'or')) {
      this.#lexer.next();
      operands.push(this.#parseAnd(scope));
    }
    return combine('or', operands);
  }

  #parseAnd(scope: FieldScope | undefined): Query {
    const operands = [this.#parseNot(scope)];
    for (;;) {
      const token = this.#peek(scope);
      if (isKeyword(token, 'and')) this.#lexer.next();
      else if (token.type === 'end' || token.type === ')' || isKeyword(token, 'or')) break;
      else if (scope !== undefined) throw valuesSideBySide(token.position);
      operands.push(this.#parseNot(scope));
    }
    return combine('and', operands);
  }

  #parseNot(scope: FieldScope | undefined): Query {
    const token = this.#peek(scope);
    if (!isKeyword(token, 'not')) return this.#parsePrimary(scope);
    this.#lexer.next();
    return this.#nested(token.position, () => ({ type: 'not', operand: this.#parseNot(scope) }));
  }

  #parsePrimary(scope: FieldScope | undefined): Query {
    const token = this.#lexer.next(scope === undefined ? 'term' : 'value');
    if (token.type === '(') return this.#parseParenthesis(token.position, scope);
    if (token.type !== 'word' && token.type !== 'string') throw unexpected(token, TERM_HINT);
    if (token.type === 'word' && token.keyword !== undefined) throw misplacedKeyword(token);
    this.#countTerm(token.position);
    if (scope !== undefined) return valueTerm(scope.name, token);
    const operator = this.#lexer.peek();
    if (operator.type === ':') {
      this.#lexer.next();
      return this.#parseValue(fieldName(token));
    }
    if (isComparison(operator)) {
      this.#lexer.next();
      return this.#parseComparison(fieldName(token), operator.type);
    }
    return textTerm(token);
  }

  #parseParenthesis(position: number, scope: FieldScope | undefined): Query {
    return this.#nested(position, () => {
      const query = this.#parseOr(scope);
      const end = this.#lexer.next();
      if (end.type === ')') return query;
      const hint = "close it with ')'";
      throw new QueryError('query_unbalanced', 'A parenthesis is opened but not closed', position, hint);
    });
  }

  #parseValue(field: string): Query {
    const token = this.#lexer.next('value');
    if (token.type === '(') return this.#parseParenthesis(token.position, { name: field });
    if (token.type === 'word' || token.type === 'string') return valueTerm(field, token);
    throw unexpected(token, VALUE_HINT);
  }

  #parseComparison(field: string, operator: Exclude<Comparison, '='>): Query {
    const token = this.#lexer.next('value');
    if (token.type === 'word' || token.type === 'string') return compareTerm(field, operator, token);
    throw unexpected(token, 'write a number or a date after it, such as >= 400 or >= "2026-11-01"');
  }

  #nested(position: number, parse: () => Query): Query {
    if (++this.#depth > MAX_QUERY_DEPTH) {
      const hint = `nest parentheses and 'not' at most ${MAX_QUERY_DEPTH} deep`;
      throw new QueryError('query_too_complex', 'The query is nested too deeply', position, hint);
    }
    const query = parse();
    this.#depth--;
    return query;
  }

  #countTerm(position: number): void {
    if (++this.#terms <= MAX_QUERY_TERMS) return;
    const hint = `use at most ${MAX_QUERY_TERMS} terms`;
    throw new QueryError('query_too_complex', 'The query has too many terms', position, hint);
  }
}

function combine(type: 'and' | 'or', operands: Query[]): Query {
  const [first] = operands;
  return operands.length === 1 && first !== undefined ? first : { type, operands };
}

function isKeyword(token: Token, keyword: WordToken['keyword']): boolean {
  return token.type === 'word' && token.keyword === keyword;
}

function isComparison(token: Token): token is SymbolToken & { type: Exclude<Comparison, '='> } {
  return token.type === '<' || token.type === '<=' || token.type === '>' || token.type === '>=';
}

function fieldName(token: WordToken | StringToken): string {
  const pieces = token.type === 'string' ? [token.text] : token.pieces;
  const [name] = pieces;
  if (pieces.length === 1 && name !== undefined && name !== '') return name;
  if (pieces.every((piece) => piece === '') && pieces.length === 2) return '*';
  const hint = 'write the whole name of the field, such as user.id';
  throw new QueryError('query_field_invalid', 'This is not the name of a field', token.position, hint);
}

function unexpected(token: SymbolToken, hint: string): QueryError {
  if (token.type === 'end') {
    return new QueryError('query_incomplete', 'The query ends too early', token.position, hint);
  }
  return new QueryError('query_unexpected', `There is a '${token.type}' too many`, token.position, hint);
}

function misplacedKeyword(token: WordToken): QueryError {
  const hint = `put it between two terms, or write "${token.keyword}" to look for the word`;
  return new QueryError('query_unexpected', `Nothing to join with '${token.keyword}'`, token.position, hint);
}

function valuesSideBySide(position: number): QueryError {
  const hint = "write 'or' or 'and' between the values, or put a value of several words in double quotes";
  return new QueryError('query_unexpected', 'Two values stand side by side', position, hint);
}
