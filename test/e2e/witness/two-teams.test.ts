import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runCommand, startCommand, type RunningCommand } from '../../support/cli/process.ts';
import { waitFor } from '../../support/exporter/service.ts';
import { scratchDirectory } from '../../support/ledger/scratch.ts';
import { exportRequest } from '../support/otlp-json.ts';

/** A process of a team that listens. */
interface Listening {
  command: RunningCommand;
  url: string;
  vkey: string;
}

/** What a team has: its own service and its own witness, which watches the other team's log. */
interface Team {
  name: string;
  data: string;
  witnessData: string;
  witnessVkey: string;
  vkey: string;
}

async function listening(args: string[]): Promise<Listening> {
  const command = startCommand([...args, '--json'], {
    SPANLEDGER_LOG_LEVEL: 'warn',
    SPANLEDGER_LOG_FORMAT: 'json',
  });
  onTestFinished(async () => {
    command.signal('SIGKILL');
    await command.ended();
  });
  const [line = ''] = await command.printed(/^\{.*\}\n/);
  const { url, vkey }: { url: string; vkey: string } = JSON.parse(line);
  return { command, url, vkey };
}

async function newTeam(name: string): Promise<Team> {
  const directory = await scratchDirectory();
  const [data, witnessData] = [join(directory, 'data'), join(directory, 'witness')];
  const { stdout } = await runCommand([
    'witness',
    '--data',
    witnessData,
    '--name',
    `witness.${name}.example`,
    '--init',
  ]);
  // The first start draws the log's key.
  const service = await listening(['serve', '--data', data, '--port', '0']);
  service.command.signal('SIGTERM');
  expect((await service.command.ended()).status).toBe(0);
  return { name, data, witnessData, witnessVkey: stdout.trim(), vkey: service.vkey };
}

const witnessOf = (team: Team, other: Team, port = '0'): Promise<Listening> =>
  listening(['witness', '--data', team.witnessData, '--log', other.vkey, '--port', port]);

async function serve(team: Team, other: Team, witnessUrl: string, data = team.data): Promise<Listening> {
  const config = join(data, '..', `${team.name}.yaml`);
  const witness = `{ url: '${witnessUrl}', vkey: '${other.witnessVkey}' }`;
  await writeFile(
    config,
    `ledger: { publish_interval_ms: 50, witness_timeout_ms: 3000, witnesses: [${witness}] }\n`,
  );
  return await listening(['serve', '--config', config, '--data', data, '--port', '0']);
}

