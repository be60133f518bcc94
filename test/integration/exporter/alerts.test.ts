import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AlertSummary, connectArchive, openArchive, type Service } from '@spanledger/audit-exporter';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  makeDataDirectory,
  readAllFiles,
  readEntries,
  sendTraces,
  startTestService,
  verifyDirectory,
  waitFor,
} from '../../support/exporter/service.ts';
import { createFailedLogins } from '../../support/exporter/failed-logins.ts';

let data: Awaited<ReturnType<typeof makeDataDirectory>>;
let service: Service;
const failedLogins = createFailedLogins();

beforeEach(async () => {
  data = await makeDataDirectory();
  service = await startTestService(data.path);
});

afterEach(async () => {
  await service.close();
  await data.remove();
});

/** `audit.actor.id` of a document. */
function actorOf(document: unknown): unknown {
  return Object(Object(Object(document)['audit'])['actor'])['id'];
}

async function waitForAlerts(count: number): Promise<AlertSummary[]> {
  const archive = connectArchive(service.url);
  let alerts: AlertSummary[] = [];
  await waitFor(`${count} alerts`, async () => {
    ({ alerts } = await archive.alerts({}));
    return alerts.length >= count;
  });
  return alerts;
}

test('failed logins become an alert: a record like any other, listed, shown with what it rests on, found by a search', async () => {
  await sendTraces(service.url, failedLogins('mallory', 4));
  await sendTraces(service.url, failedLogins('alice', 5));
  const [alert, ...others] = await waitForAlerts(1);
  expect(others).toEqual([]);
  expect(alert).toMatchObject({
    rule: 'failed-logins-per-user',
    severity: 'medium',
    status: 'open',
    user_id: 'alice',
    client_address: '203.0.113.7',
    count: 5,
    technique: 'T1110.001',
    message: expect.stringContaining('5 records'),
  });
  const archive = connectArchive(service.url);
  const shown = await archive.alert(alert?.id ?? '');
  expect(shown?.evidence).toHaveLength(5);
  expect(new Set(shown?.evidence.map(({ event }) => JSON.stringify(event)))).toHaveLength(1);
  expect(shown?.record).toMatchObject({
    event: { kind: 'alert', action: 'alert.raised', severity: 47 },
    rule: { id: 'failed-logins-per-user' },
    threat: { framework: 'MITRE ATT&CK' },
    audit: { alert: { id: alert?.id, status: 'open' }, evidence: { count: 5 } },
  });
  expect(actorOf(shown?.record)).toEqual(expect.any(String));
  expect(actorOf(shown?.record)).toBe(actorOf(shown?.evidence[0]));
  await waitFor('the index', async () => {
    const { records } = await archive.search({ query: 'user.id:alice and event.kind:alert' });
    return records.length === 1;
  });
  expect(await archive.alert('alert-of-nobody')).toBeUndefined();
});

test('nothing that an alert tells of a person lies in a file in the clear', async () => {
  await sendTraces(service.url, failedLogins('alice-in-the-clear', 5));
  await waitForAlerts(1);
  await service.close();
  for (const [file, bytes] of await readAllFiles(data.path)) {
    expect(bytes.includes('alice-in-the-clear'), file).toBe(false);
    expect(bytes.includes('203.0.113.7'), file).toBe(false);
  }
});

test('acknowledged and resolved with a note, which is a record; a data directory alone is only read', async () => {
  await sendTraces(service.url, failedLogins('alice', 5));
  await sendTraces(service.url, failedLogins('bob', 5, 1_764_100_000));
  const [first] = await waitForAlerts(2);
  const id = first?.id ?? '';
  const archive = connectArchive(service.url);
  expect(await archive.changeAlert(id, { status: 'acknowledged', note: 'I look into it' })).toMatchObject({
    status: 'acknowledged',
    note: 'I look into it',
  });
  await waitFor(
    'the list',
    async () => (await archive.alerts({ status: 'acknowledged' })).alerts.length === 1,
  );
  await archive.changeAlert(id, { status: 'resolved', note: 'a password was forgotten' });
  await waitFor('the list', async () => (await archive.alerts({ status: 'resolved' })).alerts.length === 1);
  await expect(archive.changeAlert(id, { status: 'acknowledged' })).rejects.toMatchObject({
    code: 'request_malformed',
  });
  expect(await archive.changeAlert('no-such-alert', { status: 'resolved' })).toBeUndefined();
  await waitFor('both changes', async () => (await archive.alert(id))?.changes.length === 2);
  const shown = await archive.alert(id);
  expect(shown).toMatchObject({ status: 'resolved', note: 'a password was forgotten' });
  expect(shown?.changes.map(({ message }) => message)).toEqual([
    'I look into it',
    'a password was forgotten',
  ]);
  expect((await archive.alerts({ status: 'open' })).alerts).toHaveLength(1);

  await service.close();
  const directory = await openArchive(data.path);
  expect(await directory.alert(id)).toMatchObject({ status: 'resolved' });
  await expect(directory.changeAlert(id, { status: 'resolved' })).rejects.toMatchObject({
    code: 'archive_unreachable',
  });
  await directory.close();
  expect((await verifyDirectory(data.path)).failures).toEqual([]);
});

