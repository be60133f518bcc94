import { globSync } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');

const pages = globSync(['*.md', 'docs/**/*.md', 'packages/*/*.md'], { cwd: ROOT }).toSorted();

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

describe('the documents', () => {
  it('are found', () => {
    expect(pages).toContain('docs/threat-model.md');
    expect(pages).toContain('README.md');
  });

  it.each(pages)('%s links to files that exist', async (page) => {
    const text = await readFile(join(ROOT, page), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)/g)].map(([, target]) =>
      join(ROOT, dirname(page), target ?? ''),
    );
    const named = [...text.matchAll(/`((?:test|packages|scripts|docs)\/[\w./-]+)`/g)].map(([, path]) =>
      join(ROOT, path ?? ''),
    );
    const missing: string[] = [];
    for (const path of [...links, ...named]) if (!(await isThere(path))) missing.push(path);
    expect(missing).toEqual([]);
  });
});
