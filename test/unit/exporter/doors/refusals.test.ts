import type { RecordDraft } from '@spanledger/record';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { doorRefusals } from '../../../../packages/exporter/src/doors/door-refusals.ts';
import type { Refusal, RefusalReason } from '../../../../packages/exporter/src/doors/refusal.ts';
import {
  MAX_COUNTED_RECORDS,
  MAX_SINGLE_RECORDS,
  type Refusals,
} from '../../../../packages/exporter/src/refusals.ts';

const quiet = { warn: () => undefined, error: () => undefined };
let written: RecordDraft[] = [];
let isBroken = false;
let refusals: Refusals<Refusal>;

beforeEach(() => {
  vi.useFakeTimers();
  written = [];
  isBroken = false;
  refusals = doorRefusals({
    log: quiet,
    record: (drafts) => {
      if (isBroken) return Promise.reject(new Error('the ledger takes nothing'));
      written.push(...drafts);
      return Promise.resolve();
    },
  });
});

afterEach(() => {
  vi.useRealTimers();
});

function refuse(count: number, address = '192.0.2.1', reason: RefusalReason = 'token_unknown'): void {
  const request = { method: 'GET', route: '/api/records', status: 401 as const };
  for (let i = 0; i < count; i++) refusals.add({ reason, address, request });
}

function counts(): unknown[] {
  return written.map(({ clear }) =>
    Reflect.get(Object(Reflect.get(Object(clear['audit']), 'access')), 'count'),
  );
}

function sum(): number {
  return counts().reduce((total: number, count) => total + Number(count), 0);
}

test('the first ones are recorded as they come', () => {
  refuse(3);
  expect(written).toHaveLength(3);
  expect(written[0]).toMatchObject({
    clear: {
      audit: { access: { count: 1, reason: 'token_unknown' }, action: 'AUTHENTICATE', outcome: 'failure' },
      event: { action: 'access.refused', category: ['authentication'], outcome: 'failure' },
      http: { request: { method: 'GET' }, response: { status_code: 401 }, route: '/api/records' },
    },
    groups: { network: { client: { address: '192.0.2.1' } } },
  });
});

test('further ones of a minute are counted, and their number recorded when it is over', () => {
  refuse(100_000);
  expect(written).toHaveLength(MAX_SINGLE_RECORDS);
  vi.advanceTimersByTime(60_000);
  expect(written).toHaveLength(MAX_SINGLE_RECORDS + 1);
  expect(sum()).toBe(100_000);
  expect(written.at(-1)).toMatchObject({
    clear: {
      audit: { access: { count: 100_000 - MAX_SINGLE_RECORDS } },
      event: { start: expect.any(String), end: expect.any(String) },
    },
    groups: { network: { client: { address: '192.0.2.1' } } },
  });
  refuse(1);
  expect(counts().at(-1)).toBe(1);
});

test('from ever so many addresses they are few records all the same, and none is forgotten', () => {
  for (let i = 0; i < 5_000; i++)
    refuse(1, `192.0.${i >> 8}.${i & 255}`, i % 2 === 0 ? 'token_unknown' : 'token_missing');
  vi.advanceTimersByTime(60_000);
  expect(written.length).toBeLessThanOrEqual(MAX_SINGLE_RECORDS + MAX_COUNTED_RECORDS + 2);
  expect(sum()).toBe(5_000);
  // Of many addresses none is named.
  expect(written.at(-1)?.groups).toEqual({});
  expect(refusals.totals).toEqual(
    new Map([
      ['token_unknown', 2_500],
      ['token_missing', 2_500],
    ]),
  );
});

describe('while the ledger takes nothing', () => {
  test('they are counted, and recorded when it does', async () => {
    isBroken = true;
    refuse(30);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(written).toHaveLength(0);
    isBroken = false;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sum()).toBe(30);
  });

  test('they take no more memory than a few records', async () => {
    isBroken = true;
    for (let minute = 0; minute < 5; minute++) {
      for (let i = 0; i < 1_000; i++) refuse(1, `192.0.2.${i}`);
      await vi.advanceTimersByTimeAsync(60_000);
    }
    isBroken = false;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(written.length).toBeLessThanOrEqual(MAX_COUNTED_RECORDS + 1);
    expect(sum()).toBe(5_000);
  });
});

test('a stop records what was counted', async () => {
  refuse(25);
  await refusals.stop();
  expect(sum()).toBe(25);
});

test('who is known is named; who may not do it is another category', () => {
  const request = { method: 'POST', route: '/v1/traces', status: 403 as const };
  refusals.add({
    reason: 'service_not_allowed',
    address: '',
    caller: 'token:0123456789',
    tokenId: '0123456789',
    request,
  });
  expect(written[0]).toMatchObject({
    subject: { issuer: '', id: 'token:0123456789', type: 'service' },
    clear: {
      audit: { access: { token: '0123456789' }, action: 'ACCESS' },
      event: { category: ['iam'], type: ['denied'], reason: 'service_not_allowed' },
    },
    groups: {},
  });
});
