import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileTiles, LedgerReader } from '@spanledger/ledger';
import { hashLeaf, parseSignedCheckpoint, parseTlogProof, verifyInclusion } from '@spanledger/ledger/verify';
import { expect, onTestFinished, test } from 'vitest';
import { writeSyntheticLog } from '../../support/ledger/synthetic-log.ts';
import { describeMachine, median, printLines, quantile } from '../statistics.ts';

const SIZE = 1_000_000;
const WARM_UP = 2_000;
const PROOFS = 10_000;

test(`proofs of random entries of a log of ${SIZE.toLocaleString('en')}`, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'spanledger-proof-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  process.once('exit', remove);
  onTestFinished(async () => {
    await rm(directory, { recursive: true, force: true });
    process.removeListener('exit', remove);
  });
  writeSyntheticLog({ directory, size: SIZE, checkpointEvery: 1_000 });
  // What the disk still has to do with the log that was just written is not what is measured.
  execFileSync('sync', ['-f', directory]);
  const reader = new LedgerReader(fileTiles(directory));
  const draw = drawFrom(20_261_122);
  const tookMs: number[] = [];
  for (let i = 0; i < WARM_UP + PROOFS; i++) {
    const index = draw(SIZE);
    const started = performance.now();
    const proof = await reader.tlogProof(index);
    if (i >= WARM_UP) tookMs.push(performance.now() - started);
    if (i % 100 === 0) await expectGood(reader, index, proof);
  }
  const [p50, p99, worst] = [median(tookMs), quantile(tookMs, 0.99), quantile(tookMs, 1)];
  printLines([
    describeMachine(),
    `${PROOFS.toLocaleString('en')} proofs of random entries of ${SIZE.toLocaleString('en')}, files in the page cache:`,
    `median ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, slowest ${worst.toFixed(1)} ms (goal: p99 below 2 ms)`,
  ]);
});

async function expectGood(reader: LedgerReader, index: number, text: string): Promise<void> {
  const proof = parseTlogProof(text);
  const entry = await reader.entry(index);
  if (!proof.ok || entry === undefined) throw new TypeError(`no proof of entry ${index}`);
  const checkpoint = parseSignedCheckpoint(proof.value.checkpoint);
  if (!checkpoint.ok) throw new TypeError(checkpoint.detail);
  const { size, root } = checkpoint.value.checkpoint;
  expect(verifyInclusion({ index, size, leafHash: hashLeaf(entry), hashes: proof.value.hashes }, root)).toBe(
    true,
  );
}

/** Numbers that look drawn and are the same in every run. */
function drawFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
