import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openArchive, type Service } from '@spanledger/audit-exporter';
import { isJsonObject, type JsonObject } from '@spanledger/record';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  makeDataDirectory,
  readEntries,
  sendTraces,
  startTestService,
  verifyDirectory,
  waitFor,
} from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf, type Sender } from '../../support/exporter/spans.ts';

const POLICY = `version: 1
rules:
  - { name: probes, match: { route: /healthz, outcome: success }, level: none }
  - { name: staff, match: { role: admin }, level: full, retention: long, severity: high }
default: { level: metadata }
protect:
  - admin-only: /admin/**
`;

let directory: Awaited<ReturnType<typeof makeDataDirectory>>;
let service: Service | undefined;
const file = (): string => join(directory.path, 'audit-policy.yaml');
const env = (): NodeJS.ProcessEnv => ({ SPANLEDGER_POLICY_FILE: file() });

beforeEach(async () => {
  directory = await makeDataDirectory();
});

afterEach(async () => {
  await service?.close();
  service = undefined;
  await directory.remove();
});

async function start(policy?: string): Promise<Service> {
  if (policy !== undefined) await writePolicy(policy);
  return (service = await startTestService(directory.path, policy === undefined ? {} : env()));
}

async function writePolicy(text: string): Promise<void> {
  await writeFile(`${file()}.new`, text);
  await rename(`${file()}.new`, file());
}

async function stop(): Promise<JsonObject[]> {
  await service?.close();
  service = undefined;
  return (await readEntries(directory.path)).filter(isJsonObject);
}

async function send(
  to: Service,
  sender: Sender,
  ...routes: [route: string, roles?: string[]][]
): Promise<number> {
  const spans = routes.map(([route, roles]) =>
    sender.span({
      attributes: {
        ...sessionAttributes('alice', `s-${roles?.join('-') ?? ''}`),
        'http.route': route,
        'url.path': route,
        'shop.note': 'secret',
        ...(roles !== undefined && { 'user.roles': roles }),
      },
    }),
  );
  return (await sendTraces(to.url, toProtobuf(spans))).status;
}

const at = (record: JsonObject | undefined, path: string): unknown =>
  path.split('.').reduce<unknown>((value, name) => (isJsonObject(value) ? value[name] : undefined), record);
const ofAction = (records: JsonObject[], action: string): JsonObject[] =>
  records.filter((record) => at(record, 'event.action') === action);

