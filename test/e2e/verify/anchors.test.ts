import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand, startCommand, type RunningCommand } from '../../support/cli/process.ts';
import { exportRequest, sessionAttributes } from '../support/otlp-json.ts';
import { postSpans } from '../support/recorded-log.ts';

const STREAM = 'fedcba9876543210fedcba9876543210';

let root = '';
let service: RunningCommand | undefined;
let url = '';
let sequence = 0;

const data = (): string => join(root, 'data');
const anchors = (): string => join(root, 'anchors');
const byCommand = (): string => join(root, 'by-command');

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'spanledger-anchors-'));
  await Promise.all([mkdir(anchors()), mkdir(byCommand())]);
  const script = join(root, 'anchor.mjs');
  await writeFile(
    script,
    `import { readFileSync, writeFileSync } from 'node:fs';
     const { SPANLEDGER_ANCHOR_NAME: name } = process.env;
     writeFileSync(process.argv[2] + '/' + name, readFileSync(0));`,
  );
  await writeFile(
    join(root, 'spanledger.yaml'),
    `anchors:
  - name: folder
    directory: ${anchors()}
    after_checkpoints: 1
  - name: program
    command: [${process.execPath}, ${script}, ${byCommand()}]
    after_checkpoints: 2
    after_minutes: 0.001
  - name: broken
    command: [${join(root, 'missing')}]
`,
  );
});

afterAll(async () => {
  await stop();
  await rm(root, { recursive: true, force: true });
});

async function start(): Promise<void> {
  service = startCommand(
    ['serve', '--data', data(), '--port', '0', '--config', join(root, 'spanledger.yaml')],
    {
      SPANLEDGER_PUBLISH_INTERVAL_MS: '20',
    },
  );
  [, url = ''] = await service.printed(/listening at (http:\/\/127\.0\.0\.1:\d+)/);
}

async function stop(): Promise<void> {
  service?.signal('SIGTERM');
  await service?.ended();
  service = undefined;
}

/** Records spans, and waits until a place has a checkpoint over them. */
async function record(count: number, place: string): Promise<void> {
  const spans = Array.from({ length: count }, () => ({
    sequence: ++sequence,
    attributes: sessionAttributes('alice', 'alice-session'),
  }));
  await postSpans(url, exportRequest(STREAM, spans));
  await expect
    .poll(async () => Math.max(0, ...(await readdir(place)).map(Number)), { timeout: 20_000 })
    .toBeGreaterThanOrEqual(sequence);
}

async function verify(place: string): Promise<{ status: number | null; report: Record<string, unknown> }> {
  const { status, stdout } = await runCommand(['verify', '--data', data(), '--anchors', place, '--json']);
  const report: unknown = JSON.parse(stdout);
  return { status, report: { ...(typeof report === 'object' ? report : {}) } };
}

test('checkpoints appear in the directory and at the command', async () => {
  await start();
  await record(3, anchors());
  await record(2, anchors());
  await record(1, byCommand());
  const names = await readdir(anchors());
  expect(names.every((name) => /^\d{20}$/.test(name))).toBe(true);
  const largest = names.sort().at(-1) ?? '';
  expect((await readFile(join(anchors(), largest), 'utf8')).split('\n')[1]).toBe(String(Number(largest)));
});

test('readiness, metrics, status and doctor tell of the one that does not work', async () => {
  const ready = await fetch(`${url}/readyz`);
  expect(ready.status).toBe(200);
  expect(await ready.json()).toMatchObject({
    status: 'ready',
    warnings: [{ code: 'anchor_behind', message: expect.stringMatching(/broken .*cannot be started/) }],
  });
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toContain('spanledger_anchor_behind{anchor="broken"} 1');
  expect(metrics).toContain('spanledger_anchor_behind{anchor="folder"} 0');
  expect(metrics).toMatch(/spanledger_ledger_entries\{moment="published"\} 6/);
  const { stdout } = await runCommand(['doctor', '--url', url]);
  expect(stdout).toMatch(/anchor broken.*behind/);
  expect(stdout).toMatch(/anchor folder/);
});

test('a log that continues its anchors is anchored', async () => {
  await stop();
  for (const place of [anchors(), byCommand()]) {
    const { status, report } = await verify(place);
    expect(status).toBe(0);
    expect(report).toMatchObject({ ok: true, assurance: { level: 'anchored' } });
  }
  const { report } = await verify(anchors());
  expect(report).toMatchObject({
    assurance: { size: 6 },
    anchorsVerified: (await readdir(anchors())).length,
  });
});

test('the whole data directory is rolled back: its own files agree, its anchors do not', async () => {
  await cp(data(), join(root, 'backup'), { recursive: true });
  await start();
  await record(4, anchors());
  await stop();
  await rm(data(), { recursive: true });
  await cp(join(root, 'backup'), data(), { recursive: true });
  const alone = await runCommand(['verify', '--data', data()]);
  expect(alone.status).toBe(0);
  const { status, report } = await verify(anchors());
  expect(status).toBe(1);
  expect(report).toMatchObject({
    ok: false,
    failures: [{ code: 'anchor_ahead', place: { path: expect.stringContaining(anchors()) } }],
    assurance: { level: 'unanchored' },
  });
});

test('the whole data directory is deleted and the log begun anew with the old key', async () => {
  const keys = join(root, 'keys');
  await cp(join(data(), 'keys'), keys, { recursive: true });
  const origin = await readFile(join(data(), 'state', 'origin'), 'utf8');
  await rm(data(), { recursive: true });
  await mkdir(join(data(), 'state'), { recursive: true });
  await cp(keys, join(data(), 'keys'), { recursive: true });
  await writeFile(join(data(), 'state', 'origin'), origin);
  sequence = 100;
  service = startCommand(['serve', '--data', data(), '--port', '0'], {
    SPANLEDGER_PUBLISH_INTERVAL_MS: '20',
  });
  [, url = ''] = await service.printed(/listening at (http:\/\/127\.0\.0\.1:\d+)/);
  const spans = Array.from({ length: 20 }, () => ({
    sequence: ++sequence,
    attributes: sessionAttributes('mallory', 'another-session'),
  }));
  await postSpans(url, exportRequest(STREAM, spans));
  await stop();
  expect((await runCommand(['verify', '--data', data()])).status).toBe(0);
  const { status, report } = await verify(anchors());
  expect(status).toBe(1);
  const codes = (await readdir(anchors())).map(() => ({ code: 'anchor_inconsistent' }));
  expect(report).toMatchObject({ failures: codes });
});

test('a place without anchors is a mistake, not a proof', async () => {
  const { status, stderr } = await runCommand(['verify', '--data', data(), '--anchors', root]);
  expect(status).toBe(2);
  expect(stderr).toContain('holds no anchor');
});
