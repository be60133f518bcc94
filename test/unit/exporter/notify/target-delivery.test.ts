import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Alert } from '../../../../packages/exporter/src/notify/alert.ts';
import { DeliveryState } from '../../../../packages/exporter/src/notify/delivery-state.ts';
import type { WebhookTarget } from '../../../../packages/exporter/src/notify/target-config.ts';
import { TargetDelivery } from '../../../../packages/exporter/src/notify/target-delivery.ts';
import { webhookTarget } from '../../../../packages/exporter/src/notify/webhook.ts';
import { waitFor } from '../../../support/exporter/service.ts';
import { HttpReceiver } from '../../../support/receivers/http.ts';
import { alert, alertDocument } from './alerts.ts';

const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const LOG = { origin: 'example.com/log', size: 0 };

let directory = '';
let state: DeliveryState;
let receiver: HttpReceiver;
let nowMs = 0;
const running: TargetDelivery[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-delivery-'));
  state = new DeliveryState(join(directory, 'delivery.db'));
  state.begin(LOG, ['soc']);
  receiver = await HttpReceiver.start();
  nowMs = 0;
});

afterEach(async () => {
  for (const delivery of running.splice(0)) await delivery.finish(0);
  await receiver[Symbol.asyncDispose]();
  state.close();
  await rm(directory, { recursive: true, force: true });
});

/** So many alerts wait, at the indexes from 0 on. */
function queue(count: number, severity: Alert['severity'] = 'high'): void {
  const alerts = Array.from({ length: count }, (_, index) => ({
    index,
    action: 'raised' as const,
    severity,
    rule: 'r',
  }));
  state.take(alerts, count);
}

function start(more: Partial<WebhookTarget> = {}): TargetDelivery {
  const config: WebhookTarget = {
    kind: 'webhook',
    name: 'soc',
    url: receiver.url,
    minSeverity: 'low',
    rules: undefined,
    actions: ['raised', 'resolved'],
    include: [],
    timeoutMs: 300,
    giveUpMs: 3_600_000,
    secret: { value: SECRET, files: [] },
    caFile: undefined,
    insecure: false,
    ...more,
  };
  const delivery = new TargetDelivery({
    config,
    target: webhookTarget(config),
    state,
    read: (index) =>
      Promise.resolve(
        alert({
          audit: { ...Object(alertDocument()['audit']), record: { id: `record-${index}` } },
        }),
      ),
    onChange: () => undefined,
    now: () => nowMs,
    firstRetryMs: 1,
    random: () => 1,
  });
  running.push(delivery);
  delivery.start();
  return delivery;
}

function received(): (string | undefined)[] {
  return receiver.posts.map(({ headers }) => headers['webhook-id']?.toString());
}

function nothingWaits(): Promise<void> {
  return waitFor('an empty queue', () => state.waitingFor('soc').length === 0);
}

describe('TargetDelivery', () => {
  it('sends in order, and once where nothing fails', async () => {
    queue(3);
    const delivery = start();
    await nothingWaits();
    expect(received()).toEqual(['record-0', 'record-1', 'record-2']);
    expect(delivery.status()).toMatchObject({ delivered: 3, refused: 0, failed: 0, waiting: 0 });
  });

  it.each(['hang', 'cut', { status: 500 }, { status: 429, headers: { 'retry-after': '0' } }] as const)(
    'tries again what ends in %j, with the same id, and passes nothing over',
    async (answer) => {
      receiver.next.push(answer, answer);
      queue(2);
      const delivery = start();
      await nothingWaits();
      expect(received()).toEqual(['record-0', 'record-0', 'record-0', 'record-1']);
      expect(delivery.status()).toMatchObject({ delivered: 2, failed: 2, deadLetters: 0, failures: 0 });
    },
  );

  it('waits as long as it is asked to', async () => {
    receiver.next.push({ status: 503, headers: { 'retry-after': '1' } });
    queue(1);
    const delivery = start();
    const begun = Date.now();
    await waitFor('a failure', () => delivery.status().failures === 1);
    expect(delivery.status().trouble).toBe('http 503');
    delivery.wake();
    await nothingWaits();
    expect(Date.now() - begun).toBeGreaterThanOrEqual(990);
  });

  it.each([400, 401, 404, 410, 301])('sends what is answered %i to the dead letters', async (status) => {
    receiver.next.push({ status, headers: { location: '/elsewhere' } });
    queue(2);
    const delivery = start();
    await nothingWaits();
    expect(received()).toEqual(['record-0', 'record-1']);
    expect(state.deadLetters('soc').map(({ index }) => index)).toEqual([0]);
    expect(delivery.status()).toMatchObject({ delivered: 1, refused: 1, deadLetters: 1 });
    expect(receiver.posts.every(({ path }) => path === '/hook')).toBe(true);
  });

  it('gives an alert up that failed for too long, and goes on', async () => {
    receiver.answer = { status: 500 };
    queue(2);
    const delivery = start({ giveUpMs: 1_000 });
    await waitFor('failures', () => delivery.status().failures >= 2);
    expect(state.deadLetters('soc')).toEqual([]);
    nowMs = 1_500;
    await waitFor('a dead letter', () => state.deadLetters('soc').length === 1);
    expect(state.deadLetters('soc')[0]).toMatchObject({ index: 0, reason: 'http 500' });
    receiver.answer = { status: 200 };
    await nothingWaits();
    expect(received().at(-1)).toBe('record-1');
  });

  it('tries dead letters again when it is asked to', async () => {
    receiver.next.push({ status: 400 }, { status: 400 });
    queue(2);
    const delivery = start();
    await nothingWaits();
    state.retry('soc');
    delivery.wake();
    await waitFor('no dead letters', () => state.deadLetters('soc').length === 0);
    expect(received()).toEqual(['record-0', 'record-1', 'record-0', 'record-1']);
  });

  it.each([
    [{ minSeverity: 'critical' as const }],
    [{ rules: ['another'] }],
    [{ actions: ['resolved' as const] }],
  ])('passes over what %j does not want', async (more) => {
    queue(600);
    start(more);
    await nothingWaits();
    expect(received()).toEqual([]);
  });

  it('delivers what waits before it ends, and no more than that takes', async () => {
    queue(2);
    await start().finish(5_000);
    expect(received()).toEqual(['record-0', 'record-1']);
    state.take([{ index: 7, action: 'raised', severity: 'high', rule: 'r' }], 8);
    receiver.answer = 'hang';
    const begun = Date.now();
    await start({ timeoutMs: 60_000 }).finish(100);
    expect(Date.now() - begun).toBeLessThan(5_000);
    expect(state.waitingFor('soc')).toHaveLength(1);
  });
});
