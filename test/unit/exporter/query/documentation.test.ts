import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { isJsonObject } from '@spanledger/record';
import type { JsonObject } from '@spanledger/record';
import { describe, expect, it } from 'vitest';

import {
  evaluate,
  MAX_QUERY_DEPTH,
  MAX_QUERY_LENGTH,
  MAX_QUERY_TERMS,
  MAX_WILDCARDS,
  parseQuery,
} from '../../../../packages/exporter/src/search/query/index.ts';

const page = readFileSync(join(import.meta.dirname, '../../../../docs/query-language.md'), 'utf8');

function blocks(label: string): string[] {
  const pattern = new RegExp(`^\`\`\`${label}\n([^]*?)^\`\`\`$`, 'gm');
  return [...page.matchAll(pattern)].map((match) => match[1] ?? '');
}

function lines(label: string): string[] {
  return blocks(label).flatMap((block) => block.trim().split('\n'));
}

function readRecord(): JsonObject {
  const record: unknown = JSON.parse(blocks('json record')[0] ?? '');
  if (!isJsonObject(record)) throw new Error('the page has no record');
  return record;
}

describe('docs/query-language.md', () => {
  const record = readRecord();

  it.each(lines('text matches'))('is right that %s matches', (query) => {
    expect(evaluate(parseQuery(query), record)).toBe(true);
  });

  it.each(lines('text does not match'))('is right that %s does not match', (query) => {
    expect(evaluate(parseQuery(query), record)).toBe(false);
  });

  const mistakes = [...page.matchAll(/^\| `([^`]+)` +\| `(query_\w+)` +\|$/gm)].map(
    ([, query = '', code = '']) => [query, code] as const,
  );
  it.each(mistakes)('is right that %s is refused with %s', (query, code) => {
    expect(() => parseQuery(query)).toThrow(expect.objectContaining({ code }));
  });

  it('has examples of everything, and the limits', () => {
    expect(lines('text matches').length).toBeGreaterThan(35);
    expect(mistakes.length).toBeGreaterThan(8);
    for (const limit of [MAX_QUERY_LENGTH, MAX_QUERY_TERMS, MAX_QUERY_DEPTH, MAX_WILDCARDS]) {
      expect(page).toContain(`${limit}`);
    }
  });
});
