import { parseNetwork } from './addresses.ts';
import { parseDate } from './dates.ts';
import { QueryError } from '../../query-error.ts';
import { isAddressField, isDateField } from './fields.ts';
import type { StringToken, WordToken } from './lexer.ts';
import type { Comparison, Query } from './query.ts';
import { endsInWord, splitWords } from './words.ts';

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?$/;
const DATE_HINT = 'write a date such as "2026-11", "2026-11-01" or "2026-11-01T10:30:00Z"';

/** Makes the term for `field:value`. */
export function valueTerm(field: string, token: StringToken | WordToken): Query {
  const onlyAsterisks = token.type === 'word' && token.pieces.every((piece) => piece === '');
  if (field === '*') return onlyAsterisks ? { type: 'all' } : textTerm(token);
  if (onlyAsterisks) return { type: 'exists', field };
  if (token.type === 'word' && token.pieces.length > 1) return { type: 'like', field, pieces: token.pieces };
  const value = literal(token);
  if (isDateField(field)) {
    const date = parseDate(value);
    if (date === undefined) {
      throw new QueryError('query_date_invalid', `'${field}' needs a date`, token.position, DATE_HINT);
    }
    return { type: 'compare', field, operator: '=', operand: { type: 'date', text: value, ...date } };
  }
  if (isAddressField(field) && parseNetwork(value) !== undefined) {
    return { type: 'network', field, network: value };
  }
  return { type: 'equals', field, value };
}

/** Makes the term for `field < value` and its like. */
export function compareTerm(
  field: string,
  operator: Exclude<Comparison, '='>,
  token: StringToken | WordToken,
): Query {
  const text = token.type === 'word' ? token.pieces.join('*') : token.text;
  if (!isDateField(field) && NUMBER.test(text)) {
    return { type: 'compare', field, operator, operand: { type: 'number', text, value: Number(text) } };
  }
  const date = parseDate(text);
  if (date !== undefined) {
    return { type: 'compare', field, operator, operand: { type: 'date', text, ...date } };
  }
  if (isDateField(field)) {
    throw new QueryError('query_date_invalid', `'${field}' needs a date`, token.position, DATE_HINT);
  }
  const hint = `compare with a number or a date; for text use ${field}:value`;
  throw new QueryError('query_value_not_comparable', 'This is neither number nor date', token.position, hint);
}

/** Makes the term for a word or quoted text without a field. */
export function textTerm(token: StringToken | WordToken): Query {
  const pieces = token.type === 'word' ? token.pieces : [token.text];
  const [text = '', rest] = pieces;
  if (pieces.length === 2 && text === '' && rest === '') return { type: 'all' };
  const prefix = pieces.length === 2 && rest === '' && endsInWord(text);
  if (pieces.length > 1 && !prefix) {
    const hint = 'put the asterisk at the end of a word, or name a field: url.path:*admin*';
    throw new QueryError(
      'query_wildcard_unsupported',
      'Free text has no such wildcard',
      token.position,
      hint,
    );
  }
  const words = splitWords(text);
  if (words.length > 0) return { type: 'text', words, prefix };
  const hint = 'write at least one letter or digit, or name a field: field:"--"';
  throw new QueryError('query_text_empty', 'There is no word to look for', token.position, hint);
}

function literal(token: StringToken | WordToken): string {
  return token.type === 'string' ? token.text : (token.pieces[0] ?? '');
}
