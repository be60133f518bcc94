import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { verifyDocument } from '@spanledger/ledger/verify';
import { describe, expect, it } from 'vitest';
import { ATTACKS } from '../vectors/attacks.ts';
import { FORMAT_ATTACKS } from '../vectors/format-attacks.ts';
import { findingsOf, FORMATS, readFormatVectors } from '../vectors/format-vectors.ts';
import { readDocumentVectors } from '../vectors/vector.ts';

const valid = await readDocumentVectors('valid');
const invalid = await readDocumentVectors('invalid');

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

describe.each(FORMATS)('the test vectors of %s', async (format) => {
  const vectors = await readFormatVectors(format);
  const named = (kind: string): string[] =>
    vectors.filter((stored) => stored.kind === kind).map(({ name }) => name);

  it('hold a file for each attack, and a sound one', () => {
    expect(named('invalid').toSorted()).toEqual(Object.keys(FORMAT_ATTACKS[format]).toSorted());
    expect(named('valid')).toEqual(['sound']);
  });

  it.each(vectors.map((stored) => [`${stored.kind}/${stored.name}`, stored] as const))(
    'says of %s what it says of itself',
    (_, stored) => {
      expect(findingsOf(stored)).toEqual(stored.vector.findings);
      expect(stored.vector.findings.length > 0).toBe(stored.kind === 'invalid');
    },
  );
});

describe('a verifier without Node', () => {
  it('says the same of every vector', async () => {
    const folder = join(import.meta.dirname, '../vectors/fixtures');
    const args = ['--import', join(folder, 'browser-like.mjs'), join(folder, 'replay.ts')];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const [last = '', ...differing] = stdout.trim().split('\n').toReversed();
    expect(differing).toEqual([]);
    expect(Number(last)).toBeGreaterThan(100);
  });
});