describe('a service with a policy', () => {
  test('records what the policy keeps, counts what it leaves out, and leaves no hole', async () => {
    const running = await start(POLICY);
    const sender = createSender('shop');
    expect(
      await send(
        running,
        sender,
        ['/healthz'],
        ['/orders/:id'],
        ['/healthz'],
        ['/admin/x', ['user']],
        ['/a', ['admin']],
      ),
    ).toBe(200);
    expect(await send(running, sender, ['/healthz'], ['/healthz'])).toBe(200);
    expect(running.status()['policy']).toMatchObject({ rules: 2, skipped: 4 });
    const records = await stop();

    const calls = records.filter((record) => at(record, 'audit.sequence') !== undefined);
    expect(calls.map((record) => [at(record, 'http.route'), at(record, 'audit.policy')])).toMatchObject([
      ['/orders/:id', { rule: 'default', level: 'metadata' }],
      ['/admin/x', { rule: 'default', violations: ['role_too_low'] }],
      ['/a', { rule: 'staff', level: 'full', retention: 'long', severity: 'high' }],
    ]);
    expect(ofAction(records, 'policy.skipped').map((record) => at(record, 'audit.policy'))).toMatchObject([
      { rule: 'probes', skipped: { count: 4, numbers: [1, 1, 3, 3, 6, 7], stream_id: sender.streamId } },
    ]);
    const report = await verifyDirectory(directory.path);
    expect(report).toMatchObject({ ok: true, warnings: [] });
    expect(report.producers).toMatchObject([{ count: 7, skipped: 4, missing: [] }]);

    const archive = await openArchive(directory.path, { env: {} });
    try {
      const found = async (query: string): Promise<unknown[]> =>
        (await archive.search({ query })).records.map((record) => at(record, 'http.route'));
      expect(await found('audit.policy.violations:role_too_low')).toEqual(['/admin/x']);
      expect(await found('audit.policy.level:full')).toEqual(['/a']);
      expect(await found('attributes.shop.note:secret')).toEqual(['/a']);
      expect((await archive.search({ query: 'audit.policy.skipped.numbers:7' })).records).toHaveLength(1);
    } finally {
      await archive.close();
    }
  });

  test('recognises repeats of what it left out, also after the next start', async () => {
    const running = await start(POLICY);
    const sender = createSender('shop');
    const body = toProtobuf(
      Array.from({ length: 3 }, () =>
        sender.span({
          attributes: {
            ...sessionAttributes('alice', 's1'),
            'http.route': '/healthz',
            'url.path': '/healthz',
          },
        }),
      ),
    );
    expect((await sendTraces(running.url, body)).status).toBe(200);
    expect((await sendTraces(running.url, body)).status).toBe(200);
    await stop();
    const again = await start(POLICY);
    expect((await sendTraces(again.url, body)).status).toBe(200);
    const records = await stop();
    expect(
      ofAction(records, 'policy.skipped').map((record) => at(record, 'audit.policy.skipped.count')),
    ).toEqual([3]);
  });

  test('records each policy by its hash, takes a changed one up, and keeps the old one where the new is wrong', async () => {
    const running = await start(POLICY);
    const first = at(running.status(), 'policy.sha256');
    const sender = createSender('shop');
    await writePolicy('version: 1\nrules: [{ name: x, level: none }]');
    await waitFor(
      'the wrong policy to be refused',
      () => running.status()['policy'] !== undefined && warnings(),
    );
    expect(at(running.status(), 'policy.sha256')).toBe(first);
    await send(running, sender, ['/healthz'], ['/a']);

    await writePolicy('version: 1\ndefault: { level: full }');
    await waitFor('the new policy', () => at(running.status(), 'policy.sha256') !== first);
    const second = at(running.status(), 'policy.sha256');
    await send(running, sender, ['/healthz']);
    const records = await stop();

    const changes = ofAction(records, 'policy.changed');
    expect(
      changes.map((record) => [
        at(record, 'event.reason'),
        at(record, 'event.outcome'),
        at(record, 'audit.policy.sha256'),
      ]),
    ).toEqual([
      ['started', 'success', first],
      ['refused', 'failure', first],
      ['changed', 'success', second],
    ]);
    const calls = records.filter((record) => at(record, 'audit.sequence') !== undefined);
    expect(calls.map((record) => [at(record, 'http.route'), at(record, 'audit.policy.sha256')])).toEqual([
      ['/a', first],
      ['/healthz', second],
    ]);
    const archive = await openArchive(directory.path, { env: {} });
    const shown = await archive.search({ query: 'event.action:policy.changed', order: 'asc' });
    await archive.close();
    expect(shown.records.map((record) => at(record, 'attributes'))).toMatchObject([
      { 'audit.policy.text': POLICY },
      { 'audit.policy.problems': expect.stringContaining('rules[0].level: "none" leaves out calls') },
      { 'audit.policy.text': 'version: 1\ndefault: { level: full }' },
    ]);

    async function warnings(): Promise<boolean> {
      const answer: unknown = await (await fetch(`${running.url}/readyz`)).json();
      return JSON.stringify(answer).includes('policy_refused');
    }
  });

  test('does not start with a policy that is wrong, and names every place', async () => {
    await expect(start('version: 1\nrules: [{ name: X, level: nil }]')).rejects.toMatchObject({
      code: 'policy_invalid',
      message: expect.stringMatching(
        /audit-policy\.yaml:2:17: rules\[0\]\.name(?:.|\n)*:2:27: rules\[0\]\.level/,
      ),
    });
  });

  test('that is taken away says so once', async () => {
    await start(POLICY);
    await stop();
    await start();
    await stop();
    await start();
    const records = await stop();
    expect(ofAction(records, 'policy.changed').map((record) => at(record, 'event.reason'))).toEqual([
      'started',
      'removed',
    ]);
  });
});

test('without a policy nothing says anything of one', async () => {
  const running = await start();
  await send(running, createSender('shop'), ['/healthz']);
  const records = await stop();
  expect(records).toHaveLength(1);
  expect(at(records[0], 'audit.policy')).toBeUndefined();
});
