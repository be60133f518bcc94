import { groupOfPath } from '@spanledger/record';
import type { JsonObject } from '@spanledger/record';

import { contains, parseAddress, parseNetwork } from './addresses.ts';
import { parseInstant } from './dates.ts';
import { fieldPaths, isClearTextField } from './fields.ts';
import { hasValueAt, valuesAt, visitLeaves } from './leaves.ts';
import type { Scalar } from './leaves.ts';
import type { CompareQuery, DateOperand, LikeQuery, NetworkQuery, Query, TextQuery } from './query.ts';
import { splitWords } from './words.ts';

/** Subtrees that hold proofs rather than facts: free text does not look there. */
const NOT_TEXT: ReadonlySet<string> = new Set(['audit.openings', 'audit.integrity', 'audit.commitments']);
const DECIMAL = /^-?\d+(?:\.\d+)?$/;

/**
 * What a query means: whether it matches a document. Every index driver answers exactly the documents for which this
 * is true.
 *
 * @param document - a record with its opened groups
 */
export function evaluate(query: Query, document: JsonObject): boolean {
  switch (query.type) {
    case 'all':
      return true;
    case 'and':
      return query.operands.every((operand) => evaluate(operand, document));
    case 'or':
      return query.operands.some((operand) => evaluate(operand, document));
    case 'not':
      return !evaluate(query.operand, document);
    case 'equals':
      return someValue(document, query.field, (value) => scalarText(value) === query.value);
    case 'like':
      return someValue(document, query.field, (value) => matchesPattern(query, scalarText(value)));
    case 'exists':
      return fieldPaths(query.field).some((path) => hasValueAt(document, path));
    case 'network':
      return someValue(document, query.field, (value) => isInNetwork(query, value));
    case 'compare':
      return someValue(document, query.field, (value) => matchesComparison(query, value));
    case 'text':
      return hasText(document, query);
  }
}

/** The text that `field:value` compares a scalar by; undefined for null, which no value equals. */
function scalarText(value: Scalar): string | undefined {
  return value === null ? undefined : String(value);
}

/** True for the values whose words free text finds. */
export function isTextPath(path: readonly string[], name: string): boolean {
  return isClearTextField(name) || groupOfPath(path) !== 'clear';
}

/** The number that a scalar is compared as; undefined when it is none. */
export function scalarNumber(value: Scalar): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && DECIMAL.test(value) ? Number(value) : undefined;
}

function someValue(document: JsonObject, field: string, test: (value: Scalar) => boolean): boolean {
  return fieldPaths(field).some((path) => valuesAt(document, path).some(test));
}

function matchesPattern(query: LikeQuery, text: string | undefined): boolean {
  if (text === undefined) return false;
  const first = query.pieces[0] ?? '';
  const last = query.pieces.at(-1) ?? '';
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last))
    return false;
  const end = text.length - last.length;
  let offset = first.length;
  for (const piece of query.pieces.slice(1, -1)) {
    const found = text.indexOf(piece, offset);
    if (found === -1 || found + piece.length > end) return false;
    offset = found + piece.length;
  }
  return true;
}

function isInNetwork(query: NetworkQuery, value: Scalar): boolean {
  const network = parseNetwork(query.network);
  const address = typeof value === 'string' ? parseAddress(value) : undefined;
  return network !== undefined && address !== undefined && contains(network, address);
}

function matchesComparison(query: CompareQuery, value: Scalar): boolean {
  if (query.operand.type === 'date') {
    const instant = typeof value === 'string' ? parseInstant(value) : undefined;
    return instant !== undefined && compareInstant(query, query.operand, instant);
  }
  const number = scalarNumber(value);
  if (number === undefined) return false;
  switch (query.operator) {
    case '<':
      return number < query.operand.value;
    case '<=':
      return number <= query.operand.value;
    case '>':
      return number > query.operand.value;
    case '>=':
      return number >= query.operand.value;
    case '=':
      return number === query.operand.value;
  }
}

function compareInstant({ operator }: CompareQuery, { from, to }: DateOperand, instant: bigint): boolean {
  switch (operator) {
    case '<':
      return instant < from;
    case '<=':
      return instant < to;
    case '>':
      return instant >= to;
    case '>=':
      return instant >= from;
    case '=':
      return instant >= from && instant < to;
  }
}

function hasText(document: JsonObject, query: TextQuery): boolean {
  let found = false;
  visitLeaves(document, NOT_TEXT, (path, value) => {
    if (found || typeof value !== 'string' || !isTextPath(path, path.join('.'))) return;
    found = holdsWords(splitWords(value), query);
  });
  return found;
}

function holdsWords(words: readonly string[], { words: wanted, prefix }: TextQuery): boolean {
  const last = wanted.length - 1;
  for (let start = 0; start + last < words.length; start++) {
    const same = wanted.every((word, i) => {
      const candidate = words[start + i];
      return prefix && i === last ? candidate?.startsWith(word) : candidate === word;
    });
    if (same) return true;
  }
  return false;
}
