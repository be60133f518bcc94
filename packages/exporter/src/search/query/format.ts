import type { Query } from './query.ts';

const PLAIN_VALUE = /^[\w./@-]+$/;
/** White space that ends a line is written by its letter. */
const LETTERS: ReadonlyMap<string, string> = new Map([
  ['\n', 'n'],
  ['\r', 'r'],
  ['\t', 't'],
]);
const KEYWORD = /^(?:and|or|not)$/i;

/**
 * Writes a query in the language that {@link parseQuery} reads: parsing what was written gives the same query.
 *
 * @returns one line, with each word, value and parenthesis in its plainest spelling
 */
export function formatQuery(query: Query): string {
  switch (query.type) {
    case 'all':
      return '*';
    case 'and':
    case 'or':
      return query.operands.map((operand) => formatOperand(operand)).join(` ${query.type} `);
    case 'not':
      return `not ${formatOperand(query.operand)}`;
    case 'equals':
      return `${escape(query.field)}:${formatValue(query.value)}`;
    case 'like':
      return `${escape(query.field)}:${query.pieces.map(escape).join('*')}`;
    case 'exists':
      return `${escape(query.field)}:*`;
    case 'network':
      return `${escape(query.field)}:${quote(query.network)}`;
    case 'compare': {
      const operator = query.operator === '=' ? ':' : ` ${query.operator} `;
      const { type, text } = query.operand;
      return `${escape(query.field)}${operator}${type === 'number' ? text : quote(text)}`;
    }
    case 'text':
      return query.prefix ? `${query.words.join('-')}*` : formatValue(query.words.join(' '));
  }
}

function formatOperand(query: Query): string {
  return query.type === 'and' || query.type === 'or' ? `(${formatQuery(query)})` : formatQuery(query);
}

function formatValue(value: string): string {
  return PLAIN_VALUE.test(value) && !KEYWORD.test(value) ? value : quote(value);
}

function quote(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

function escape(text: string): string {
  if (KEYWORD.test(text)) return `\\${text}`;
  return text.replaceAll(/[\s()":<>=*\\]/g, (character) => `\\${LETTERS.get(character) ?? character}`);
}
