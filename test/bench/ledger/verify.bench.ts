import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileTiles, parallelBundles } from '@spanledger/ledger';
import { verifyLedger } from '@spanledger/ledger/verify';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { runCommand } from '../../support/cli/process.ts';
import { runFsck } from '../../support/go/run-program.ts';
import { writeSyntheticLog } from '../../support/ledger/synthetic-log.ts';
import { describeMachine, median, printLines, quantile } from '../statistics.ts';

const run = promisify(execFile);

const LARGE = 10_000_000;
const MAX_RSS_BYTES = 256 * 1024 * 1024;

/** A data directory with a synthetic log. */
interface Trail {
  directory: string;
  ledger: string;
  vkey: string;
  vkeyPath: string;
  size: number;
  entryBytes: number;
}

async function writeTrail(size: number, producers: number): Promise<Trail> {
  const directory = await mkdtemp(join(tmpdir(), 'spanledger-verify-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  process.once('exit', remove);
  onTestFinished(async () => {
    await rm(directory, { recursive: true, force: true });
    process.removeListener('exit', remove);
  });
  const ledger = join(directory, 'ledger');
  const { vkey, entryBytes } = writeSyntheticLog({
    directory: ledger,
    size,
    producers,
    checkpointEvery: 10_000,
  });
  const vkeyPath = join(directory, 'ledger.vkey');
  await writeFile(vkeyPath, `${vkey}\n`);
  return { directory, ledger, vkey, vkeyPath, size, entryBytes };
}

/** A verification in this process, as a service does it. */
async function verifyHere({ ledger, vkey }: Trail): Promise<void> {
  const options = { source: fileTiles(ledger), openBundles: parallelBundles(ledger), vkey };
  expect((await verifyLedger(options)).ok).toBe(true);
}

interface ChildResult {
  verified: number;
  peakRssBytes: number;
}

/** A verification as a process that does nothing else. */
async function verifyInChild({ directory, vkeyPath }: Trail): Promise<ChildResult> {
  const script = join(import.meta.dirname, 'verify-child.ts');
  const { stdout } = await run(process.execPath, [script, directory, vkeyPath]);
  const result: unknown = JSON.parse(stdout);
  expect(result).toMatchObject({ ok: true });
  const member = (name: keyof ChildResult): number => Number(Object(result)[name]);
  return { verified: member('verified'), peakRssBytes: member('peakRssBytes') };
}

async function verifyByCommand({ directory, vkeyPath }: Trail): Promise<void> {
  const { status } = await runCommand(['verify', '--data', directory, '--vkey', vkeyPath, '--json']);
  expect(status).toBe(0);
}

/** The hashes of the entries alone: what no verification in Node does without. */
async function hashEntriesInChild({ ledger, size }: Trail, threads: number): Promise<void> {
  const script = join(import.meta.dirname, 'verify-floor-child.ts');
  await run(process.execPath, [script, ledger, `${size}`, `${threads}`]);
}

/** The tree alone, as Tessera checks it, with two workers. */
async function checkByTessera({ ledger, vkeyPath }: Trail): Promise<void> {
  expect(await runFsck(`file://${ledger}/`, vkeyPath)).toMatchObject({ ok: true });
}

const SIDES = [
  ['Tessera fsck --N=2, tree alone, process', checkByTessera],
  ['verifyLedger, warm', verifyHere],
  ['verifyLedger, process', verifyInChild],
  ['spanledger verify, process', verifyByCommand],
  ['entries hashed and nothing else, one thread, process', (trail: Trail) => hashEntriesInChild(trail, 1)],
  ['entries hashed and nothing else, two threads, process', (trail: Trail) => hashEntriesInChild(trail, 2)],
] as const;

beforeAll(async () => {
  // Builds the peer, should that not have been done.
  const trail = await mkdtemp(join(tmpdir(), 'spanledger-verify-'));
  await runFsck(`file://${trail}/`, join(trail, 'none'));
  await rm(trail, { recursive: true });
});

test.each([
  [100_000, 9],
  [1_000_000, 5],
])('a log of %i entries is verified', async (size, rounds) => {
  const trail = await writeTrail(size, 50);
  const tookMs = new Map<string, number[]>(SIDES.map(([name]) => [name, []]));
  // The first round warms up what stays.
  for (let round = 0; round <= rounds; round++) {
    for (const [name, side] of SIDES) {
      const started = performance.now();
      await side(trail);
      if (round > 0) tookMs.get(name)?.push(performance.now() - started);
    }
  }
  const peer = median(tookMs.get(SIDES[0][0]) ?? []);
  printLines([
    describeMachine(),
    `${size.toLocaleString('en')} entries of ${Math.round(trail.entryBytes / size)} bytes, files in the page cache, medians of ${rounds} rounds`,
    ...[...tookMs].map(([name, values]) => {
      const middle = median(values);
      const rate = Math.round(size / middle).toLocaleString('en');
      const range = `${quantile(values, 0).toFixed(0)} to ${quantile(values, 1).toFixed(0)}`;
      return `${name}: ${middle.toFixed(0)} ms (${range}), ${rate} entries/ms, ${(peer / middle).toFixed(2)}x the peer`;
    }),
  ]);
});

test(`a log of ${LARGE.toLocaleString('en')} entries is verified in memory that does not grow`, async () => {
  // More producers than are followed.
  const trail = await writeTrail(LARGE, 25_000);
  const started = performance.now();
  const { verified, peakRssBytes } = await verifyInChild(trail);
  const seconds = (performance.now() - started) / 1000;
  expect(verified).toBe(LARGE);
  const stored = await diskBytes(trail.ledger);
  printLines([
    describeMachine(),
    `${LARGE.toLocaleString('en')} entries, 25,000 producers: ${seconds.toFixed(1)} s, ${Math.round(LARGE / seconds).toLocaleString('en')} entries/s`,
    `peak RSS of the process and its threads: ${(peakRssBytes / 2 ** 20).toFixed(0)} MiB`,
    `on disk: ${(stored / LARGE).toFixed(1)} bytes a record of ${(trail.entryBytes / LARGE).toFixed(1)} bytes`,
  ]);
  expect(peakRssBytes).toBeLessThan(MAX_RSS_BYTES);
});

/** What the files of a directory take on the disk, in blocks. */
async function diskBytes(directory: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(directory, { recursive: true })) {
    bytes += (await stat(join(directory, name))).blocks * 512;
  }
  return bytes;
}
