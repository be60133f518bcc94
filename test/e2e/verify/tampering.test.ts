import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rewriteBundle } from '../support/entry-bundle.ts';
import { recordLog } from '../support/recorded-log.ts';
import { runCli } from '../support/run-cli.ts';

/** Two full entry bundles and a partial one. */
const ENTRIES = 600;
const PARTIAL_WIDTH = ENTRIES % 256;

/** An attack on the files of a log, and what the report must say of it. */
interface Attack {
  name: string;
  attack: (ledger: string) => Promise<void>;
  /** Entries, files or words that the report has to name. */
  names: RegExp;
}

const bundle = (ledger: string, n: number): string =>
  join(ledger, 'tile/entries', n === 2 ? `002.p/${PARTIAL_WIDTH}` : `00${n}`);

function flipByte(bytes: Buffer, offset: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[offset] = (copy[offset] ?? 0) ^ 1;
  return copy;
}

async function flipByteOf(path: string, offset: number): Promise<void> {
  const bytes = await readFile(path);
  await writeFile(path, flipByte(bytes, offset < 0 ? bytes.length + offset : offset));
}

const ATTACKS: Attack[] = [
  {
    name: 'a byte of an entry is changed',
    attack: (ledger) =>
      rewriteBundle(bundle(ledger, 0), (entries) =>
        entries.map((entry, i) => (i === 17 ? flipByte(entry, 100) : entry)),
      ),
    names: /\b17\b/,
  },
  {
    name: 'a value of an entry is replaced by another of the same form',
    attack: (ledger) =>
      rewriteBundle(bundle(ledger, 1), (entries) =>
        entries.map((entry, i) =>
          i === 4
            ? Buffer.from(entry.toString().replace('"outcome":"success"', '"outcome":"failure"'))
            : entry,
        ),
      ),
    names: /\b260\b/,
  },
  {
    name: 'an entry is deleted',
    attack: (ledger) => rewriteBundle(bundle(ledger, 0), (entries) => entries.toSpliced(99, 1)),
    names: /\b99\b/,
  },
  {
    name: 'two entries are swapped',
    attack: (ledger) =>
      rewriteBundle(bundle(ledger, 0), (entries) =>
        entries.map((entry, i) => entries[i === 30 ? 31 : i === 31 ? 30 : i] ?? entry),
      ),
    names: /\b30\b[^]*\b31\b/,
  },
  {
    name: 'an entry is inserted',
    attack: (ledger) =>
      rewriteBundle(bundle(ledger, 2), (entries) => entries.toSpliced(5, 0, entries[4] ?? Buffer.alloc(0))),
    names: /\b517\b/,
  },
  {
    name: 'the tail is truncated to before the published checkpoint',
    attack: async (ledger) => {
      await rm(join(ledger, 'tile/entries/002.p'), { recursive: true });
      await rm(join(ledger, 'tile/0/002.p'), { recursive: true });
    },
    names: /\b512\b/,
  },
  {
    name: 'the last entry is cut off',
    attack: (ledger) => rewriteBundle(bundle(ledger, 2), (entries) => entries.slice(0, -1)),
    names: /\b599\b/,
  },
  {
    name: 'a hash of a full tile is changed',
    attack: (ledger) => flipByteOf(join(ledger, 'tile/0/001'), 32 * 7),
    names: /tile\/0\/001|\b263\b/,
  },
  {
    name: 'a hash of a partial tile is changed',
    attack: (ledger) => flipByteOf(join(ledger, `tile/0/002.p/${PARTIAL_WIDTH}`), -1),
    names: /tile\/0\/002|\b599\b/,
  },
  {
    name: 'a hash of an upper tile is changed',
    attack: (ledger) => flipByteOf(join(ledger, 'tile/1/000.p/2'), 40),
    names: /tile\/1\/000/,
  },
  {
    name: 'the checkpoint states another size',
    attack: async (ledger) => {
      const note = await readFile(join(ledger, 'checkpoint'), 'utf8');
      await writeFile(join(ledger, 'checkpoint'), note.replace(`\n${ENTRIES}\n`, `\n${ENTRIES - 1}\n`));
    },
    names: /checkpoint/,
  },
  {
    name: 'the checkpoint states another root',
    attack: async (ledger) => {
      const lines = (await readFile(join(ledger, 'checkpoint'), 'utf8')).split('\n');
      lines[2] = Buffer.alloc(32, 7).toString('base64');
      await writeFile(join(ledger, 'checkpoint'), lines.join('\n'));
    },
    names: /checkpoint/,
  },
  {
    name: 'the checkpoint is signed by another key',
    attack: async (ledger) => {
      const note = await readFile(join(ledger, 'checkpoint'), 'utf8');
      const forged = note.replace(/(— \S+ )(\S+)\n$/, (_, head: string, signature: string) => {
        const bytes = Buffer.from(signature, 'base64');
        return `${head}${Buffer.concat([bytes.subarray(0, 4), Buffer.alloc(64, 1)]).toString('base64')}\n`;
      });
      await writeFile(join(ledger, 'checkpoint'), forged);
    },
    names: /signature/,
  },
];

describe('verify on a tampered log', () => {
  let original = '';
  const scratch: string[] = [];

  beforeAll(async () => {
    original = await recordLog(ENTRIES);
    scratch.push(original);
  });
  afterAll(async () => {
    await Promise.all(scratch.map((path) => rm(path, { recursive: true, force: true })));
  });

  it('accepts the untouched log', async () => {
    const { status, stdout } = await runCli(['verify', '--data', original, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, size: ENTRIES, verified: ENTRIES, failures: [] });
    expect(status).toBe(0);
  });

  it('has the files that the attacks name', async () => {
    expect(await readdir(join(original, 'ledger/tile/entries/002.p'))).toContain(String(PARTIAL_WIDTH));
  });

  it.each(ATTACKS)('$name: fails, names the place, exits 1', async ({ attack, names }) => {
    const copy = await mkdtemp(join(tmpdir(), 'spanledger-attack-'));
    scratch.push(copy);
    await cp(original, copy, { recursive: true });
    await attack(join(copy, 'ledger'));
    const told = await runCli(['verify', '--data', copy]);
    expect(told.stdout + told.stderr).toMatch(names);
    expect(told.status).toBe(1);
    const { status, stdout } = await runCli(['verify', '--data', copy, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false });
    expect(status).toBe(1);
  });
});
