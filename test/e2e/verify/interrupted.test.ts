import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCommand, startCommand } from '../../support/cli/process.ts';
import { waitFor } from '../../support/exporter/service.ts';
import { scratchDirectory } from '../../support/ledger/scratch.ts';
import { writeSyntheticLog } from '../../support/ledger/synthetic-log.ts';

const SIZE = 100_000;

/** A data directory with a log of {@link SIZE} entries, a producer of which left out a number. */
async function newDirectory(): Promise<string> {
  const directory = await scratchDirectory();
  const { vkey } = writeSyntheticLog({
    directory: join(directory, 'ledger'),
    size: SIZE,
    repeatEvery: 30_003,
  });
  await writeFile(join(directory, 'ledger.vkey'), `${vkey}\n`);
  return directory;
}

/** The report, without what depends on the clock. */
function reportIn(stdout: string): string {
  return stdout.replace(/"elapsedMs":[0-9.]+/, '');
}

test('a verification that is killed goes on where it was, and reports the same', async () => {
  const directory = await newDirectory();
  const state = join(directory, 'state');
  const command = ['verify', '--data', directory, '--json'];
  const whole = await runCommand(command);
  expect(whole).toMatchObject({ status: 0, stderr: '' });

  const killed = startCommand([...command, '--resume', state]);
  await waitFor('a state', () => existsSync(state));
  killed.signal('SIGKILL');
  await killed.ended();
  expect(killed.output.stdout).toBe('');
  const kept = await readFile(state, 'utf8');

  await writeFile(state, kept.replace('"position":', '"position":1'));
  const refused = await runCommand([...command, '--resume', state]);
  expect(refused.status).toBe(2);
  expect(JSON.parse(refused.stderr)).toMatchObject({ error: { code: 'input_malformed' } });
  expect(refused.stderr).toContain(state);

  await writeFile(state, kept);
  const resumed = await runCommand([...command, '--resume', state]);
  expect(resumed).toMatchObject({ status: 0, stderr: '' });
  expect(reportIn(resumed.stdout)).toBe(reportIn(whole.stdout));
  expect(existsSync(state)).toBe(false);
});

test('--resume names a file that cannot be written: the verification says so at once', async () => {
  const directory = await newDirectory();
  const { status, stderr } = await runCommand([
    'verify',
    '--data',
    directory,
    '--resume',
    join(directory, 'no/file'),
  ]);
  expect(status).not.toBe(0);
  expect(stderr).toContain('cannot be written');
});
