import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, startService, type Service } from '@spanledger/audit-exporter';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeDataDirectory, sendTraces, waitFor } from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf } from '../../support/exporter/spans.ts';

let data: Awaited<ReturnType<typeof makeDataDirectory>>;
let service: Service | undefined;
const sender = createSender('anchors');

beforeEach(async () => {
  data = await makeDataDirectory();
});

afterEach(async () => {
  await service?.close();
  service = undefined;
  await data.remove();
});

async function start(anchor: string): Promise<Service> {
  const file = join(data.path, 'spanledger.yaml');
  await writeFile(file, `anchors:\n  - ${anchor}\n`);
  const env = { SPANLEDGER_LOG_LEVEL: 'silent', SPANLEDGER_PUBLISH_INTERVAL_MS: '20' };
  service = await startService(
    loadConfig({
      directory: data.path,
      file,
      env,
      flags: { dataDirectory: join(data.path, 'data'), port: 0 },
    }),
  );
  return service;
}

async function record({ url }: Service): Promise<void> {
  const answer = await sendTraces(
    url,
    toProtobuf([sender.span({ attributes: sessionAttributes('alice', 's') })]),
  );
  expect(answer.status).toBe(200);
}

async function anchorStatus({ url }: Service): Promise<Record<string, unknown>> {
  const status: unknown = await (await fetch(`${url}/api/status`)).json();
  const anchors = typeof status === 'object' && status !== null && 'anchors' in status ? status.anchors : {};
  return { ...(typeof anchors === 'object' ? Object.values(anchors ?? {})[0] : {}) };
}

/** The log takes in what comes, and its anchor says that it is behind and why. */
async function expectBehind(running: Service, why: RegExp): Promise<void> {
  await waitFor('a failure', async () => (await anchorStatus(running))['behind'] === true, 20_000);
  expect((await anchorStatus(running))['error']).toMatch(why);
  await record(running);
}

test('a directory that is missing is waited for, and then gets what it missed', async () => {
  const place = join(data.path, 'place');
  const running = await start(`{ name: a, directory: ${place}, after_checkpoints: 1 }`);
  await record(running);
  await expectBehind(running, /ENOENT/);
  await mkdir(place);
  await waitFor('the anchor', async () => (await readdir(place)).length > 0, 20_000);
  await waitFor('good news', async () => (await anchorStatus(running))['behind'] === false);
});

describe.skipIf(!canMount())('a directory', () => {
  let place = '';
  beforeEach(async () => {
    place = join(data.path, 'place');
    await mkdir(place);
    mount('-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', place);
  });
  afterEach(() => {
    execFileSync('umount', [place]);
  });

  test('on a full disk holds up the anchor and nothing else', async () => {
    const filler = join(place, 'filler');
    await writeFile(filler, Buffer.alloc(64 * 1024)).catch(() => undefined);
    const running = await start(`{ name: a, directory: ${place}, after_checkpoints: 1 }`);
    await record(running);
    await expectBehind(running, /ENOSPC/);
    expect(await readdir(place)).toEqual(['filler']);
    await rm(filler);
    await waitFor(
      'the anchor',
      async () => (await readdir(place)).some((name) => /^\d{20}$/.test(name)),
      20_000,
    );
    await running.close();
    service = undefined;
  });

  test('that becomes read-only holds up the anchor and nothing else', async () => {
    mount('-o', 'remount,ro', place);
    const running = await start(`{ name: a, directory: ${place}, after_checkpoints: 1 }`);
    await record(running);
    await expectBehind(running, /EROFS/);
    mount('-o', 'remount,rw', place);
    await waitFor('the anchor', async () => (await readdir(place)).length > 0, 20_000);
    await running.close();
    service = undefined;
  });
});

test('a command that fails, is missing or hangs holds up the anchor and nothing else', async () => {
  const commands: [string, RegExp][] = [
    [`[${process.execPath}, -e, 'process.exit(7)']`, /ended with 7/],
    [`[${join(data.path, 'missing')}]`, /cannot be started/],
    [`[${process.execPath}, -e, 'setInterval(() => {}, 1000)']`, /did not end within 1000 ms/],
  ];
  for (const [command, why] of commands) {
    const running = await start(`{ name: a, command: ${command}, after_checkpoints: 1, timeout_seconds: 1 }`);
    await record(running);
    await expectBehind(running, why);
    await running.close();
    service = undefined;
  }
});

test('a stop does not wait for a command that hangs', async () => {
  const running = await start(
    `{ name: a, command: [${process.execPath}, -e, 'setInterval(() => {}, 1000)'], timeout_seconds: 3600 }`,
  );
  await record(running);
  const startedMs = performance.now();
  await running.close();
  service = undefined;
  expect(performance.now() - startedMs).toBeLessThan(10_000);
  await rm(join(data.path, 'data'), { recursive: true });
});

function mount(...args: string[]): void {
  execFileSync('mount', args, { stdio: 'ignore' });
}

/** Only root may mount, and not everywhere. */
function canMount(): boolean {
  const scratch = mkdtempSync(join(tmpdir(), 'spanledger-mount-'));
  try {
    mount('-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', scratch);
    execFileSync('umount', [scratch]);
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(scratch);
  }
}
