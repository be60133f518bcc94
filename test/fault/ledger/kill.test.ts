import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { setTimeout } from 'node:timers/promises';
import { generateSigner } from '@spanledger/ledger';
import { expect, onTestFinished, test } from 'vitest';
import { nodeFileSystem } from '../../../packages/ledger/src/storage/file-system.ts';
import { plainEpochKeys } from '../../support/ledger/key-files.ts';
import { scratchDirectory } from '../../support/ledger/scratch.ts';
import { expectOpenings, expectPromisesKept, openOn, type Log } from './support.ts';

const WRITER = fileURLToPath(new URL('fixtures/writer.ts', import.meta.url));
const ROUNDS = 10;

/** What a line of the writer can say. */
interface Fact {
  ready?: number;
  batch?: string;
  first?: number;
  count?: number;
  checkpoint?: string;
}

/** Lets a writer work for a while, kills it, and notes what it told until then. */
async function workAndDie(log: Log, label: string, livesMs: number): Promise<void> {
  const child = spawn(process.execPath, [WRITER, log.directory, label], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  const lines: string[] = [];
  const ready = Promise.withResolvers<void>();
  const reading = createInterface({ input: child.stdout });
  reading.on('line', (line) => {
    lines.push(line);
    ready.resolve();
  });
  await Promise.race([ready.promise, exited]);
  await setTimeout(livesMs);
  expect(child.exitCode, 'it lived until it was killed').toBeNull();
  child.kill('SIGKILL');
  await Promise.all([exited, once(reading, 'close')]);

  for (const line of lines) {
    const { batch, first, count, checkpoint } = parseFact(line);
    if (checkpoint !== undefined) log.told.checkpoints.add(checkpoint);
    if (batch !== undefined && first !== undefined && count !== undefined) {
      log.told.acknowledged.set(batch, { first, count });
    }
  }
}

/** The last line may have been cut off by the kill. */
function parseFact(line: string): Fact {
  try {
    const fact: Fact = JSON.parse(line);
    return fact;
  } catch {
    return {};
  }
}

test(`kill -9 at ${ROUNDS} random moments loses nothing that was acknowledged`, async () => {
  const directory = await scratchDirectory();
  const signer = generateSigner('example.com/killed');
  await writeFile(join(directory, 'ledger.key'), signer.pem, { mode: 0o600 });
  const told = {
    acknowledged: new Map(),
    refused: new Set<string>(),
    checkpoints: new Set<string>(),
    isKilled: true,
  };
  const log: Log = { directory, signer, epochKeys: plainEpochKeys(join(directory, 'epochs')), told };
  const moments: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const livesMs = Math.random() * 250;
    moments.push(Math.round(livesMs));
    await workAndDie(log, `round${round}`, livesMs);
  }
  const context = `killed after ${moments.join(', ')} ms`;
  const ledger = await openOn(log, nodeFileSystem, () => undefined);
  await expectOpenings(log, ledger, context);
  await ledger.close();
  expect(told.acknowledged.size, context).toBeGreaterThan(ROUNDS);
  expect(told.checkpoints.size, context).toBeGreaterThan(ROUNDS);
  await expectPromisesKept(log, nodeFileSystem, context);
});
