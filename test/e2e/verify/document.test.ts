import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordLog } from '../support/recorded-log.ts';
import { runCli } from '../support/run-cli.ts';

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** Every leaf of a document: its path and how to make another document of it in which only this leaf differs. */
function* leaves(value: Json, path: (string | number)[] = []): Generator<(string | number)[]> {
  if (typeof value !== 'object' || value === null) {
    yield path;
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    yield* leaves(inner, [...path, Array.isArray(value) ? Number(key) : key]);
  }
}

function changeLeaf(document: Json, path: (string | number)[]): Json {
  const [key, ...rest] = path;
  if (key === undefined) return otherValue(document);
  if (Array.isArray(document)) {
    return document.map((inner, i) => (i === key ? changeLeaf(inner, rest) : inner));
  }
  if (typeof document !== 'object' || document === null) throw new Error(`no ${path.join('.')}`);
  return { ...document, [key]: changeLeaf(document[key] ?? null, rest) };
}

function otherValue(value: Json): Json {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  if (typeof value !== 'string') return 'x';
  const last = value.at(-1) ?? '';
  return value.slice(0, -1) + (last === '0' ? '1' : last === 'A' ? 'B' : last === 'Q' ? 'g' : '0');
}

describe('verify on a document that was copied out of an index', () => {
  let data = '';
  let document: { [key: string]: Json } = {};

  beforeAll(async () => {
    data = await recordLog(40);
    const { stdout } = await runCli(['search', 'user.id:alice', '--data', data, '--limit', '1', '--json']);
    document = JSON.parse(stdout);
  });
  afterAll(() => rm(data, { recursive: true, force: true }));

  it('accepts it as it is', async () => {
    const { status, stdout } = await runCli(['verify', '-', '--data', data], JSON.stringify(document));
    expect(stdout).not.toBe('');
    expect(status).toBe(0);
  });

  it('names each field that is changed, and exits 1', async () => {
    const paths = [...leaves(document)];
    expect(paths.length).toBeGreaterThan(35);
    const accepted: string[] = [];
    const file = join(data, 'document.json');
    for (const path of paths) {
      await writeFile(file, JSON.stringify(changeLeaf(document, path)));
      const { status, stdout } = await runCli(['verify', file, '--data', data, '--json']);
      const report: { ok: boolean; failures: unknown[] } = JSON.parse(stdout);
      if (status !== 1 || report.ok || report.failures.length === 0)
        accepted.push(`${path.join('.')}: ${status}`);
    }
    expect(accepted).toEqual([]);
  });

  it('notices a field that was added, and one that was taken away', async () => {
    const base = document;
    const { user: _user, ...without } = base;
    for (const changed of [{ ...base, note: 'added later' }, { ...base, http: {} }, without]) {
      const { status } = await runCli(['verify', '-', '--data', data], JSON.stringify(changed));
      expect(status).toBe(1);
    }
  });
});
