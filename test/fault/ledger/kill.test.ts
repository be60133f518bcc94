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
const LOGS = 20;
const LIVES = 10;
/** How many logs are written and killed at a time. */
const AT_A_TIME = 2;
/** The longest that a writer works. */
const MAX_WORK_MS = 150;
/** By then after its start most writers are working. */
const MAX_START_MS = 400;

/** What a line of the writer can say. */
interface Fact {
  ready?: number;
  batch?: string;
  first?: number;
  count?: number;
  checkpoint?: string;
}

/**
 * Lets a writer work for a while, kills it, and notes what it told until then.
 *
 * @returns when it was killed, for the message of a failure
 */
async function workAndDie(log: Log, label: string): Promise<string> {
  const threadFromBytes = Math.random() < 0.5 ? '0' : 'Infinity';
  const child = spawn(process.execPath, [WRITER, log.directory, label, threadFromBytes], {
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
  // One in four is killed before it works, or as it begins to: while it takes up what the one before has left.
  const isEarly = Math.random() < 0.25;
  const livesMs = Math.round(Math.random() * (isEarly ? MAX_START_MS : MAX_WORK_MS));
  if (!isEarly) await Promise.race([ready.promise, exited]);
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
  return `${livesMs} ms after ${isEarly ? 'its start' : 'it was ready'}`;
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

/** One log, killed again and again; then all that was promised is demanded of it. */
async function killAndCheck(): Promise<Log['told']> {
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
  const moments: string[] = [];
  for (let life = 0; life < LIVES; life++) moments.push(await workAndDie(log, `life${life}`));
  const context = `killed ${moments.join(', ')}`;
  const ledger = await openOn(log, nodeFileSystem, () => undefined);
  await expectOpenings(log, ledger, context);
  await ledger.close();
  await expectPromisesKept(log, nodeFileSystem, context);
  return told;
}

test(`kill -9 at ${LOGS * LIVES} random moments loses nothing that was acknowledged`, async () => {
  let left = LOGS;
  let acknowledged = 0;
  let checkpoints = 0;
  const some = async (): Promise<void> => {
    while (left-- > 0) {
      const told = await killAndCheck();
      acknowledged += told.acknowledged.size;
      checkpoints += told.checkpoints.size;
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, some));
  expect(acknowledged).toBeGreaterThan(LOGS * LIVES);
  expect(checkpoints).toBeGreaterThan(LOGS);
});
