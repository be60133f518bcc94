import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { acquireLock } from '../../../packages/ledger/src/storage/lock.ts';
import { makeBatch } from '../../support/ledger/batches.ts';
import { newHome, openHome } from '../../support/ledger/logs.ts';
import { scratchDirectory } from '../../support/ledger/scratch.ts';

const LOCK = fileURLToPath(new URL('../../../packages/ledger/dist/storage/lock.js', import.meta.url));

/** A process that holds a lock until it is killed. */
async function holder(directory: string): Promise<{ pid: number | undefined; kill: () => Promise<void> }> {
  const script = `
    const { acquireLock } = await import(${JSON.stringify(LOCK)});
    globalThis.lock = await acquireLock(${JSON.stringify(directory)}, 'The holder');
    console.log('held');
    setInterval(() => globalThis.lock, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  await once(child.stdout, 'data');
  return {
    pid: child.pid,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

test('refuses a second writer by name and pid, until the first is closed', async () => {
  const home = await newHome();
  const ledger = await openHome(home);
  await expect(openHome(home)).rejects.toMatchObject({
    code: 'ledger_locked',
    message: expect.stringMatching(
      `The ledger example.com/log in ${home.directory} .* process ${process.pid}`,
    ),
  });
  await expect(ledger.append(makeBatch({ count: 1 })), 'the first goes on').resolves.toBeDefined();
  await ledger.close();
  await openHome(home);
});

test('refuses while another process holds it, and is there for the next once that was killed', async () => {
  const directory = await scratchDirectory();
  for (let round = 0; round < 3; round++) {
    const { pid, kill } = await holder(directory);
    await expect(acquireLock(directory, 'test')).rejects.toMatchObject({
      code: 'ledger_locked',
      message: `The holder is already being written by process ${pid}`,
    });
    await kill();
    (await acquireLock(directory, 'test')).release();
  }
});

test('what names the holder decides nothing', async () => {
  const directory = await scratchDirectory();
  const claim = JSON.stringify({ writer: 'a claim', pid: process.pid });
  for (const content of ['', '{', 'null', claim]) {
    await writeFile(join(directory, 'writer.json'), content);
    (await acquireLock(directory, 'test')).release();
  }
  const held = await acquireLock(directory, 'test');
  expect(JSON.parse(await readFile(join(directory, 'writer.json'), 'utf8'))).toEqual({
    writer: 'test',
    pid: process.pid,
  });
  for (const content of ['', '{', 'null', '{"pid":1}']) {
    await writeFile(join(directory, 'writer.json'), content);
    await expect(acquireLock(directory, 'another')).rejects.toMatchObject({
      message: expect.stringContaining('by another process'),
    });
  }
  held.release();
});

test('of many that come at once, one gets it', async () => {
  const directory = await scratchDirectory();
  for (let round = 0; round < 20; round++) {
    const attempts = Array.from({ length: 8 }, (_, i) => acquireLock(directory, `writer ${i}`));
    const results = await Promise.allSettled(attempts);
    const held = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(held).toHaveLength(1);
    held[0]?.release();
  }
});
