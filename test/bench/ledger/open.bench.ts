import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryEpochKeys, openLedger, type NoteSigner } from '@spanledger/ledger';
import { expect, onTestFinished, test } from 'vitest';
import { makeBatch } from '../../support/ledger/batches.ts';
import { writeSyntheticLog } from '../../support/ledger/synthetic-log.ts';
import { describeMachine, median, printLines, quantile } from '../statistics.ts';

const SIZE = 10_000_000;
/** One a second at a thousand entries a second. */
const CHECKPOINT_EVERY = 1000;
const ROUNDS = 20;
const JOURNAL_ENTRIES = 100_000;
const GOAL_MS = 1000;

/** Opens a log and closes it again, some times; gives the milliseconds until it was open. */
async function openings(directory: string, signer: NoteSigner): Promise<number[]> {
  const took: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now();
    const ledger = await openLedger({ directory, signer, epochKeys: memoryEpochKeys() });
    took.push(performance.now() - started);
    await ledger.close();
  }
  return took;
}

function line(what: string, tookMs: readonly number[]): string {
  const [middle, worst] = [median(tookMs), quantile(tookMs, 1)];
  return `${what}: median ${middle.toFixed(1)} ms, slowest of ${tookMs.length} ${worst.toFixed(1)} ms`;
}

test(`a log of ${SIZE.toLocaleString('en')} entries opens in less than a second`, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'spanledger-open-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  process.once('exit', remove);
  onTestFinished(async () => {
    await rm(directory, { recursive: true, force: true });
    process.removeListener('exit', remove);
  });
  const { signer, entryBytes } = writeSyntheticLog({
    directory: join(directory, 'ledger'),
    size: SIZE,
    checkpointEvery: CHECKPOINT_EVERY,
  });
  const clean = await openings(directory, signer);

  // What a busy service leaves behind: a journal of which all is published, and nothing retired yet.
  const ledger = await openLedger({ directory, signer, epochKeys: memoryEpochKeys() });
  for (let at = 0; at < JOURNAL_ENTRIES; at += 1000) {
    await ledger.append(makeBatch({ count: 1000, label: `${at}`, entryBytes: 567 }));
  }
  await ledger.close();
  const withJournal = await openings(directory, signer);

  printLines([
    describeMachine(),
    `${SIZE.toLocaleString('en')} entries of ${Math.round(entryBytes / SIZE)} bytes, ${SIZE / CHECKPOINT_EVERY} checkpoints in the history, files in the page cache`,
    line('opened after a clean stop', clean),
    line(`opened with ${JOURNAL_ENTRIES.toLocaleString('en')} entries in the journal`, withJournal),
  ]);
  expect(median(clean)).toBeLessThan(GOAL_MS);
  expect(median(withJournal)).toBeLessThan(GOAL_MS);
});
