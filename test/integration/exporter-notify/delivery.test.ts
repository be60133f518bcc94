import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dataDirectory, type Service } from '@spanledger/audit-exporter';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { runHere } from '../../support/cli/context.ts';
import { alertDraft, appendDrafts } from '../../support/exporter/alerts.ts';
import {
  makeDataDirectory,
  readAllFiles,
  startTestService,
  waitFor,
} from '../../support/exporter/service.ts';
import { HttpReceiver } from '../../support/receivers/http.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const PERSONAL = ['alice-4711', '203.0.113.7', 'five failed logins'];

let data: Awaited<ReturnType<typeof makeDataDirectory>>;
let running: Service | undefined;
let first: HttpReceiver;
let second: HttpReceiver;

beforeEach(async () => {
  data = await makeDataDirectory();
  first = await HttpReceiver.start();
  second = await HttpReceiver.start();
});

afterEach(async () => {
  await running?.close();
  running = undefined;
  await first[Symbol.asyncDispose]();
  await second[Symbol.asyncDispose]();
  await data.remove();
});

async function configure(...more: object[]): Promise<void> {
  await writeFile(join(data.path, 'secret'), SECRET);
  const webhook = { kind: 'webhook', secret_files: ['secret'], timeout_seconds: 1 };
  const deliver = [first, second].map((receiver, i) => ({
    ...webhook,
    name: `target-${i}`,
    url: receiver.url,
    ...more[i],
  }));
  await writeFile(join(data.path, 'spanledger.yaml'), stringify({ alerts: { deliver } }));
}

async function start(): Promise<Service> {
  running = await startTestService(data.path);
  return running;
}

async function stop(): Promise<void> {
  await running?.close();
  running = undefined;
}

/** Alerts that come while the service does not run, as its own derive them while it does. */
async function append(...ids: string[]): Promise<void> {
  await appendDrafts(
    data.path,
    ids.map((id) => alertDraft({ id })),
  );
}

function received(receiver: HttpReceiver): string[] {
  return receiver.posts.map(({ headers }) => String(headers['webhook-id']));
}

async function answer(path: string): Promise<string> {
  const response = await fetch(`${running?.url}${path}`);
  return response.text();
}

