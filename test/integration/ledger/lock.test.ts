import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { acquireLock } from '../../../packages/ledger/src/lock.ts';
import { newHome, openHome } from '../../support/ledger/logs.ts';
import { scratchDirectory } from '../../support/ledger/scratch.ts';

/** A lock file as a process of the given description would have left it. */
async function abandon(directory: string, holder: Record<string, unknown>): Promise<void> {
  await writeFile(
    join(directory, 'lock'),
    JSON.stringify({ name: 'The ledger', id: 'abandoned', ...holder }),
  );
}

async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
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
  await ledger.close();
  await openHome(home);
});

test('takes over from a process that is gone', async () => {
  const directory = await scratchDirectory();
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  await abandon(directory, { pid: child.pid });
  await expect(acquireLock(directory, 'test')).rejects.toMatchObject({
    message: expect.stringContaining(`process ${child.pid}`),
  });
  child.kill('SIGKILL');
  await once(child, 'exit');
  await (await acquireLock(directory, 'test')).release();
  expect(await readdir(directory)).toEqual([]);
});

test.runIf(process.platform === 'linux')('is not deceived by a pid that was given again', async () => {
  const directory = await scratchDirectory();
  await abandon(directory, { pid: process.pid, startTime: '1', bootId: await bootId() });
  await (await acquireLock(directory, 'test')).release();
  await abandon(directory, { pid: process.pid, bootId: 'an earlier boot' });
  await (await acquireLock(directory, 'test')).release();
  const held = await acquireLock(directory, 'test');
  expect(JSON.parse(await readFile(join(directory, 'lock'), 'utf8'))).toMatchObject({
    pid: process.pid,
    bootId: await bootId(),
    startTime: expect.stringMatching(/^[0-9]+$/),
  });
  await held.release();
});

test('takes over a lock that cannot be read, and a takeover that was never finished', async () => {
  const directory = await scratchDirectory();
  for (const content of ['', '{', '{"pid":-1}', 'null']) {
    await writeFile(join(directory, 'lock'), content);
    await writeFile(join(directory, 'lock.takeover'), content);
    await (await acquireLock(directory, 'test')).release();
    expect(await readdir(directory)).toEqual([]);
  }
});

test('of many that find an abandoned lock, one gets it', async () => {
  const directory = await scratchDirectory();
  await mkdir(directory, { recursive: true });
  for (let round = 0; round < 20; round++) {
    await abandon(directory, { pid: process.pid, startTime: '1' });
    const attempts = Array.from({ length: 8 }, (_, i) => acquireLock(directory, `writer ${i}`));
    const results = await Promise.allSettled(attempts);
    const held = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(held).toHaveLength(1);
    await held[0]?.release();
  }
});
