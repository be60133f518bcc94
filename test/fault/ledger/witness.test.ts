import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WitnessAnswer } from '@spanledger/ledger';
import { describe, expect, test } from 'vitest';
import { nodeFileSystem } from '../../../packages/ledger/src/storage/file-system.ts';
import { openWitnessWith } from '../../../packages/ledger/src/witness/witness-directory.ts';
import { FaultyDisk, type Fault } from '../../support/ledger/faulty-disk.ts';
import { scratchDirectory } from '../../support/ledger/scratch.ts';
import { honestLog } from '../../support/ledger/tree-log.ts';

const LOG = honestLog(40);
const FORK = LOG.forkedAt(10);
const STEPS = [
  [0, 20],
  [20, 25],
  [25, 30],
] as const;

/** The sizes that a witness cosigned, and whose they were. */
interface Signed {
  size: number;
  isFork: boolean;
}

/** Has a witness cosign, size by size; one operation on its files fails. */
async function run(directory: string, files: FaultyDisk, signed: Signed[]): Promise<void> {
  const opened = await openWitnessWith({ directory, name: 'witness.example/w', logs: [LOG.watched] }, files);
  try {
    for (const [old, size] of STEPS) {
      const reply = await ask(opened.witness.addCheckpoint(Buffer.from(await LOG.request(old, size))));
      if (reply.status === 200) signed.push({ size, isFork: false });
    }
  } finally {
    await opened.close();
  }
}

async function ask(reply: Promise<WitnessAnswer>): Promise<WitnessAnswer> {
  const { status, event } = await reply;
  // Whatever fails, it is said, and nothing is thrown.
  expect([200, 409, 422, 500]).toContain(status);
  expect(event.kind === 'failed').toBe(status === 500);
  return await reply;
}

/** Opens the witness again on a sound disk and lets both faces of the log try their luck with it. */
async function checkAfterwards(directory: string, signed: readonly Signed[]): Promise<void> {
  const opened = await openWitnessWith(
    { directory, name: 'witness.example/w', logs: [LOG.watched] },
    nodeFileSystem,
  );
  try {
    const last = Math.max(0, ...signed.map(({ size }) => size));
    for (const size of [5, 20, 25, 30]) {
      for (const old of [0, 5, 20, 25, 30]) {
        if (old > size) continue;
        const forked = await opened.witness.addCheckpoint(Buffer.from(await FORK.request(old, size)));
        expect(forked.status === 200 && last > 0, `fork from ${old} to ${size} after ${last}`).toBe(false);
        if (last === 0 && forked.status === 200) return;
      }
    }
    const told = await opened.witness.addCheckpoint(Buffer.from(await LOG.request(1, 40)));
    expect(told.status).toBe(409);
    const size = Number(told.body);
    expect(size).toBeGreaterThanOrEqual(last);
    const next = await opened.witness.addCheckpoint(Buffer.from(await LOG.request(size, 40)));
    expect(next.status).toBe(200);
  } finally {
    await opened.close();
  }
}

const counted = new FaultyDisk(nodeFileSystem);
const counting = await mkdtemp(join(tmpdir(), 'spanledger-ledger-'));
await run(counting, counted, []);
await rm(counting, { recursive: true });
const operations = counted.operations;

describe('each operation on the files of a witness', () => {
  test('is counted', () => {
    expect(operations.filter((operation) => operation.startsWith('rename')).length).toBeGreaterThanOrEqual(5);
    expect(operations.filter((operation) => operation.startsWith('sync ')).length).toBeGreaterThan(4);
  });

  const faults = operations.flatMap((operation, at): [string, Fault][] => {
    const name = `${at} ${operation.split(' ')[0] ?? ''} ${operation.split('/').at(-1) ?? ''}`;
    return [
      [`${name}, before it took effect`, { at, when: 'before' }],
      [`${name}, after it took effect`, { at, when: 'after' }],
    ];
  });
  test.each(faults)('fails: %s', async (_, fault) => {
    const directory = await scratchDirectory();
    const signed: Signed[] = [];
    await run(directory, new FaultyDisk(nodeFileSystem, fault), signed).catch(() => undefined);
    await checkAfterwards(directory, signed);
  });

  test.each(operations.map((_, at) => at))('is the last one: the process ends at number %i', async (at) => {
    const directory = await scratchDirectory();
    const signed: Signed[] = [];
    await run(directory, new FaultyDisk(nodeFileSystem, undefined, at), signed).catch(() => undefined);
    await checkAfterwards(directory, signed);
  });
});
