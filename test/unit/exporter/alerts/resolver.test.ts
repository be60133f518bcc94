import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '@spanledger/record';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openAlertList, openAlerts } from '../../../../packages/exporter/src/alerts/alert-store.ts';
import { builtInRules } from '../../../../packages/exporter/src/alerts/built-in-rules.ts';
import type { FollowedRecord } from '../../../../packages/exporter/src/followed-records.ts';
import type { Follower } from '../../../../packages/exporter/src/follower.ts';
import { createRowSealer } from '../../../../packages/exporter/src/privacy/index.ts';
import { BEGINNING_MS, type Fields, followedRecord } from '../../../support/exporter/alert-records.ts';

const KEY = new Uint8Array(32).fill(7);

let directory = '';
let log: FollowedRecord[];
let follower: Follower;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-resolver-'));
  log = [];
  follower = open();
});
afterEach(async () => {
  follower.close();
  await rm(directory, { recursive: true, force: true });
});

function open(): Follower {
  return openAlerts({
    file: join(directory, 'alerts.db'),
    key: KEY,
    rules: builtInRules(),
    maxKeys: 1000,
    records: {
      read: ({ first, entries }) => Promise.resolve(log.slice(first, first + entries.length)),
      forget: () => undefined,
    },
    readRecord: (index) => Promise.resolve(log[index] ?? followedRecord(index, BEGINNING_MS)),
    sealer: createRowSealer(KEY, 'alerts'),
    log: { origin: 'example.com/log', size: 0 },
  });
}

/** Appends what happened to a producer. @returns its `audit.record.id` */
function say(action: string, fields: Fields = {}): string {
  const index = log.length;
  log.push(
    followedRecord(index, BEGINNING_MS + index * 1000, {
      'event.kind': 'state',
      'event.action': `producer.${action}`,
      'audit.producer.stream_id': 'stream',
      'service.name': 'shop',
      ...fields,
    }),
  );
  return `record-${index}`;
}

async function follow(): Promise<void> {
  const first = follower.position();
  await follower.process({ first, entries: log.slice(first).map(() => new Uint8Array()) });
}

/** Appends what was derived, as the service does. */
function drain(): { action: string; alert: string; evidence: string[]; id: string }[] {
  return (follower.outbox?.take(100) ?? []).map(({ draft }) => {
    const index = log.length;
    const record: JsonObject = JSON.parse(JSON.stringify(draft.clear));
    const made = followedRecord(index, BEGINNING_MS + index * 1000);
    const { alert, evidence } = Object(record['audit']);
    const { actor } = made.record.audit;
    Object.assign(made.record, record, { audit: { ...Object(record['audit']), actor } });
    log.push({ index, record: made.record, openings: {} });
    return {
      id: draft.id,
      action: Object(record['event']).action,
      alert: alert.id,
      evidence: evidence.records,
    };
  });
}

function statuses(): string[] {
  const list = openAlertList({ file: join(directory, 'alerts.db'), key: KEY });
  try {
    return list.list({ limit: 10 }).map(({ rule, status }) => `${rule} ${status}`);
  } finally {
    list.close();
  }
}

test('an alert about missing records is resolved once all of the producer have come', async () => {
  const gaps = [say('gap'), say('gap')];
  await follow();
  const [raised, ...more] = drain();
  expect(more, 'the second is not told of').toEqual([]);
  const closes = (gap: string | undefined): Fields => ({ 'audit.evidence.records': [gap ?? ''] });
  say('gap_closed', closes(gaps[0]));
  say('gap_closed', { ...closes(gaps[1]), 'audit.producer.stream_id': 'another' });
  say('gap_closed', closes('record-unknown'));
  await follow();
  expect(drain(), 'one is missing still').toEqual([]);
  const end = say('gap_closed', closes(gaps[1]));
  await follow();
  const resolved = drain();
  expect(resolved).toEqual([
    {
      id: expect.any(String),
      action: 'alert.resolved',
      alert: raised?.alert,
      evidence: [raised?.alert, end],
    },
  ]);
  await follow();
  expect(statuses()).toEqual(['producer-sequence-gap resolved']);

  const again = say('gap');
  Object.assign(log.at(-1)?.record ?? {}, { '@timestamp': '2026-11-23T08:00:00.000000000Z' });
  await follow();
  expect(drain()).toMatchObject([{ action: 'alert.raised', evidence: [again] }]);

  follower.close();
  await rm(directory, { recursive: true });
  follower = open();
  const size = log.length;
  await follow();
  expect(drain(), 'a rebuild finds it in the ledger').toEqual([]);
  expect(log).toHaveLength(size);
  expect(statuses()).toEqual(['producer-sequence-gap open', 'producer-sequence-gap resolved']);
});

test('an alert that is recorded after its cause is over is resolved then', async () => {
  say('silent');
  const end = say('resumed');
  await follow();
  const [raised] = drain();
  expect(raised).toMatchObject({ action: 'alert.raised' });
  await follow();
  const [resolved, ...more] = drain();
  expect(more).toEqual([]);
  expect(resolved).toMatchObject({ action: 'alert.resolved', evidence: [end, raised?.alert] });
  await follow();
  expect(statuses()).toEqual(['producer-silent resolved']);
});

test('what somebody resolved is not resolved again, and what nobody ends stays open', async () => {
  say('silent');
  say('silent', { 'service.name': 'stock' });
  await follow();
  const raised = drain();
  expect(raised).toHaveLength(2);
  await follow();
  const index = log.length;
  log.push(
    followedRecord(index, BEGINNING_MS + index * 1000, {
      'event.kind': 'alert',
      'event.action': 'alert.resolved',
      'audit.alert': { id: raised[0]?.alert ?? '', status: 'resolved', severity: 'medium' },
    }),
  );
  say('resumed');
  await follow();
  expect(drain()).toEqual([]);
  expect(statuses()).toEqual(['producer-silent open', 'producer-silent resolved']);
});
