import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DeliveryState, type WaitingAlert } from '../../../../packages/exporter/src/notify/delivery-state.ts';

const LOG = { origin: 'example.com/log', size: 10 };

function waiting(index: number): WaitingAlert {
  return { index, action: 'raised', severity: 'high', rule: 'r' };
}

let directory = '';
let file = '';
let state: DeliveryState;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-delivery-'));
  file = join(directory, 'delivery.db');
  state = new DeliveryState(file);
});

afterEach(async () => {
  state.close();
  await rm(directory, { recursive: true, force: true });
});

function reopen(): void {
  state.close();
  state = new DeliveryState(file);
}

describe('DeliveryState', () => {
  it('begins at the end of the log, and keeps what waits for each target over a start', () => {
    expect(state.begin(LOG, ['a', 'b'])).toBe(false);
    expect(state.position()).toBe(10);
    state.take([waiting(12), waiting(15)], 20);
    state.settle('a', 13);
    reopen();
    expect(state.begin({ ...LOG, size: 30 }, ['a', 'b'])).toBe(false);
    expect(state.position()).toBe(20);
    expect(state.waitingFor('a').map(({ index }) => index)).toEqual([15]);
    expect(state.waitingFor('b').map(({ index }) => index)).toEqual([12, 15]);
    expect(state.countWaiting()).toBe(2);
    state.settle('b', 16);
    expect(state.countWaiting()).toBe(1);
  });

  it('tells a target that is new of what comes from now on, and forgets one that is gone', () => {
    state.begin(LOG, ['a']);
    state.take([waiting(12)], 20);
    state.settle('a', 13, { index: 12, reason: 'http 400', atMs: 1 });
    state.begin({ ...LOG, size: 20 }, ['b']);
    expect(state.waitingFor('b')).toEqual([]);
    expect(state.countDeadLetters().size).toBe(0);
    state.take([waiting(25)], 30);
    expect(state.waitingFor('b').map(({ index }) => index)).toEqual([25]);
  });

  it('begins anew with another log, and with one that was cut back', () => {
    state.begin(LOG, ['a']);
    state.take([waiting(12)], 20);
    expect(state.begin({ ...LOG, size: 15 }, ['a'])).toBe(true);
    expect(state.position()).toBe(15);
    expect(state.waitingFor('a')).toEqual([]);
    expect(state.begin({ origin: 'example.com/other', size: 40 }, ['a'])).toBe(true);
    expect(state.position()).toBe(40);
  });

  it('keeps dead letters until they are tried again with success', () => {
    state.begin(LOG, ['a', 'b']);
    state.take([waiting(12), waiting(13)], 20);
    state.settle('a', 13, { index: 12, reason: 'http 400', atMs: 1 });
    state.settle('a', 14, { index: 13, reason: 'http 404', atMs: 2 });
    expect(state.deadLetters('b')).toEqual([]);
    expect(state.nextRetry('a')).toBeUndefined();
    expect(state.retry('a')).toBe(2);
    expect(state.nextRetry('a')).toBe(12);
    state.settleRetry('a', 12);
    state.settleRetry('a', 13, { reason: 'http 410', atMs: 3 });
    expect(state.nextRetry('a')).toBeUndefined();
    expect(state.deadLetters()).toEqual([
      { target: 'a', index: 13, reason: 'http 410', atMs: 3, isRetried: false },
    ]);
  });

  it('knows since when the oldest alert fails, over a start', () => {
    state.begin(LOG, ['a']);
    state.take([waiting(12)], 20);
    expect(state.failingSince('a', 100)).toBe(100);
    reopen();
    expect(state.failingSince('a', 200)).toBe(100);
    state.settle('a', 13);
    expect(state.failingSince('a', 300)).toBe(300);
  });

  it('says what to do where it is damaged', async () => {
    state.close();
    await writeFile(file, 'no database at all, and longer than a header of one would be'.repeat(50));
    await rm(`${file}-wal`, { force: true });
    expect(() => new DeliveryState(file)).toThrow(expect.objectContaining({ code: 'delivery_damaged' }));
    await rm(file);
    state = new DeliveryState(file);
  });
});