describe('delivery of alerts', () => {
  test('begins with what comes, names nobody unless told to, and can be verified by whoever gets it', async () => {
    await configure({}, { include: ['identity', 'network', 'content'] });
    await start();
    await stop();
    await append('alert-1');
    await start();
    await waitFor('both', () => first.posts.length === 1 && second.posts.length === 1);
    for (const personal of PERSONAL) {
      expect(first.posts[0]?.body).not.toContain(personal);
      expect(second.posts[0]?.body).toContain(personal);
    }
    for (const post of [first.posts[0], second.posts[0]]) {
      const headers = {
        'webhook-id': String(post?.headers['webhook-id']),
        'webhook-timestamp': String(post?.headers['webhook-timestamp']),
        'webhook-signature': String(post?.headers['webhook-signature']),
      };
      const payload: unknown = new Webhook(SECRET).verify(post?.body ?? '', headers);
      const file = join(data.path, 'document.json');
      await writeFile(file, JSON.stringify(Object(payload).data));
      const verified = await runHere(['verify', file, '--data', data.path]);
      expect(verified.status, verified.stdout).toBe(0);
    }
    // What delivery keeps names nobody, and no secret.
    const files = await readAllFiles(join(data.path, 'state'));
    for (const [path, bytes] of files) {
      for (const secret of [...PERSONAL, SECRET]) expect(bytes.includes(secret), path).toBe(false);
    }
  });

  test('loses nothing and doubles nothing over an outage of one target and a restart, while the other goes on', async () => {
    await configure();
    await start();
    await stop();
    first.answer = { status: 503 };
    await append('alert-1', 'alert-2');
    await start();
    await waitFor('the other target', () => second.posts.length === 2);
    await waitFor('a failure', () => first.posts.length > 0);
    await waitFor('a warning', async () => (await answer('/readyz')).includes('alerts_undelivered'));
    expect(await answer('/readyz')).toContain('alerts do not reach target-0: http 503; 2 wait');
    expect(await answer('/metrics')).toContain('spanledger_alert_delivery_up{target="target-0"} 0');
    await waitFor('the count', async () =>
      (await answer('/metrics')).includes('spanledger_alert_delivered_total{target="target-1"} 2'),
    );
    await stop();
    await append('alert-3');
    first.answer = { status: 200 };
    first.posts.length = 0;
    await start();
    await waitFor('all', () => first.posts.length === 3 && second.posts.length === 3);
    expect(received(first)).toEqual(['alert-1', 'alert-2', 'alert-3']);
    expect(received(second)).toEqual(['alert-1', 'alert-2', 'alert-3']);
    await waitFor('no warning', async () => !(await answer('/readyz')).includes('alerts_undelivered'));
  });

  test('puts what is refused to the dead letters, which doctor lists and retry sends again', async () => {
    await configure();
    await start();
    await stop();
    await append('alert-1', 'alert-2');
    first.next.push({ status: 400 });
    const service = await start();
    await waitFor('a dead letter', async () => (await answer('/readyz')).includes('alert_dead_letters'));
    await waitFor('the next', () => first.posts.length === 2);
    const doctor = await runHere(['doctor', '--data', data.path]);
    expect(doctor.stdout).toContain('alerts to target-0: it did not take 1: record 0 (http 400)');
    expect(doctor.status).toBe(1);
    const asked = await runHere(['doctor', '--url', service.url]);
    expect(asked.stdout).toContain('it did not take 1 alerts');
    const { stdout } = await runHere(['alerts', 'retry', 'target-0', '--data', data.path]);
    expect(stdout).toContain('1 alerts are sent again');
    await waitFor('the retry', () => first.posts.length === 3);
    expect(received(first)).toEqual(['alert-1', 'alert-2', 'alert-1']);
    await waitFor('no warning', async () => !(await answer('/readyz')).includes('alert_dead_letters'));
    expect((await runHere(['doctor', '--data', data.path])).stdout).not.toContain('did not take');
    expect(received(second)).toEqual(['alert-1', 'alert-2']);
  });

  test('says what is wrong where its own state cannot be read, and the service goes on', async () => {
    await configure();
    await start();
    await stop();
    await writeFile(
      dataDirectory(data.path).deliveryFile,
      'no database, and longer than its header'.repeat(9),
    );
    await start();
    await waitFor('a warning', async () => (await answer('/readyz')).includes('alerts_undelivered'));
    expect(await answer('/readyz')).toMatch(/"ready".*delivery\.db.* cannot be read/);
  });
});

describe('spanledger alerts test', () => {
  test('tries each target and tells how it ended', async () => {
    await configure();
    second.answer = { status: 401 };
    const file = join(data.path, 'spanledger.yaml');
    // Relative paths begin at the working directory.
    const env = { SPANLEDGER_ALERTS_TARGET_0_SECRET: SECRET, SPANLEDGER_ALERTS_TARGET_1_SECRET: SECRET };
    const both = await runHere(['alerts', 'test', '--config', file], { env });
    expect(both.stdout).toMatch(
      /^ok {3}target-0 \(webhook\): delivered in \d+ ms\nBAD {2}target-1 \(webhook\): refused: http 401\n$/,
    );
    expect(both.status).toBe(1);
    const one = await runHere(['alerts', 'test', 'target-0', '--config', file, '--json'], { env });
    expect(JSON.parse(one.stdout)).toMatchObject({ target: 'target-0', outcome: 'delivered' });
    expect(one.status).toBe(0);
    const none = await runHere(['alerts', 'test', 'nobody', '--config', file], { env });
    expect(none.stderr).toContain('There are: target-0, target-1.');
    expect(none.status).toBe(2);
  });
});
