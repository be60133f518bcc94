import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Service } from '@spanledger/audit-exporter';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../support/cli/process.ts';
import {
  hasCaughtUp,
  makeDataDirectory,
  sendTraces,
  startTestService,
  waitFor,
} from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf } from '../../support/exporter/spans.ts';

const POLICY = `version: 1
rules:
  - { name: probes, match: { route: /healthz }, level: none }
default: { level: request }
protect:
  - { scope: orders:write, route: /orders/**, method: POST }
  - { scope: stock:read, route: /stock }
`;

let directory: Awaited<ReturnType<typeof makeDataDirectory>>;
let service: Service;
let file: string;

beforeAll(async () => {
  directory = await makeDataDirectory();
  file = join(directory.path, 'audit-policy.yaml');
  await writeFile(file, POLICY);
  service = await startTestService(directory.path, { SPANLEDGER_POLICY_FILE: file });
  const sender = createSender('shop');
  const spans = [
    ['GET', '/healthz'],
    ['POST', '/orders/:id'],
    ['GET', '/orders/:id'],
    ['GET', '/admin'],
  ].map(([method, route]) =>
    sender.span({
      start: [Math.floor(Date.now() / 1000) - 60, 0],
      attributes: {
        ...sessionAttributes('alice', 's1'),
        'http.request.method': method,
        'http.route': route,
        'url.path': route,
        'oidc.scope': ['orders:write', 'stock:read', 'openid'],
        'user.roles': ['user'],
      },
    }),
  );
  const { status } = await sendTraces(service.url, toProtobuf(spans));
  if (status !== 200) throw new Error(`the service answered ${status}`);
  await waitFor('the index', () => hasCaughtUp(service));
});

afterAll(async () => {
  await service.close();
  await directory.remove();
});

const lines = (text: string): unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe.each(['--url', '--data'])('with %s', (option) => {
  const run = (...args: string[]): ReturnType<typeof runCommand> =>
    runCommand(['policy', ...args, option, option === '--url' ? service.url : directory.path]);

  it('show tells since when which policy is in force, with its text', async () => {
    const { status, stdout } = await run('show');
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^In force since .*Z, record policy-changed-\S+\nSHA-256 [0-9a-f]{64}\n\nversion: 1\nrules:\n/,
    );
    expect(lines((await run('show', '--json')).stdout)).toMatchObject([{ reason: 'started', text: POLICY }]);
  });

  it('test tells what another policy would have made of the same calls', async () => {
    const other = join(directory.path, 'other.yaml');
    await writeFile(
      other,
      'version: 1\nrules: [{ name: reading, match: { method: GET }, level: metadata }]\nprotect: [{ admin-only: /admin }]\n',
    );
    const { status, stdout } = await run('test', other, '--against', '1h');
    expect(status).toBe(0);
    expect(stdout).toMatch(/RULE +LEVEL +RECORDS +FOR EXAMPLE\nreading +metadata +2 .*\ndefault +full +1 /);
    expect(stdout).toMatch(/request +metadata +2 /);
    expect(stdout).toMatch(/role_too_low +1 /);
    expect(lines((await run('test', other, '--against', '1h..1s', '--json')).stdout)).toMatchObject([
      {
        records: 3,
        rules: [
          { rule: 'reading', records: 2 },
          { rule: 'default', records: 1 },
        ],
        changes: [
          { from: 'request', to: 'metadata', records: 2 },
          { from: 'request', to: 'full', records: 1 },
        ],
        violations: [{ violation: 'role_too_low', records: 1 }],
      },
    ]);
    expect(lines((await run('test', other, '--against', '2h..1h', '--json')).stdout)).toMatchObject([
      { records: 0 },
    ]);
  });

  it('report lists the scopes that were granted and never used', async () => {
    const { status, stdout } = await run('report');
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /shop +openid +unasked +3 +0\n.*shop +orders:write +used +3 +1\n.*shop +stock:read +never used +3 +0/,
    );
    expect(lines((await run('report', '--json')).stdout)).toHaveLength(3);
  });
});

describe('what is wrong with the question ends with 2', () => {
  it.each([
    [['test', '/dev/null', '--against', '24h'], /version: is missing; write version: 1/],
    [['test', 'x.yaml'], /--against/],
    [['test', 'x.yaml', '--against', 'yesterday'], /must be a time before now/],
    [['test', 'x.yaml', '--against', '1h..2h'], /--against ends before it begins/],
    [['test', 'x.yaml', '--against', '3h..2h..1h'], /two with \.\. between them/],
  ])('%j', async (args, message) => {
    const { status, stderr } = await runCommand(['policy', ...args, '--data', directory.path]);
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
  });

  it('a report without any policy', async () => {
    const empty = await makeDataDirectory();
    const other = await startTestService(empty.path);
    try {
      const report = await runCommand(['policy', 'report', '--url', other.url]);
      expect(report).toMatchObject({ status: 2, stderr: expect.stringContaining('Name one with --policy') });
      const show = await runCommand(['policy', 'show', '--url', other.url]);
      expect(show).toMatchObject({
        status: 0,
        stdout: 'There is no audit policy: everything is recorded whole.\n',
      });
    } finally {
      await other.close();
      await empty.remove();
    }
  });
});
