import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand, startCommand, type RunningCommand } from '../../support/cli/process.ts';
import { exportRequest, sessionAttributes } from '../support/otlp-json.ts';
import { postSpans } from '../support/recorded-log.ts';

const STREAM = '0123456789abcdef0123456789abcdef';

let directory = '';
let service: RunningCommand | undefined;
let url = '';
let sequence = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-keys-'));
});

afterAll(async () => {
  await stop();
  await rm(directory, { recursive: true, force: true });
});

async function start(config?: string): Promise<void> {
  const more = config === undefined ? [] : ['--config', config];
  service = startCommand(['serve', '--data', directory, '--port', '0', ...more], {
    SPANLEDGER_PUBLISH_INTERVAL_MS: '20',
  });
  [, url = ''] = await service.printed(/listening at (http:\/\/127\.0\.0\.1:\d+)/);
}

async function stop(): Promise<void> {
  service?.signal('SIGTERM');
  await service?.ended();
  service = undefined;
}

async function record(count: number): Promise<void> {
  const spans = Array.from({ length: count }, () => ({
    sequence: ++sequence,
    attributes: sessionAttributes('alice', 'alice-session'),
  }));
  await postSpans(url, exportRequest(STREAM, spans));
  await expect
    .poll(async () => Number((await (await fetch(`${url}/checkpoint`)).text()).split('\n')[1]), {
      timeout: 10_000,
    })
    .toBeGreaterThanOrEqual(sequence);
}

async function run(...args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
  return await runCommand(args);
}

/** What a command says with `--json`; it must be good. */
async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { status, stdout, stderr } = await run(...args, '--json');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const value: unknown = JSON.parse(stdout);
  if (typeof value !== 'object' || value === null) throw new TypeError(stdout);
  return { ...value };
}

/** A record and its proof, copied out, and verified offline with some key. */
async function keepRecord(index: number): Promise<(vkey: string, keys?: string) => Promise<number | null>> {
  const documentPath = join(directory, `kept-${index}.json`);
  const proofPath = join(directory, `kept-${index}.tlog-proof`);
  const shown = await run('show', `${index}`, '--json', '--url', url);
  await writeFile(documentPath, shown.stdout);
  await writeFile(proofPath, (await run('proof', `${index}`, '--url', url)).stdout);
  return async (vkey, keys) => {
    const more = keys === undefined ? [] : ['--keys', keys];
    return (await run('verify', documentPath, '--proof', proofPath, '--vkey', vkey, ...more)).status;
  };
}

