import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const UNION = /^export type (\w+Code) =((?:\s*\|?\s*'[a-z_]+')+);/gm;

/** The unions of codes that the sources of all packages export, by name. */
function readUnions(): Map<string, string[]> {
  const unions = new Map<string, string[]>();
  for (const folder of readdirSync(join(ROOT, 'packages'))) {
    const sources = readdirSync(join(ROOT, 'packages', folder, 'src'), { recursive: true, encoding: 'utf8' });
    for (const file of sources.filter((name) => name.endsWith('.ts'))) {
      const text = readFileSync(join(ROOT, 'packages', folder, 'src', file), 'utf8');
      for (const [, name = '', members = ''] of text.matchAll(UNION)) {
        unions.set(name, members.match(/[a-z_]+/g) ?? []);
      }
    }
  }
  return unions;
}

/** The rows of the table below each `### <Union>` heading: code, meaning, remedy. */
function readTables(): Map<string, string[][]> {
  const text = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8');
  const sections = text.split(/^### /m).slice(1);
  return new Map(
    sections.map((section) => {
      const [heading = ''] = section.split('\n');
      const rows = section.split('\n').filter((line) => line.startsWith('| `'));
      const cells = rows.map((row) =>
        row
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
      return [heading.trim(), cells];
    }),
  );
}

const unions = readUnions();
const tables = readTables();

describe('docs/errors.md', () => {
  it('has a table for each union, and no other', () => {
    expect([...unions.keys()]).toEqual(
      expect.arrayContaining(['RecordErrorCode', 'LedgerErrorCode', 'ExporterErrorCode']),
    );
    expect([...tables.keys()].toSorted()).toEqual([...unions.keys()].toSorted());
  });

  it.each([...unions])('explains each code of %s, and no other', (name, codes) => {
    const documented = (tables.get(name) ?? []).map(([code = '']) => code.replaceAll('`', ''));
    expect(documented.toSorted()).toEqual(codes.toSorted());
  });

  it('says for each what happened and what to do', () => {
    const rows = [...tables.values()].flat();
    for (const row of rows) {
      expect(row, row[0]).toHaveLength(3);
      for (const cell of row.slice(1)) expect(cell, row[0]).toMatch(/\w.*[.!]$/);
    }
  });
});
