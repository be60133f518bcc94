import { readFile } from 'node:fs/promises';
import { FAILURE_CODES, FAILURE_MEANINGS, formatReport, tilePath } from '@spanledger/ledger/verify';
import { describe, expect, test } from 'vitest';
import { copyLog, ORIGIN } from './support/memory-log.ts';
import { LOG, verify, editEntries, alter } from './support/tampering.ts';

describe('the text of a report', () => {
  test('says what was checked, and what remains open', async () => {
    const text = formatReport(await verify(LOG));
    expect(text).toContain(`VERIFIED  ${ORIGIN}`);
    expect(text).toContain('600 of 600 verified');
    expect(text).toContain(
      'Assurance: unanchored. What this cannot exclude:\n  The holder of the signing key',
    );
    expect(text).not.toContain('Failures');
  });

  test('names each failure with its place and meaning', async () => {
    const copy = copyLog(LOG);
    editEntries(copy, 1, 256, (entries) => entries.with(44, alter(entries[44] ?? new Uint8Array())));
    const text = formatReport(await verify(copy));
    expect(text).toContain('FAILED');
    expect(text).toContain('entry 300, tile/entries/001 — entry_altered');
    expect(text).toContain(FAILURE_MEANINGS.entry_altered);
    expect(text).toContain('Failures: 2');
  });

  test('lets no control sequence through to a terminal', async () => {
    const text = formatReport({ ...(await verify(LOG)), origin: 'evil\u001b[2J\u202e\u0007' });
    expect(/[^\P{C}\n]/u.test(text)).toBe(false);
  });

  test('every code has a meaning', () => {
    expect(new Set(FAILURE_CODES).size).toBe(Object.keys(FAILURE_MEANINGS).length);
    for (const code of FAILURE_CODES) expect(FAILURE_MEANINGS[code]).toMatch(/\.$/);
    expect(tilePath(0, 0)).toBe('tile/0/000');
  });
});

describe('docs/ledger-format.md', () => {
  test('explains each failure with the words of the report', async () => {
    const text = await readFile(new URL('../../../docs/ledger-format.md', import.meta.url), 'utf8');
    const rows = [...text.matchAll(/^\| `(\w+)` +\| (.+?) +\|$/gm)].map(([, code, meaning]) => [
      code,
      meaning,
    ]);
    for (const code of FAILURE_CODES) expect(rows).toContainEqual([code, FAILURE_MEANINGS[code]]);
  });
});
