import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectArchive, type Service } from '@spanledger/audit-exporter';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { runCommand } from '../../support/cli/process.ts';
import { createFailedLogins } from '../../support/exporter/failed-logins.ts';
import { makeDataDirectory, sendTraces, startTestService, waitFor } from '../../support/exporter/service.ts';
import { HttpReceiver } from '../../support/receivers/http.ts';
import type { Running } from '../door.ts';
import { startAlertmanager } from './alertmanager.ts';

const WAIT_MS = 20_000;

let hook: HttpReceiver;
let alertmanager: Running;
let data: Awaited<ReturnType<typeof makeDataDirectory>>;
let config = '';
let service: Service;

beforeAll(async () => {
  hook = await HttpReceiver.start();
  alertmanager = await startAlertmanager(hook.url);
  data = await makeDataDirectory();
  config = join(data.path, 'spanledger.yaml');
  await writeFile(
    config,
    stringify({ alerts: { deliver: [{ name: 'ops', kind: 'alertmanager', url: alertmanager.address }] } }),
  );
  service = await startTestService(data.path);
});

afterAll(async () => {
  await service.close();
  await data.remove();
  await alertmanager.close();
  await hook[Symbol.asyncDispose]();
});

interface Held {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  endsAt: string;
  status: { state: string };
}

/** What Alertmanager holds. */
async function held(filter = ''): Promise<Held[]> {
  const response = await fetch(`${alertmanager.address}/api/v2/alerts${filter}`);
  expect(response.status).toBe(200);
  const alerts: Held[] = Object(await response.json());
  return alerts;
}

/** What it told others of an alert, in order. */
function told(id: string): string[] {
  return hook.posts
    .map(({ body }) => Object(JSON.parse(body)))
    .filter(({ groupLabels }) => groupLabels.alert_id === id)
    .map(({ status }) => status);
}

test('an alert that is raised arrives with labels and annotations, and ends with its resolution', async () => {
  const from = Math.floor(Date.now() / 1000) - 60;
  await sendTraces(service.url, createFailedLogins()('alice', 5, from));
  const archive = connectArchive(service.url);
  await waitFor('the alert', async () => (await archive.alerts({})).alerts.length === 1);
  const [raised] = (await archive.alerts({})).alerts;
  const id = raised?.id ?? '';
  const filter = `?filter=${encodeURIComponent(`alert_id="${id}"`)}`;
  await waitFor('Alertmanager', async () => (await held(filter)).length === 1, WAIT_MS);
  const [alert] = await held(filter);
  expect(alert).toMatchObject({
    labels: {
      alertname: 'failed-logins-per-user',
      alert_id: id,
      severity: raised?.severity,
      source: 'spanledger',
    },
    annotations: { summary: 'Repeated failed logins of one user', records: '5', audit_record_id: id },
    status: { state: 'active' },
  });
  expect(Date.parse(alert?.startsAt ?? '')).toBe(from * 1000);
  expect(Date.parse(alert?.endsAt ?? '')).toBeGreaterThan(Date.now() + 20 * 3_600_000);
  expect(JSON.stringify(alert), 'who it was is not told unless the target may know').not.toContain('alice');
  await waitFor('what it tells', () => Promise.resolve(told(id).length > 0), WAIT_MS);
  expect(told(id)).toEqual(['firing']);

  await archive.changeAlert(id, { status: 'acknowledged', note: 'I look' });
  await archive.changeAlert(id, { status: 'resolved', note: 'it was her' });
  await waitFor('the end', async () => (await held(filter)).length === 0, WAIT_MS);
  await waitFor('what it tells', () => Promise.resolve(told(id).includes('resolved')), WAIT_MS);
  expect(told(id).at(-1)).toBe('resolved');
});

test('`alerts test` reaches it, and tells when it does not', async () => {
  const tried = await runCommand(['alerts', 'test', '--config', config, '--json']);
  expect(tried).toMatchObject({ status: 0, stderr: '' });
  expect(JSON.parse(tried.stdout)).toMatchObject({ target: 'ops', outcome: 'delivered' });
  await waitFor(
    'the test alert',
    async () => (await held()).some(({ labels }) => (labels['alert_id'] ?? '').startsWith('test-')),
    WAIT_MS,
  );
  const wrong = {
    deliver: [{ name: 'ops', kind: 'alertmanager', url: `${alertmanager.address}/elsewhere` }],
  };
  const other = join(data.path, 'other.yaml');
  await writeFile(other, stringify({ alerts: wrong }));
  expect((await runCommand(['alerts', 'test', '--config', other])).status).toBe(1);
});
