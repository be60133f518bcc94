import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { AuditRecord, JsonObject } from '@spanledger/record';
import { afterEach, beforeEach, expect, it } from 'vitest';

import type { DerivedDraft } from '../../../../packages/exporter/src/derived-draft.ts';
import type { FollowedRecord } from '../../../../packages/exporter/src/followed-records.ts';
import { createRowSealer } from '../../../../packages/exporter/src/privacy/index.ts';
import { openSessions } from '../../../../packages/exporter/src/sessions/index.ts';
import type { SessionStore } from '../../../../packages/exporter/src/sessions/index.ts';

const MINUTE = 60_000;
const NINE = Date.UTC(2026, 10, 2, 9);
const SKEW_MS = 5000;
const KEY = Buffer.alloc(32, 7);
const at = (minute: number): string => new Date(NINE + minute * MINUTE).toISOString().replace('Z', '000000Z');

let directory: string;
let log: FollowedRecord[];
let store: SessionStore;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-token-expiry-'));
  log = [];
});
afterEach(async () => {
  store.close();
  await rm(directory, { recursive: true });
});

function open(size = 0): void {
  store = openSessions({
    file: join(directory, 'sessions.db'),
    key: KEY,
    openings: {
      read: (first, end) =>
        Promise.resolve(new Map(log.slice(first, end).map(({ index, openings }) => [index, openings]))),
    },
    records: {
      read: ({ first, entries }) => Promise.resolve(log.slice(first, first + entries.length)),
      forget: () => undefined,
    },
    log: { origin: 'log.example', size },
    deriving: {
      config: {
        limits: { idleMs: 24 * 60 * MINUTE, inactivityMs: undefined, absoluteMs: undefined },
        overrides: [],
        clockSkewMs: SKEW_MS,
      },
      sealer: createRowSealer(KEY, 'sessions'),
    },
  });
}

/** All that is derived is thrown away, and gathered from the log. */
async function rebuild(): Promise<void> {
  store.close();
  await rm(directory, { recursive: true });
  open(log.length);
  await follow();
}

interface Said {
  action?: string;
  /** Minutes after nine at which the token expires. */
  expires?: number;
  session?: string;
  type?: string;
  previous?: string;
  reason?: string;
  grantType?: string;
}

function say(minute: number, token: string | undefined, said: Said = {}): void {
  const { action = 'GET /', expires = 60, session = 'session', type = 'access', previous, reason } = said;
  const oidc = {
    issuer: 'https://id.example',
    client_id: 'web',
    ...(said.grantType !== undefined && { grant_type: said.grantType }),
    ...(token !== undefined && { token: { type, issued_at: at(0), expires_at: at(expires) } }),
  };
  append(
    {
      '@timestamp': at(minute),
      audit: {
        actor: { id: 'actor', type: 'user' },
        record: { id: `record-${log.length}` },
        session: { id: session },
      },
      event: {
        action,
        kind: 'event',
        outcome: 'success',
        ...(action === 'GET /' && { duration: 5 }),
        ...(reason !== undefined && { reason }),
      },
      span: { id: 's', kind: 'server' },
      oidc,
    },
    {
      user: { id: 'ada' },
      oidc: {
        token: { ...(token !== undefined && { id: token }), ...(previous && { previous_id: previous }) },
      },
    },
  );
}

function append(record: JsonObject, identity: JsonObject): void {
  const parsed: AuditRecord & JsonObject = JSON.parse(JSON.stringify(record));
  log.push({ index: log.length, record: parsed, openings: { identity: { salt: '', value: identity } } });
}

async function follow(): Promise<void> {
  const first = store.position();
  const entries = log.slice(first).map(() => new Uint8Array());
  if (entries.length > 0) await store.process({ first, entries });
}

async function tick(minute: number): Promise<void> {
  await store.tick?.(NINE + minute * MINUTE);
}

/** Appends what was derived, as the service does, and follows that as well. */
async function drain(): Promise<DerivedDraft[]> {
  const drafts = store.outbox?.take(100) ?? [];
  for (const { draft, actorRef = '', sessionRef = '' } of drafts) {
    const { audit, ...rest } = draft.clear;
    append(
      {
        ...rest,
        audit: { ...Object(audit), actor: { id: actorRef, type: 'user' }, session: { id: sessionRef } },
      },
      draft.groups.identity ?? {},
    );
  }
  await follow();
  return drafts;
}

async function expiries(): Promise<string[]> {
  return (await drain())
    .filter(({ draft }) => Object(draft.clear['event']).action === 'token.expired')
    .map(({ draft }) => Object(draft.groups.identity).oidc.token.id);
}

