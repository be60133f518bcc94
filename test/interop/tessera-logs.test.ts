import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileTiles, LedgerReader } from '@spanledger/ledger';
import {
  formatReport,
  httpTiles,
  verifyLedger,
  type VerificationReport,
  type VerifyLedgerOptions,
} from '@spanledger/ledger/verify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../support/cli/process.ts';
import { makeDataDirectory } from '../support/exporter/service.ts';
import { type ChildProgram, startProgram } from '../support/go/child-program.ts';
import { goProgram } from '../support/go/go-program.ts';
import { runFsck } from '../support/go/run-program.ts';
import { makeNoteKey } from './support/note-key.ts';
import { flipBit } from './support/tampering.ts';

const SIZES = [1, 255, 256, 257, 65_535, 65_536, 65_537, 100_000];
const ORIGIN = 'tessera.example/log';

/** A log that Tessera's POSIX driver writes, of entries that are nothing of ours. */
let scratch: Awaited<ReturnType<typeof makeDataDirectory>>;
let directory: string;
let writer: ChildProgram;
let server: ChildProgram;
let url: string;
let vkey: string;
let vkeyPath: string;
/** Its checkpoints of each size. */
const kept: string[] = [];

beforeAll(async () => {
  scratch = await makeDataDirectory();
  directory = join(scratch.path, 'log');
  vkeyPath = join(scratch.path, 'log.vkey');
  const key = makeNoteKey(ORIGIN);
  vkey = key.vkey;
  await writeFile(vkeyPath, `${vkey}\n`);
  writer = startProgram(await goProgram('write-log'), ['-dir', directory, '-skey', key.skey]);
  server = startProgram(await goProgram('serve-files'), ['-dir', directory]);
  url = await server.line();
});

afterAll(async () => {
  await writer[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await scratch.remove();
});

describe.each(SIZES)('a log of %i entries that Tessera wrote', (size) => {
  beforeAll(async () => {
    writer.tell(String(size));
    await writer.line();
    kept.push((await new LedgerReader(fileTiles(directory)).checkpoint()).note);
  });

  it('is verified by our library, from its files and over HTTP', async () => {
    for (const source of [fileTiles(directory), httpTiles(url)]) {
      const report = await verify({ source });
      expect(report.failures).toEqual([]);
      expect(report).toMatchObject({ ok: true, entries: 'opaque', origin: ORIGIN, size, verified: size });
      expect(report.warnings.map(({ code }) => code)).toEqual(['history_missing']);
    }
  });

  it('gives the root that its own fsck computes', async () => {
    const { ok, verdict } = await runFsck(`file://${directory}`, vkeyPath);
    expect(ok, verdict).toBe(true);
    expect(verdict).toContain((await verify({ source: fileTiles(directory) })).root);
  });
});

describe('what Tessera wrote', () => {
  // As long as it runs it puts back a checkpoint that somebody has changed.
  beforeAll(() => writer[Symbol.asyncDispose]());

  it('is verified by the command, which says that only tree and signature were', async () => {
    const foreign = ['--vkey', vkeyPath, '--entries', 'opaque', '--no-history'];
    for (const where of [
      ['--data', directory],
      ['--url', url],
    ]) {
      const text = await runCommand(['verify', ...where, ...foreign]);
      expect(text.stderr).toBe('');
      expect(text.status).toBe(0);
      expect(text.stdout).toContain(`VERIFIED  ${ORIGIN} — Merkle tree and signature only`);
      expect(text.stdout).toContain('100,000 of 100,000 verified: bytes, Merkle tree; NOT CHECKED');
    }
    const json = await runCommand(['verify', '--data', directory, ...foreign, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: true, entries: 'opaque', size: 100_000 });
  });

  it('is no log of ours: taken for records it fails', async () => {
    const result = await runCommand(['verify', '--data', directory, '--vkey', vkeyPath, '--no-history']);
    expect(result.status).toBe(1);
    expect(result.stdout).toContain('FAILED');
    expect(result.stdout).toContain('entry_malformed');
  });

  it('continues the checkpoints that it showed before, and is signed by no other key', async () => {
    const source = fileTiles(directory);
    expect(await verify({ source, known: kept })).toMatchObject({ ok: true, knownVerified: SIZES.length });
    const other = await verify({ source, vkey: makeNoteKey(ORIGIN).vkey });
    expect(other.failures.map(({ code }) => code)).toEqual(['checkpoint_key_unknown']);
    expect(formatReport(other)).toContain('FAILED');
  });

  it.each([
    ['tile/entries/000', -1, 'entry_altered'],
    ['tile/0/005', 3, 'tile_altered'],
    ['tile/1/000', 3, 'tile_altered'],
    ['tile/2/000.p/1', 3, 'tile_altered'],
    // The second digit of the size.
    ['checkpoint', ORIGIN.length + 2, 'checkpoint_signature_invalid'],
  ])('with a byte of %s changed is found wrong by both', async (path, at, code) => {
    const file = join(directory, path);
    const bytes = await readFile(file);
    await writeFile(file, flipBit(Buffer.from(bytes), at < 0 ? bytes.length + at : at));
    try {
      const report = await verify({ source: fileTiles(directory) });
      const codes = report.failures.map((failure) => failure.code);
      expect(codes[0]).toBe(code);
      // Of a checkpoint with another size everything else is wrong, too.
      if (path !== 'checkpoint') expect(codes).toHaveLength(1);
      expect((await runFsck(`file://${directory}`, vkeyPath)).ok).toBe(false);
    } finally {
      await writeFile(file, bytes);
    }
  });
});

function verify(
  options: Pick<VerifyLedgerOptions, 'source' | 'known'> & { vkey?: string },
): Promise<VerificationReport> {
  return verifyLedger({ vkey, history: 'optional', entries: 'opaque', ...options });
}
