import fc from 'fast-check';
import { expect, it } from 'vitest';

import { formatQuery, parseQuery, QueryError } from '../../../../packages/exporter/src/search/query/index.ts';

const fragment = fc.oneof(
  fc.constantFrom(
    '(',
    ')',
    '"',
    ':',
    '*',
    '\\',
    ' ',
    ' and ',
    ' or ',
    ' not ',
    '<',
    '>=',
    '=',
    '{',
    '}',
    '\n',
  ),
  fc.constantFrom(
    'user.id',
    '@timestamp',
    'client.address',
    '2026-11-01',
    '10.0.0.0/8',
    '400',
    '1e3',
    'Äpfel',
  ),
  fc.string({ unit: 'binary', maxLength: 6 }),
);
const text = fc.array(fragment, { maxLength: 16 }).map((fragments) => fragments.join(''));

it('throws QueryError and nothing else, whatever the text is', () => {
  fc.assert(
    fc.property(text, (query) => {
      try {
        parseQuery(query);
      } catch (error) {
        expect(error).toBeInstanceOf(QueryError);
      }
    }),
    { numRuns: 3000 },
  );
});

it('reads back what it writes', () => {
  fc.assert(
    fc.property(text, (query) => {
      const parsed = tryParse(query);
      if (parsed === undefined) return;
      const written = formatQuery(parsed);
      expect(parseQuery(written)).toEqual(parsed);
      expect(formatQuery(parseQuery(written))).toBe(written);
    }),
    { numRuns: 3000, examples: [['\\\n:\0'], ['\\\\n:1'], ['a:\\\t\\\r']] },
  );
});

function tryParse(query: string): ReturnType<typeof parseQuery> | undefined {
  try {
    return parseQuery(query);
  } catch {
    return undefined;
  }
}