it('is recorded once the log is later than the expiry, by more than clocks differ', async () => {
  open();
  say(0, 'one', { action: 'oidc.token.issued', grantType: 'authorization_code' });
  say(10, 'one');
  say(60, undefined, { session: 'another' });
  await follow();
  await tick(60 + SKEW_MS / MINUTE - 0.01);
  expect(await drain()).toEqual([]);
  say(60 + SKEW_MS / MINUTE + 0.01, undefined, { session: 'another' });
  await follow();
  await tick(62);
  const [expired, ...others] = await drain();
  expect(others).toEqual([]);
  expect(expired).toMatchObject({
    actorRef: 'actor',
    sessionRef: 'session',
    draft: {
      clear: {
        '@timestamp': at(60),
        audit: { evidence: { count: 2, first_index: 0, last_index: 1, records: ['record-0', 'record-1'] } },
        event: {
          kind: 'state',
          action: 'token.expired',
          start: at(0),
          duration: 60 * MINUTE * 1_000_000,
          type: ['end'],
        },
        oidc: {
          issuer: 'https://id.example',
          client_id: 'web',
          token: { type: 'access', expires_at: at(60) },
        },
      },
      groups: { identity: { user: { id: 'ada' }, oidc: { token: { id: 'one' } } } },
    },
  });
  expect(store.findToken('one')?.expired).toEqual({
    time: at(60),
    record: expired?.draft.id,
    index: log.length - 1,
  });
  await tick(70);
  expect(await drain(), 'once').toEqual([]);
});

it('is recorded before any tick when a record shows the token later', async () => {
  open();
  say(0, 'one', { action: 'oidc.token.issued' });
  say(61, 'one', { action: 'oidc.token.rejected' });
  await follow();
  expect(await expiries()).toEqual(['one']);
  await tick(70);
  expect(await expiries()).toEqual([]);
});

it('has none for a token that was over before: revoked, spent, or with its session', async () => {
  open();
  say(0, 'revoked', { action: 'oidc.token.issued', session: 'a' });
  say(5, 'revoked', { action: 'oidc.token.revoked', session: 'a' });
  say(0, 'spent', { action: 'oidc.token.issued', type: 'refresh', session: 'b' });
  say(6, 'next', {
    action: 'oidc.token.refreshed',
    type: 'refresh',
    previous: 'spent',
    session: 'b',
    expires: 90,
  });
  say(0, 'ended', { action: 'oidc.token.issued', session: 'c' });
  say(7, undefined, { action: 'oidc.session.ended', reason: 'logout', session: 'c' });
  say(62, 'ended', { action: 'oidc.token.rejected', session: 'c' });
  await follow();
  await tick(62);
  expect(await expiries()).toEqual([]);
});

it('has one for an access token that was replaced, and for one that was revoked too late', async () => {
  open();
  say(0, 'replaced', { action: 'oidc.token.issued', session: 'a' });
  say(5, 'next', { action: 'oidc.token.refreshed', previous: 'replaced', session: 'a', expires: 180 });
  say(0, 'late', { action: 'oidc.token.issued', session: 'b' });
  say(61, 'late', { action: 'oidc.token.revoked', session: 'b' });
  say(62, undefined, { session: 'c' });
  await follow();
  await tick(62);
  expect((await expiries()).toSorted()).toEqual(['late', 'replaced']);
});

it('is known again after a rebuild, and derived no second time', async () => {
  open();
  for (const name of ['one', 'two', 'three']) say(0, name, { action: 'oidc.token.issued', session: name });
  say(70, 'one');
  await follow();
  await tick(70);
  expect((await expiries()).toSorted()).toEqual(['one', 'three', 'two']);
  say(71, 'two');
  await follow();
  const rows = (): unknown[] => ['one', 'two', 'three'].map((name) => store.findToken(name));
  const before = JSON.stringify(rows());
  await drain();
  const size = log.length;
  await rebuild();
  await tick(80);
  await drain();
  expect(log).toHaveLength(size);
  expect(JSON.stringify(rows())).toBe(before);
  await tick(90);
  expect(await drain()).toEqual([]);
});

it('is not told of what expired long before the end of a long log', async () => {
  const DAY = 24 * 60;
  for (let i = 0; i < 5; i++) say(i, `old-${i}`, { action: 'oidc.token.issued', session: `old-${i}` });
  say(70, 'old-0', { session: 'old-0' });
  say(DAY, 'recent', { action: 'oidc.token.issued', session: 'recent', expires: DAY + 60 });
  say(2 * DAY, undefined, { session: 'today' });
  open(log.length);
  await follow();
  await tick(2 * DAY);
  expect(await expiries()).toEqual(['recent']);
  say(2 * DAY + 1, 'old-0', { session: 'old-0' });
  await follow();
  expect(await expiries(), 'used since').toEqual(['old-0']);
});
