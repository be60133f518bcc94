import type { RecordDraft } from '@spanledger/record';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  MAX_COUNTED_READINGS,
  READING_WINDOW_MS,
  Readings,
} from '../../../../packages/exporter/src/doors/readings.ts';

const AUDITOR = { name: 'token:abc', tokenId: 'abc', role: 'auditor' } as const;
const ADDRESS = '192.0.2.1';
let written: RecordDraft[] = [];
let isBroken = false;
let readings: Readings;

beforeEach(() => {
  vi.useFakeTimers();
  written = [];
  isBroken = false;
  readings = new Readings({
    log: { error: () => undefined },
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

async function search(
  query: string,
  records = 1,
  caller: typeof AUDITOR | { name: 'token:other'; role: 'auditor' } = AUDITOR,
): Promise<void> {
  await readings.note(caller, ADDRESS, { what: 'records', query, records });
}

test('a reading is recorded before it is answered, and what was asked is committed to', async () => {
  await search('user.id:alice', 7);
  expect(written).toHaveLength(1);
  const [draft] = written;
  expect(draft).toMatchObject({
    subject: { issuer: '', id: 'token:abc' },
    clear: {
      audit: { access: { count: 1, records: 7, role: 'auditor', token: 'abc' }, action: 'READ' },
      event: { action: 'access.read.records', type: ['access'] },
    },
    groups: {
      content: { attributes: { 'audit.access.query': 'user.id:alice' } },
      network: { client: { address: ADDRESS } },
    },
  });
  expect(JSON.stringify(draft?.clear)).not.toContain('alice');
});

test('what was asked in vain is not written down: the name of somebody who was erased would come back', async () => {
  await search('user.id:alice', 0);
  await readings.note(AUDITOR, ADDRESS, { what: 'record', id: 'alice', records: 0 });
  const ask = (what: 'count' | 'histogram', counted: number): Promise<void> =>
    readings.note(AUDITOR, ADDRESS, { what, query: `user.name:"Alice ${counted}"`, records: 0, counted });
  await ask('count', 0);
  await ask('histogram', 3);
  expect(written.map(({ groups }) => 'content' in groups)).toEqual([false, false, false, true]);
  expect(written[0]?.clear).toMatchObject({ audit: { access: { count: 1, records: 0 } } });
  expect(JSON.stringify(written.slice(0, 3))).not.toMatch(/alice/i);
});

test('the same question again is counted, and told when the minute is over', async () => {
  for (let i = 0; i < 5; i++) await search('x', 2);
  await search('y', 1);
  await search('x', 1, { name: 'token:other', role: 'auditor' });
  expect(written).toHaveLength(3);
  await vi.advanceTimersByTimeAsync(READING_WINDOW_MS);
  expect(written).toHaveLength(4);
  expect(written[3]).toMatchObject({ clear: { audit: { access: { count: 4, records: 8 } } } });
  await search('x');
  expect(written).toHaveLength(5);
});

test('what cannot be recorded is not read, not even when it is asked again', async () => {
  isBroken = true;
  await expect(search('x')).rejects.toThrow('takes nothing');
  await expect(search('x')).rejects.toThrow('takes nothing');
  isBroken = false;
  await search('x');
  expect(written).toHaveLength(1);
});

test('what was counted is recorded at the stop', async () => {
  await search('x');
  await search('x');
  await readings.stop();
  expect(written).toHaveLength(2);
});

test('of more questions than are counted each has a record', async () => {
  for (let i = 0; i < MAX_COUNTED_READINGS; i++) await search(`${i}`);
  await search('one more');
  await search('one more');
  expect(written).toHaveLength(MAX_COUNTED_READINGS + 2);
});
