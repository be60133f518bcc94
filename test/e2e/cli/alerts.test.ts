import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectArchive, type Service } from '@spanledger/audit-exporter';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand } from '../../support/cli/process.ts';
import { createFailedLogins } from '../../support/exporter/failed-logins.ts';
import { makeDataDirectory, sendTraces, startTestService, waitFor } from '../../support/exporter/service.ts';

let data: Awaited<ReturnType<typeof makeDataDirectory>>;
let service: Service;

beforeAll(async () => {
  data = await makeDataDirectory();
  service = await startTestService(data.path);
  const failedLogins = createFailedLogins();
  await sendTraces(service.url, failedLogins('alice', 5));
  await sendTraces(service.url, failedLogins('bob', 5, 1_764_100_000));
  await waitFor('the alerts', async () => {
    return (await connectArchive(service.url).alerts({})).alerts.length === 2;
  });
});

afterAll(async () => {
  await service.close();
  await data.remove();
});

const alerts = (...args: string[]): ReturnType<typeof runCommand> =>
  runCommand(['alerts', ...args, '--url', service.url]);
const places = (): [string, string[]][] => [
  ['a data directory', ['--data', data.path]],
  ['a service', ['--url', service.url]],
];

test('list, show, acknowledge, resolve', async () => {
  const listed = await alerts('list');
  expect(listed).toMatchObject({ status: 0, stderr: '' });
  expect(listed.stdout).toMatch(
    /failed-logins-per-user.* 5 {2}bob[\s\S]*failed-logins-per-user.* 5 {2}alice/,
  );
  const { stdout } = await alerts('list', '--json', '-n', '1');
  const { id, user_id: user } = JSON.parse(stdout);
  expect(user).toBe('bob');

  const shown = await alerts('show', id);
  expect(shown.stdout).toMatch(/Repeated failed logins of one user: 5 records/);
  expect(shown.stdout).toMatch(
    /T1110\.001[\s\S]*It rests on 5 records:\n(.*oidc\.authorization\.failed.*\n){5}/,
  );
  expect(JSON.parse((await alerts('show', id, '--json')).stdout).evidence).toHaveLength(5);

  expect(await alerts('ack', id, '--note', 'I call him')).toMatchObject({
    status: 0,
    stdout: `${id} is acknowledged.\n`,
  });
  expect(JSON.parse((await alerts('resolve', id, '-m', 'it was him', '--json')).stdout)).toMatchObject({
    id,
    status: 'resolved',
    note: 'it was him',
  });
  await waitFor(
    'the list',
    async () => (await alerts('list', '--status', 'resolved', '--json')).stdout !== '',
  );
  expect((await alerts('list', '--status', 'open')).stdout).not.toContain('bob');
  expect((await alerts('list', '--severity', 'critical')).stderr).toBe('There are no such alerts.\n');
});

test('what is not there, what is wrong, and who cannot be asked', async () => {
  for (const command of ['show', 'ack', 'resolve']) {
    const { status, stderr } = await alerts(command, 'no-such-alert');
    expect(status).toBe(1);
    expect(stderr).toContain('there is no alert no-such-alert');
  }
  expect((await alerts('list', '--status', 'shut')).status).toBe(2);
  const [alert] = (await connectArchive(service.url).alerts({})).alerts;
  const offline = await runCommand(['alerts', 'ack', alert?.id ?? '', '--data', data.path]);
  expect(offline).toMatchObject({ status: 3, stderr: expect.stringContaining('Only the service records') });
  expect((await runCommand(['alerts', 'list', '--url', 'http://127.0.0.1:9'])).status).toBe(3);
});

test('a replay raises the same alerts, by the same ids; other rules raise others', async () => {
  const { alerts: recorded } = await connectArchive(service.url).alerts({});
  const rules = join(data.path, 'new.yaml');
  for (const [place, where] of places()) {
    const replay = (...args: string[]): ReturnType<typeof runCommand> =>
      runCommand(['alerts', 'replay', ...args, ...where]);
    const replayed = await replay('--json');
    expect(replayed, place).toMatchObject({ status: 0, stderr: '' });
    const lines = replayed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ id, recorded: isRecorded }) => [id, isRecorded])).toEqual(
      recorded.toReversed().map(({ id }) => [id, true]),
    );
    const later = await replay('--json', '--since', '2025-11-25');
    expect(later.stdout.trim().split('\n')).toHaveLength(1);
    expect((await replay('--until', '2025-01-01')).stderr).toBe('The rules raise no alert.\n');
    expect(await replay('--since', '2025-01-02', '--until', '2025-01-01')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('--until is not after --since'),
    });

    await writeFile(
      rules,
      'id: three\nname: Three\nversion: 1\nseverity: low\nselect: { x: { event.action: oidc.authorization.failed } }\nwindow: 1h\ngroup_by: [user.id]\nalert_if: { count: 3 }\n',
    );
    expect((await replay('--rules', rules)).stdout).toMatch(/no .*three +3 {2}alice/);
    await writeFile(rules, 'id: three\n');
    expect(await replay('--rules', rules)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('new.yaml:1:1: name: '),
    });
  }
});

test('a service replays for one at a time, tells what is wrong, and forgets', async () => {
  const ask = (body: object): Promise<Response> =>
    fetch(`${service.url}/api/alert-replays`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const first = await ask({});
  expect(first.status).toBe(202);
  const { id } = Object(await first.json());
  const second = await ask({});
  expect(second.status).toBe(503);
  expect(await second.text()).toContain('another replay is running');
  await waitFor('the replay', async () => {
    const progress = await fetch(`${service.url}/api/alert-replays/${id}`);
    const { state, done, all } = Object(await progress.json());
    return state === 'done' && done === all && all > 0;
  });
  expect((await ask({ since: 'yesterday' })).status).toBe(400);
  expect((await ask({ rules: { name: 'x', text: 'id: x' } })).status).toBe(400);
  expect((await fetch(`${service.url}/api/alert-replays/${id}?after=x`)).status).toBe(400);
  expect((await ask({ until: '2025-01-01T00:00:00Z' })).status).toBe(202);
  expect((await fetch(`${service.url}/api/alert-replays/${id}`)).status).toBe(404);
});
