import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openAlertList, openAlerts } from '../../../../packages/exporter/src/alerts/alert-store.ts';
import type { Follower } from '../../../../packages/exporter/src/follower.ts';
import { createRowSealer } from '../../../../packages/exporter/src/privacy/index.ts';
import { BEGINNING_MS, followedRecord } from '../../../support/exporter/alert-records.ts';
import { rule } from './support.ts';

const KEY = new Uint8Array(32).fill(7);
const RECORDS = 600;
const BATCH = 300;

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-alerts-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Alerts by a rule that the 500th record of somebody fulfils. */
function open(maxKeys = 1000): Follower {
  const taken = Array.from({ length: RECORDS }, (_, index) =>
    followedRecord(index, BEGINNING_MS + index, { 'event.action': 'x' }),
  );
  return openAlerts({
    file: join(directory, 'alerts.db'),
    key: KEY,
    rules: rule('window: 1h\nalert_if: { count: 500 }'),
    maxKeys,
    records: {
      read: ({ first, entries }) => Promise.resolve(taken.slice(first, first + entries.length)),
      forget: () => undefined,
    },
    readRecord: (index) => Promise.resolve(taken[index] ?? followedRecord(index, BEGINNING_MS, {})),
    sealer: createRowSealer(KEY, 'alerts'),
    log: { origin: 'example.com/log', size: RECORDS },
  });
}

function batch(first: number): { first: number; entries: Uint8Array[] } {
  return { first, entries: Array.from({ length: BATCH }, () => new Uint8Array()) };
}

function reached(): number {
  const list = openAlertList({ file: join(directory, 'alerts.db'), key: KEY });
  try {
    return list.position();
  } finally {
    list.close();
  }
}

test('what a crash has repeated gives the same records, once', async () => {
  const crashed = open();
  await crashed.process(batch(0));
  await crashed.process(batch(BATCH));
  expect(crashed.position()).toBe(RECORDS);
  expect(reached(), 'for whoever looks').toBe(RECORDS);
  const drafts = crashed.outbox?.take(10) ?? [];
  expect(drafts).toHaveLength(1);

  // Not closed: what the rules keep is not stored, and the position neither.
  const next = open();
  expect(next.position()).toBe(0);
  await next.process(batch(0));
  await next.process(batch(BATCH));
  expect(next.outbox?.take(10).map(({ draft }) => draft.id)).toEqual(drafts.map(({ draft }) => draft.id));
  next.close();

  const last = open();
  expect(last.position()).toBe(RECORDS);
  last.close();
  crashed.close();
});

test('more keys than may be in memory are stored at once', async () => {
  const follower = open(1);
  await follower.process(batch(0));
  const other = open();
  expect(other.position()).toBe(BATCH);
  other.close();
  follower.close();
});

test('a tick stores what waits', async () => {
  const follower = open();
  await follower.process(batch(0));
  await follower.tick?.(Date.now());
  const other = open();
  expect(other.position()).toBe(BATCH);
  other.close();
  follower.close();
});