async function send(url: string, count: number): Promise<void> {
  const response = await fetch(`${url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: exportRequest(
      'stream',
      Array.from({ length: count }, () => ({ sequence: 1 + Math.floor(Math.random() * 1e9) })),
    ),
  });
  expect(response.status).toBe(200);
}

const sizeOf = async (url: string): Promise<number> =>
  Number((await (await fetch(`${url}/checkpoint`)).text()).split('\n')[1]);

async function verify(
  team: Team,
  other: Team,
  ...more: string[]
): Promise<{ status: number | null; report: Report }> {
  const { status, stdout } = await runCommand([
    'verify',
    '--data',
    team.data,
    '--vkey',
    team.vkey,
    '--witness',
    other.witnessVkey,
    '--json',
    ...more,
  ]);
  return { status, report: JSON.parse(stdout) };
}

interface Report {
  size: number;
  failures: { code: string }[];
  assurance: { level: string; signed: number; of: number; size?: number };
}

test('two teams watch one another', async () => {
  const [a, b] = await Promise.all([newTeam('a'), newTeam('b')]);
  const [witnessA, witnessB] = await Promise.all([witnessOf(a, b), witnessOf(b, a)]);
  const [serviceA, serviceB] = await Promise.all([serve(a, b, witnessB.url), serve(b, a, witnessA.url)]);
  for (const { url } of [serviceA, serviceB]) {
    await send(url, 20);
    await waitFor('the checkpoint', async () => (await sizeOf(url)) === 20);
  }
  for (const [team, other] of [
    [a, b],
    [b, a],
  ] as const) {
    const { status, report } = await verify(team, other);
    expect(report).toMatchObject({
      size: 20,
      failures: [],
      assurance: { level: 'witnessed', signed: 1, of: 1, size: 20 },
    });
    expect(status).toBe(0);
  }

  // A record and its proof bear the cosignature too.
  const record = join(a.data, '..', 'record.json');
  const proof = join(a.data, '..', 'record.tlog-proof');
  await writeFile(record, (await runCommand(['show', '7', '--url', serviceA.url])).stdout);
  await writeFile(proof, (await runCommand(['proof', '7', '--url', serviceA.url])).stdout);
  const checked = await runCommand([
    'verify',
    record,
    '--proof',
    proof,
    '--vkey',
    a.vkey,
    '--witness',
    b.witnessVkey,
  ]);
  expect(checked.stdout).toContain('Assurance: witnessed 1/1');
  expect(checked.status).toBe(0);

  // The witness dies: the log goes on and says what it lacks.
  witnessB.command.signal('SIGKILL');
  await witnessB.command.ended();
  await send(serviceA.url, 5);
  await waitFor('the checkpoint without it', async () => (await sizeOf(serviceA.url)) === 25);
  const ready = await fetch(`${serviceA.url}/readyz`);
  expect(ready.status).toBe(200);
  expect(await ready.json()).toMatchObject({ status: 'ready', warnings: [{ code: 'quorum_missing' }] });
  expect(await (await fetch(`${serviceA.url}/metrics`)).text()).toMatch(/^spanledger_checkpoint_quorum 0$/m);
  const lacking = await verify(a, b);
  expect(lacking.status).toBe(1);
  expect(lacking.report.failures).toMatchObject([{ code: 'quorum_missing' }]);
  expect((await verify(a, b, '--quorum', '0')).status).toBe(0);

  // It comes back at the same address: the checkpoint is completed, though nothing new is recorded.
  await witnessOf(b, a, new URL(witnessB.url).port);
  await waitFor(
    'the quorum',
    async () =>
      /^spanledger_checkpoint_quorum 1$/m.test(await (await fetch(`${serviceA.url}/metrics`)).text()),
    60_000,
  );
  expect((await verify(a, b)).report).toMatchObject({ failures: [], assurance: { signed: 1, size: 25 } });

  // Two copies of one log go different ways: the witness goes with the first, and proves the other's two faces.
  const copy = join(a.data, '..', 'copy');
  serviceA.command.signal('SIGTERM');
  expect((await serviceA.command.ended()).status).toBe(0);
  await cp(a.data, copy, { recursive: true });
  const first = await serve(a, b, witnessB.url);
  await send(first.url, 10);
  await waitFor('the first face', async () => (await sizeOf(first.url)) === 35);
  const second = await serve(a, b, witnessB.url, copy);
  await send(second.url, 10);
  await waitFor('the second face', async () => (await sizeOf(second.url)) === 35);
  await waitFor('the alarm', () => second.command.output.stderr.includes('contradicts this ledger'));
  expect((await verify(a, b)).status).toBe(0);
  const forked = await verify({ ...a, data: copy }, b);
  expect(forked.report.failures).toMatchObject([{ code: 'quorum_missing' }]);
  expect(forked.status).toBe(1);

  // What the witness signed last tells a copy that was set back from the newest state.
  const digest = createHash('sha256')
    .update(a.vkey.split('+')[0] ?? '')
    .digest('hex');
  const latest = join(a.data, '..', 'latest');
  await writeFile(latest, await (await fetch(`${witnessB.url}/${digest}/checkpoint`)).text());
  expect(await readFile(latest, 'utf8')).toContain('\n35\n');
  const known = await verify({ ...a, data: copy }, b, '--quorum', '0', '--known', latest);
  expect(known.report.failures.map(({ code }) => code)).toContain('known_checkpoint_inconsistent');
  await rm(copy, { recursive: true, force: true }).catch(() => undefined);
});
