import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { verifyDocument } from '@spanledger/ledger/verify';
import { describe, expect, it } from 'vitest';
import { ATTACKS } from '../vectors/attacks.ts';
import type { Vector } from '../vectors/vector.ts';

const FOLDER = join(import.meta.dirname, '../vectors');

async function readVectors(kind: 'valid' | 'invalid'): Promise<[string, Vector][]> {
  const files = (await readdir(join(FOLDER, kind))).filter((file) => file.endsWith('.json'));
  return Promise.all(
    files.map(async (file) => {
      const vector: Vector = JSON.parse(await readFile(join(FOLDER, kind, file), 'utf8'));
      return [file.replace('.json', ''), vector];
    }),
  );
}

const valid = await readVectors('valid');
const invalid = await readVectors('invalid');

describe('the test vectors', () => {
  it('hold a file for each attack', () => {
    expect(invalid.map(([name]) => name).toSorted()).toEqual(Object.keys(ATTACKS).toSorted());
    expect(valid.length).toBeGreaterThan(2);
  });

  it.each(valid)('accepts %s', (_, vector) => {
    expect(verifyDocument(vector).failures).toEqual([]);
  });

  it.each(invalid)('refuses %s', (_, vector) => {
    const report = verifyDocument(vector);
    expect(report.ok).toBe(false);
    expect([...new Set(report.failures.map(({ code }) => code))].toSorted()).toEqual(vector.failures);
    expect(vector.failures).not.toEqual([]);
  });
});