test('pages, and what is asked for', async () => {
  for (const [i, user] of ['ann', 'ben', 'cem'].entries()) {
    await sendTraces(service.url, failedLogins(user, 5, 1_764_000_000 + 100_000 * i));
  }
  await waitForAlerts(3);
  const archive = connectArchive(service.url);
  const first = await archive.alerts({ limit: 2 });
  expect(first.alerts.map(({ user_id: user }) => user)).toEqual(['cem', 'ben']);
  const second = await archive.alerts({ limit: 2, cursor: first.next ?? '' });
  expect(second).toMatchObject({ alerts: [{ user_id: 'ann' }] });
  expect(second.next).toBeUndefined();
  expect((await archive.alerts({ severity: 'high' })).alerts).toEqual([]);
  expect((await archive.alerts({ severity: 'medium', rule: 'failed-logins-per-user' })).alerts).toHaveLength(
    3,
  );
  expect((await archive.alerts({ rule: 'new-client' })).alerts).toEqual([]);
  for (const query of ['limit=0', 'limit=201', 'status=shut', 'severity=grave', 'cursor=x', 'more=1']) {
    expect((await fetch(`${service.url}/api/alerts?${query}`)).status, query).toBe(400);
  }
  const change = (body: string): Promise<Response> =>
    fetch(`${service.url}/api/alerts/${first.alerts[0]?.id}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
  for (const body of ['{}', '{"status":"open"}', '{"status":"resolved","by":"me"}', 'null', '{']) {
    expect((await change(body)).status, body).toBe(400);
  }
});

test('after a restart, and after a rebuild, the same alerts and none twice', async () => {
  await sendTraces(service.url, failedLogins('alice', 5));
  const before = await waitForAlerts(1);
  await connectArchive(service.url).changeAlert(before[0]?.id ?? '', {
    status: 'acknowledged',
    note: 'seen',
  });
  await service.close();
  const entries = await readEntries(data.path);
  for (const prepare of [
    () => Promise.resolve(),
    () => rm(join(data.path, 'alerts'), { recursive: true }),
    () => writeFile(join(data.path, 'alerts', 'alerts.db'), 'no database'),
  ]) {
    await prepare();
    service = await startTestService(data.path);
    const expected = before.map((alert) => ({
      ...alert,
      status: 'acknowledged',
      note: 'seen',
      changed: expect.any(String),
    }));
    await waitFor(
      'the list',
      async () => (await connectArchive(service.url).alerts({ status: 'acknowledged' })).alerts.length > 0,
    );
    expect(await waitForAlerts(1)).toEqual(expected);
    // What it would derive twice it would send once it has caught up, which it has.
    await sendTraces(service.url, failedLogins('mallory', 1));
    await service.close();
  }
  const after = await readEntries(data.path);
  expect(after.filter(({ event }) => Object(event)['kind'] === 'alert')).toHaveLength(2);
  expect(after).toHaveLength(entries.length + 6);
});

test('rules of one’s own, beside and in place of those that come with it; none of them if they are wrong', async () => {
  await service.close();
  const file = join(data.path, 'rules.yaml');
  await writeFile(
    file,
    `rules:
  - { id: failed-logins-per-user, name: Two are enough, version: 2, severity: high, select: { x: { event.action: oidc.authorization.failed } }, window: 1h, group_by: [audit.actor.id], alert_if: { count: 2 } }
  - { id: slow, name: Slow, version: 1, severity: low, select: { x: { event.duration|gt: 50000000 } }, group_by: [], alert_if: { count: 1 } }
`,
  );
  const config = join(data.path, 'spanledger.yaml');
  await writeFile(config, `alerts: { rules_file: rules.yaml, disable: [slow] }\n`);
  service = await startTestService(data.path);
  await sendTraces(service.url, failedLogins('alice', 3));
  expect(await waitForAlerts(1)).toMatchObject([{ name: 'Two are enough', severity: 'high', count: 2 }]);
  await service.close();

  await writeFile(file, (await readFile(file, 'utf8')).replace('severity: high', 'severity: grave'));
  await expect(startTestService(data.path)).rejects.toMatchObject({
    code: 'config_invalid',
    message: expect.stringContaining('rules.yaml:2:'),
  });
  await writeFile(config, 'alerts: { enabled: false }\n');
  service = await startTestService(data.path);
  expect((await connectArchive(service.url).alerts({})).alerts).toEqual([]);
});
