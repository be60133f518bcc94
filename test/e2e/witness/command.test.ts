import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCommand, startCommand } from '../../support/cli/process.ts';
import { scratchDirectory } from '../../support/ledger/scratch.ts';
import { honestLog } from '../../support/ledger/tree-log.ts';
import { post } from '../../support/ledger/witness-http.ts';

const LOG = honestLog(40);

describe('spanledger witness', () => {
  test('draws a key once, prints it, and ends', async () => {
    const data = join(await scratchDirectory(), 'new');
    const first = await runCommand(['witness', '--data', data, '--name', 'witness.example/w1', '--init']);
    expect(first).toMatchObject({ status: 0, stderr: '' });
    expect(first.stdout).toMatch(/^witness\.example\/w1\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+\n$/);
    const again = await runCommand(['witness', '--data', data, '--init', '--json']);
    expect(JSON.parse(again.stdout)).toEqual({ name: 'witness.example/w1', vkey: first.stdout.trim(), data });
  });

  test('watches what a file names, tells of a contradiction, and ends at SIGTERM', async () => {
    const data = await scratchDirectory();
    const list = join(data, 'logs');
    const { vkey } = LOG.signer;
    await writeFile(list, `# those that we watch\n\n${vkey}\nanother origin ${vkey}\n`);
    const command = startCommand(['witness', '--data', data, '--log', list, '--port', '0', '--json']);
    const [line = ''] = await command.printed(/^.*\n/);
    const told: { url: string; logs: string[] } = JSON.parse(line);
    expect(told.logs).toEqual([LOG.signer.origin, 'another origin']);
    expect((await post(told.url, await LOG.request(0, 20))).status).toBe(200);
    expect((await post(told.url, await LOG.forkedAt(10).request(20, 20))).status).toBe(409);
    command.signal('SIGTERM');
    expect(await command.ended()).toEqual({ status: 0, signal: null });
    const events: { kind: string; note?: string }[] = command.output.stderr
      .trimEnd()
      .split('\n')
      .map((each) => JSON.parse(each));
    expect(events).toMatchObject([
      { kind: 'signed', origin: LOG.signer.origin, size: 20 },
      { kind: 'contradiction', note: LOG.forkedAt(10).checkpoint(20) },
    ]);
  });

  test('refuses a second process by the name and number of the first', async () => {
    const data = await scratchDirectory();
    const first = startCommand(['witness', '--data', data, '--port', '0']);
    await first.printed(/listening/);
    const second = await runCommand(['witness', '--data', data, '--port', '0']);
    expect(second.status).toBe(3);
    expect(second.stderr).toMatch(/already being written by process \d+/);
    first.signal('SIGINT');
    expect((await first.ended()).status).toBe(0);
  });

  test.each([
    [['--log', '/no/such/file'], /neither the key of a log nor a file/],
    [['--log', 'no key'], /neither the key of a log nor a file/],
    [['--host', '0.0.0.0'], /reachable from other machines/],
    [['--name', 'with space', '--init'], /not a name of a witness/],
    [['--port', 'x'], /port number/],
  ])('%j is refused with 2', async (args, message) => {
    const data = join(await scratchDirectory(), 'w');
    const { status, stderr } = await runCommand(['witness', '--data', data, ...args]);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });

  test('says what stands in its way', async () => {
    const data = await scratchDirectory();
    await runCommand(['witness', '--data', data, '--init']);
    await writeFile(join(data, 'cosigned'), 'something else');
    const { status, stderr } = await runCommand(['witness', '--data', data, '--port', '0', '--json']);
    expect(status).toBe(3);
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: 'witness_state_damaged', hint: expect.any(String) },
    });
    const busy = startCommand(['witness', '--data', await scratchDirectory(), '--port', '0', '--json']);
    const [, port = ''] = await busy.printed(/:(\d+)"/);
    const other = await runCommand(['witness', '--data', await scratchDirectory(), '--port', port, '--json']);
    expect(other.status).toBe(3);
    expect(JSON.parse(other.stderr)).toMatchObject({ error: { code: 'witness_listen_failed' } });
    busy.signal('SIGTERM');
    await busy.ended();
  });
});
