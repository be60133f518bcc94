import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { AuditRecord, JsonObject, Openings } from '@spanledger/record';
import { afterEach, beforeEach, expect, it } from 'vitest';

import type { FollowedRecord } from '../../../../packages/exporter/src/followed-records.ts';
import type { RowSealer } from '../../../../packages/exporter/src/outbox/index.ts';
import { createRowSealer } from '../../../../packages/exporter/src/privacy/index.ts';
import { openSessions } from '../../../../packages/exporter/src/sessions/index.ts';
import type { SessionsConfig, SessionStore } from '../../../../packages/exporter/src/sessions/index.ts';

const MINUTE = 60_000;
const NINE = Date.UTC(2026, 10, 2, 9);
const at = (minute: number): string => new Date(NINE + minute * MINUTE).toISOString().replace('Z', '000000Z');
const KEY = Buffer.alloc(32, 7);

let directory: string;
let log: FollowedRecord[];
let store: SessionStore;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-sessions-'));
  log = [];
});
afterEach(async () => {
  store.close();
  await rm(directory, { recursive: true });
});

function open(
  limits: Partial<SessionsConfig['limits']> = {},
  sealer: RowSealer = createRowSealer(KEY, 'sessions'),
): void {
  store = openSessions({
    file: join(directory, 'sessions.db'),
    key: KEY,
    openings: { read: () => Promise.resolve(new Map<number, Openings>()) },
    records: {
      read: ({ first, entries }) => Promise.resolve(log.slice(first, first + entries.length)),
      forget: () => undefined,
    },
    deriving: {
      config: {
        limits: { idleMs: 30 * MINUTE, inactivityMs: undefined, absoluteMs: undefined, ...limits },
        overrides: [],
        clockSkewMs: 5000,
      },
      sealer,
    },
  });
}

/** Appends a use of a session to the log. */
function use(minute: number, session = 'session', openings: Openings = {}): void {
  append(
    {
      '@timestamp': at(minute),
      audit: {
        actor: { id: 'actor', type: 'user' },
        record: { id: `use-${log.length}` },
        session: { id: session },
      },
      event: { action: 'GET /', kind: 'event', outcome: 'success', duration: 5 },
      span: { id: 's', kind: 'server' },
      oidc: { issuer: 'https://id.example', client_id: 'web' },
    },
    openings,
  );
}

function append(record: JsonObject, openings: Openings = {}): void {
  const parsed: AuditRecord & JsonObject = JSON.parse(JSON.stringify(record));
  log.push({ index: log.length, record: parsed, openings });
}

async function follow(): Promise<void> {
  const first = store.position();
  const entries = log.slice(first).map(() => new Uint8Array());
  if (entries.length > 0) await store.process({ first, entries });
}

/** Appends what was derived, as the service does. */
function drain(): { action: string; reason: string; time: string; start: string | undefined }[] {
  return (store.outbox?.take(100) ?? []).map(({ draft, actorRef, sessionRef }) => {
    const { audit, event, ...rest } = draft.clear;
    append({
      ...rest,
      event: Object(event),
      audit: {
        ...Object(audit),
        actor: { id: actorRef ?? '', type: 'user' },
        session: { id: sessionRef ?? '' },
      },
    });
    const { action, reason, start } = Object(event);
    return { action, reason, start, time: Object(draft.clear)['@timestamp'] };
  });
}

async function tick(minute: number): Promise<void> {
  await store.tick?.(NINE + minute * MINUTE);
}

it('is idle only with the record of it, and active again with its next use', async () => {
  open();
  use(0);
  await follow();
  await tick(0);
  expect(drain()).toEqual([]);
  use(29, 'another');
  use(31, 'another');
  await follow();
  await tick(31.01);
  expect(drain()).toEqual([{ action: 'session.idle', reason: 'inactivity', time: at(30), start: at(0) }]);
  expect(store.find('session')?.state).toBe('active');
  await follow();
  expect(store.find('session')).toMatchObject({ state: 'idle', lastSeen: at(0), records: 2 });
  expect(store.outbox?.size).toBe(0);
  // Once, however often it is looked at.
  await tick(33);
  await tick(34);
  expect(drain()).toEqual([]);
  use(35);
  await follow();
  expect(store.find('session')?.state).toBe('active');
  expect(store.find('session')?.steps.map(({ step }) => step)).toEqual(['active', 'idle', 'active']);
});