describe('a service changes its key', () => {
  let first = '';
  let second = '';
  let third = '';
  let checkpoint = '';
  let early: Awaited<ReturnType<typeof keepRecord>>;
  let late: Awaited<ReturnType<typeof keepRecord>>;
  const keysFile = (): string => join(directory, 'ledger', 'keys');

  test('while it runs: both keys sign, and either verifies', async () => {
    await start();
    await record(3);
    first = String((await json('keys', '--data', directory))['vkey']);
    checkpoint = join(directory, 'kept-checkpoint');
    await writeFile(checkpoint, await (await fetch(`${url}/checkpoint`)).text());
    early = await keepRecord(1);
    const changed = await json('keys', 'rotate', '--data', directory);
    expect(changed).toMatchObject({
      done: true,
      keys: [{ vkey: first, state: 'active' }, { state: 'active' }],
    });
    second = String((await json('keys', '--url', url))['vkey']);
    expect(second).not.toBe(first);
    await record(2);
    const note = await (await fetch(`${url}/checkpoint`)).text();
    expect(note.match(/^— /gm)).toHaveLength(2);
    for (const vkey of [first, second])
      expect(await json('verify', '--url', url, '--vkey', vkey, '--known', checkpoint)).toMatchObject({
        ok: true,
        warnings: [],
      });
  });

  test('a second change waits for the end of the first', async () => {
    const { status, stderr } = await run('keys', 'rotate', '--data', directory);
    expect(status).toBe(1);
    expect(stderr).toContain('two keys are active already');
  });

  test('the old key ends: the new one alone signs, and old checkpoints and proofs still verify', async () => {
    const { status, stdout } = await run('keys', 'retire', '--data', directory);
    expect(status).toBe(0);
    expect(stdout).toContain(`retired   ${first}`);
    await record(2);
    late = await keepRecord(7);
    const note = await (await fetch(`${url}/checkpoint`)).text();
    expect(note.match(/^— /gm)).toHaveLength(1);
    for (const vkey of [first, second])
      expect(await json('verify', '--data', directory, '--vkey', vkey, '--known', checkpoint)).toMatchObject({
        ok: true,
        warnings: [],
        knownVerified: 1,
      });
    // Offline: of the same key without more, of another one with the log's statements.
    expect(await early(first)).toBe(0);
    expect(await late(second)).toBe(0);
    expect(await early(second)).toBe(1);
    expect(await early(second, keysFile())).toBe(0);
    expect(await late(first, keysFile())).toBe(0);
  });

  test('the change is a record that can be found, once', async () => {
    const { stdout } = await run('search', 'audit.target.type:ledger.key', '--url', url, '--json');
    const actions = stdout
      .trim()
      .split('\n')
      .map((line) => /"action":"(ledger\.key\.[a-z]+)"/.exec(line)?.[1]);
    expect(actions).toEqual(['ledger.key.retired', 'ledger.key.added']);
  });

  test('while it is stopped: it is done at the next start; a revoked key is not believed any more', async () => {
    await stop();
    const { status, stdout } = await run('keys', 'rotate', '--revoke', '--data', directory);
    expect(status).toBe(0);
    expect(stdout).toContain('the keys are changed when one starts');
    const again = await run('keys', 'rotate', '--data', directory);
    expect(again).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('another change of the keys waits'),
    });
    await start();
    await record(1);
    const { keys } = await json('keys', 'list', '--url', url, '--vkey', first);
    expect(keys).toMatchObject([
      { state: 'retired' },
      { vkey: second, state: 'revoked' },
      { state: 'active' },
    ]);
    third = String((await json('keys', '--url', url))['vkey']);
    expect(await json('verify', '--url', url, '--vkey', third, '--known', checkpoint)).toMatchObject({
      ok: true,
      warnings: [],
    });
    expect(await json('verify', '--url', url, '--vkey', second)).toMatchObject({
      ok: true,
      warnings: [{ code: 'vkey_revoked' }],
    });
  });

  test('a key of the configuration is taken instead of a drawn one', async () => {
    await stop();
    const { generateSigner } = await import('@spanledger/ledger');
    const signer = generateSigner(third.slice(0, third.indexOf('+')));
    const keyFile = join(directory, 'fourth.pem');
    await writeFile(keyFile, signer.pem, { mode: 0o600 });
    const config = join(directory, 'spanledger.yaml');
    await writeFile(config, `ledger:\n  key_files: [${keyFile}]\n`);
    await start(config);
    await record(1);
    expect((await json('keys', '--url', url))['vkey']).toBe(third);
    expect(await json('keys', 'rotate', '--retire', '--data', directory)).toMatchObject({ done: true });
    await record(1);
    expect((await json('keys', '--url', url))['vkey']).toBe(signer.vkey);
    expect(await json('verify', '--url', url, '--vkey', first)).toMatchObject({ ok: true, warnings: [] });
  });

  test('a list of keys that was cut fails, and says where', async () => {
    await stop();
    const text = await readFile(keysFile(), 'utf8');
    await writeFile(keysFile(), text.slice(0, text.lastIndexOf('spanledger key statement')));
    const { status, stdout } = await run('verify', '--data', directory);
    expect(status).toBe(1);
    expect(stdout).toContain('key_statement_missing');
    const list = await run('keys', 'list', '--data', directory, '--vkey', first);
    expect(list.status).toBe(0);
    await writeFile(keysFile(), text.replace('replaced active', 'replaced retired 9'));
    const forged = await run('keys', 'list', '--data', directory, '--vkey', first);
    expect(forged.status).toBe(1);
    expect(forged.stdout).toContain('statement 1 — key_statement_forged');
    await writeFile(keysFile(), text);
  });
});
