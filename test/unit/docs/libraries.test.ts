import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { LIBRARY_VERSIONS } from '../../../packages/instrumentation/src/libraries/library-versions.ts';

const DOCUMENT = fileURLToPath(new URL('../../../docs/instrumentation.md', import.meta.url));
const START =
  '<!-- libraries: start; written by UPDATE_DOCS=1 vitest run test/unit/docs/libraries.test.ts -->';
const END = '<!-- libraries: end -->';

/** Library, versions, what is observed; one row for each row of its table. */
const ROWS = LIBRARY_VERSIONS.toSorted((one, other) => (one.name < other.name ? -1 : 1)).flatMap(
  ({ name, rows }) =>
    rows.map(({ majors, functions }) => [
      `\`${name}\``,
      majors.join(', '),
      functions.map((each) => `\`${each}\``).join(', '),
    ]),
);

it('docs/instrumentation.md has the table of what is covered', () => {
  const document = readFileSync(DOCUMENT, 'utf8');
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(DOCUMENT, withTable(document));
  expect(tableOf(readFileSync(DOCUMENT, 'utf8'))).toEqual(ROWS);
});

it('each library is in the tables once', () => {
  const names = LIBRARY_VERSIONS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

/** The rows between the marks, however they are padded. */
function tableOf(document: string): string[][] {
  const table = document.slice(document.indexOf(START) + START.length, document.indexOf(END));
  const lines = table.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function withTable(document: string): string {
  const lines = [['library', 'versions', 'observed'], ['---', '---', '---'], ...ROWS];
  const table = lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  const [before = '', rest = ''] = document.split(START);
  const [, after = ''] = rest.split(END);
  return `${before}${START}\n\n${table}\n\n${END}${after}`;
}