it('has expired after its time, and what is used then is told of', async () => {
  open({ inactivityMs: 10 * MINUTE });
  use(0);
  use(11, 'another');
  await follow();
  await tick(11.01);
  expect(drain()).toMatchObject([{ action: 'session.expired', reason: 'inactivity', time: at(10) }]);
  use(12);
  await follow();
  expect(drain()).toMatchObject([{ action: 'session.used_after_end', reason: 'expired', time: at(12) }]);
  await follow();
  expect(store.find('session')).toMatchObject({ state: 'expired', ended: at(10) });
  expect(drain()).toEqual([]);
});

it('has expired where records come at once that show so', async () => {
  open({ inactivityMs: 10 * MINUTE });
  use(0);
  use(5);
  use(40);
  await follow();
  expect(drain()).toMatchObject([{ action: 'session.expired', time: at(15), start: at(5) }]);
  await follow();
  expect(drain()).toMatchObject([{ action: 'session.used_after_end', time: at(40) }]);
});

it('takes nobody for idle whose records are still on their way', async () => {
  open();
  use(-600);
  await follow();
  await tick(0);
  expect(drain()).toEqual([]);
  // Nothing came for half an hour since, though.
  await store.tick?.(Date.now() + 40 * MINUTE);
  expect(drain()).toMatchObject([{ action: 'session.idle', time: at(-570) }]);
});

it('derives the same when it is built anew, and knows it from the ledger', async () => {
  open({ inactivityMs: 10 * MINUTE });
  use(0);
  use(40);
  await follow();
  drain();
  await follow();
  drain();
  await follow();
  const before = store.find('session');
  expect(before?.steps.map(({ step }) => step)).toContain('used_after_end');
  store.close();
  await rm(join(directory, 'sessions.db'));
  open({ inactivityMs: 10 * MINUTE });
  await follow();
  expect(store.find('session')).toEqual(before);
  expect(store.outbox?.size).toBe(0);
});

it('looks at many sessions over several ticks', async () => {
  open();
  for (let i = 0; i < 3000; i++) use(0, `session-${i}`);
  use(31, 'another');
  await follow();
  for (let i = 0; i < 3; i++) await tick(31.01 + i / 100);
  expect(store.outbox?.size).toBe(3000);
});

it('keeps nothing of a batch that was not stored', async () => {
  const sealer = createRowSealer(KEY, 'sessions');
  let failures = 1;
  open(
    { inactivityMs: 10 * MINUTE },
    {
      ...sealer,
      seal(name, bytes) {
        if (failures-- > 0) throw new Error('the disk is full');
        return sealer.seal(name, bytes);
      },
    },
  );
  use(0);
  await follow();
  use(40);
  await expect(follow()).rejects.toThrow('the disk is full');
  await follow();
  expect(store.find('session')).toMatchObject({ records: 2, lastSeen: at(40) });
  expect(drain()).toMatchObject([{ action: 'session.expired', time: at(10) }]);
});

it('links nothing again that was unlinked, whatever was in memory', async () => {
  open();
  use(0, 'session', { identity: { salt: 's', value: { session: { id: 'sid-1' }, user: { id: 'alice' } } } });
  await follow();
  expect(store.find('sid-1')).toMatchObject({ reference: 'session', identity: 1 });
  await store.erase?.({ actor: 'actor', sessions: ['session'], records: [] });
  use(1);
  await follow();
  expect(store.find('session')).toMatchObject({ identity: 0, records: 2 });
  expect(store.find('sid-1')).toBeUndefined();
});

it('gives out rows that nobody changes', async () => {
  open();
  use(0);
  await follow();
  const before = store.find('session');
  use(1);
  await follow();
  expect(before?.records).toBe(1);
});
