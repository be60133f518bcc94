import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { connectArchive } from '@spanledger/audit-exporter';
import type { Archive, SessionDetail, TokenDetail, TokenSummary } from '@spanledger/audit-exporter';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { poll } from '../../e2e/support/poll.ts';
import { readEntries } from '../../support/exporter/service.ts';
import { startTestService } from '../exporter-api/support/test-service.ts';
import type { TestService } from '../exporter-api/support/test-service.ts';
import { at, ISSUER, Story } from './story.ts';
import type { Actor, TokenSketch } from './story.ts';

let test: TestService;
let archive: Archive;
let story: Story;
/** Everybody has a name of their own in each test: all of them ask one service. */
let name = 0;
let alice: Actor;
let bob: Actor;
let first: TokenSketch;
let second: TokenSketch;

beforeAll(async () => {
  test = await startTestService();
  archive = connectArchive(test.service.url);
});
afterAll(() => test.remove());

beforeEach(() => {
  name++;
  story = new Story();
  const client = `shop-web-${name}`;
  alice = { user: `alice-${name}`, sid: `sid-of-alice-${name}`, client, authTime: 0, acr: '1' };
  bob = { user: `bob-${name}`, sid: `sid-of-bob-${name}`, client };
  first = { id: `jti-first-${name}`, from: 0, to: 10 };
  second = { id: `jti-second-${name}`, from: 9, to: 19 };
});

async function session(id: string): Promise<SessionDetail> {
  const found = await archive.session(id);
  if (found === undefined) throw new Error(`no session ${id}`);
  return found;
}

async function token(id: string): Promise<TokenDetail> {
  const found = await archive.token(id);
  if (found === undefined) throw new Error(`no token ${id}`);
  return found;
}

/** The query of what was derived about the people of this test; that their tokens expired is time's, sooner or later. */
function aboutThem(): string {
  const them = `(user.id:"${alice.user}" or user.id:"${bob.user}")`;
  return `event.kind:state and not event.action:token.expired and ${them}`;
}

/** Records that were derived, once there are so many. */
async function derived(
  count: number,
): Promise<{ action: string; reason?: string; session?: string; record: object }[]> {
  const found = await poll(`${count} derived records`, async () => {
    const { records } = await archive.search({ query: aboutThem(), order: 'asc' });
    return records.length >= count ? records : undefined;
  });
  return found.map((record) => {
    const { event, audit } = Object(record);
    return { action: event.action, reason: event.reason, session: audit.session?.id, record };
  });
}

/** Ids of the tokens of this test, without its name. */
function mine(tokens: readonly TokenSummary[]): string[] {
  const end = `-${name}`;
  return tokens.flatMap(({ id = '' }) => (id.endsWith(end) ? [id.slice(0, -end.length)] : [])).sort();
}

/** The login at one client, a refresh, and the logout. */
function tellVisit(): void {
  story.event(
    0,
    'shop',
    'oidc.authorization.requested',
    { client: alice.client },
    {
      'oidc.scope.requested': ['openid', 'orders:read', 'orders:write'],
      'oidc.flow': 'code',
    },
  );
  story.event(
    0,
    'shop',
    'oidc.token.issued',
    alice,
    {
      'oidc.scope': ['openid', 'orders:read'],
      'oidc.scope.requested': ['openid', 'orders:read', 'orders:write'],
      'oidc.grant_type': 'authorization_code',
      'oidc.flow': 'code',
    },
    first,
  );
  story.event(0, 'shop', 'oidc.session.started', alice);
  story.call(1, 'orders', alice, {}, first);
  story.call(2, 'orders', alice, { 'client.address': '198.51.100.9' }, first);
  story.event(
    9,
    'shop',
    'oidc.token.refreshed',
    alice,
    {
      'oidc.scope': ['openid', 'orders:read'],
      'oidc.token.previous_id': first.id,
      'oidc.token.refresh_reason': 'near_expiry',
      'oidc.token.seconds_left': 60,
    },
    second,
  );
  story.call(10, 'orders', alice, {}, second);
}

describe('a session', () => {
  it('over several clients and services is one, each step with the record that shows it', async () => {
    tellVisit();
    const other = { ...alice, client: 'help-desk', acr: '0' };
    story.call(11, 'help', other);
    story.call(12, 'vault', { ...alice, acr: '2', authTime: 12 });
    story.event(15, 'shop', 'oidc.session.ended', alice, { 'oidc.session.end_reason': 'logout' });
    await test.send(story.spans);

    const found = await session(alice.sid);
    expect(found).toMatchObject({
      state: 'logged_out',
      started: at(0),
      ended: at(15),
      client_id: [alice.client, 'help-desk'],
      services: ['shop', 'orders', 'help', 'vault'],
    });
    expect(found.steps.map(({ step, time, reason }) => [step, time, reason])).toEqual([
      ['authenticated', at(0), 'login'],
      ['started', at(0), undefined],
      ['active', at(1), undefined],
      ['refreshed', at(9), 'near_expiry'],
      ['authenticated', at(12), 'acr'],
      ['logged_out', at(15), 'logout'],
    ]);
    for (const { record, index } of found.steps) {
      expect(Object(await archive.record(String(index))).audit.record.id).toBe(record);
    }
    const [stepUp] = await derived(1);
    expect(stepUp).toMatchObject({
      action: 'session.stepped_up',
      reason: 'acr',
      session: found.id,
      record: { user: { id: alice.user }, oidc: { acr: '2', issuer: ISSUER } },
    });
  });

  it('that is used after its end is told of, once, with both records', async () => {
    story.call(0, 'orders', bob);
    story.event(5, 'shop', 'oidc.session.ended', bob, { 'oidc.session.end_reason': 'revoked' });
    for (const minute of [5.05, 6, 7, 8]) story.call(minute, 'orders', bob);
    await test.send(story.spans);
    story.call(9, 'orders', bob);
    await test.send(story.spans.slice(-1));
    const [use] = await derived(1);
    const { id, steps } = await session(bob.sid);
    expect(use).toMatchObject({
      action: 'session.used_after_end',
      reason: 'revoked',
      session: id,
      record: { audit: { evidence: { count: 2 } } },
    });
    const evidence: unknown[] = Object(use?.record).audit.evidence.records;
    expect(evidence).toContain(steps.find(({ step }) => step === 'revoked')?.record);
    await test.caughtUp();
    expect((await session(bob.sid)).steps.map(({ step }) => step)).toContain('used_after_end');
    expect(await derived(1)).toHaveLength(1);
  });

  it.each([
    ['told before', true],
    ['told after', false],
  ])('is ended by an end that names only the person, %s the session was heard of', async (_, isBefore) => {
    const tellEnd = (): void => {
      story.event(
        5,
        'shop',
        'oidc.session.ended',
        { user: bob.user },
        {
          'oidc.session.end_reason': 'backchannel_logout',
        },
      );
    };
    if (isBefore) tellEnd();
    story.call(1, 'orders', bob);
    story.call(1, 'orders', { ...bob, sid: `another-of-bob-${name}` });
    story.call(6, 'orders', { ...bob, sid: `later-of-bob-${name}` });
    story.call(1, 'orders', alice);
    if (!isBefore) tellEnd();
    await test.send(story.spans);
    expect(await session(bob.sid)).toMatchObject({ state: 'logged_out', ended: at(5) });
    expect(await session(`another-of-bob-${name}`)).toMatchObject({ state: 'logged_out', ended: at(5) });
    expect(await session(`later-of-bob-${name}`)).toMatchObject({ state: 'active' });
    expect(await session(alice.sid)).toMatchObject({ state: 'active' });
  });
});

describe('a token', () => {
  it('is told of with its issue, its uses, its chain and the calls that it made', async () => {
    tellVisit();
    story.call(1.5, 'orders', alice, { 'http.response.status_code': 403 }, first);
    story.event(
      11,
      'orders',
      'oidc.token.rejected',
      alice,
      { 'oidc.token.rejection_reason': 'expired' },
      first,
    );
    await test.send(story.spans);

    const found = await token(first.id);
    expect(found).toMatchObject({
      id: first.id,
      type: 'access',
      issuer: ISSUER,
      client_id: alice.client,
      user_id: alice.user,
      flow: 'code',
      grant_type: 'authorization_code',
      granted_scopes: ['openid', 'orders:read'],
      requested_scopes: ['openid', 'orders:read', 'orders:write'],
      issued: at(0),
      expires: at(10),
      issue: { how: 'issued', time: at(0) },
      uses: 2,
      first_used: { time: at(1) },
      last_used: { time: at(2) },
      addresses: 2,
      rejections: 1,
      state: 'expired',
    });
    expect(found.calls.map((call) => Object(call)['@timestamp'])).toEqual([at(1), at(2)]);
    expect(found.chain).toMatchObject([
      { id: first.id, issued: at(0) },
      { id: second.id, issued: at(9), reason: 'near_expiry', seconds_left: 60 },
    ]);
    expect(await token(second.id)).toMatchObject({ issue: { how: 'refreshed' }, uses: 1, chain: [{}, {}] });
    expect(await archive.token('jti-of-nobody')).toBeUndefined();
  });

  it('is alive from its issue to its end, whatever that is', async () => {
    tellVisit();
    const revoked: TokenSketch = { id: `jti-revoked-${name}`, from: 0, to: 60 };
    const ended: TokenSketch = { id: `jti-ended-${name}`, from: 0, to: 60 };
    story.call(1, 'orders', bob, {}, revoked);
    story.event(5, 'shop', 'oidc.token.revoked', bob, {}, revoked);
    story.call(1, 'orders', { ...bob, sid: `short-of-bob-${name}` }, {}, ended);
    story.event(7, 'shop', 'oidc.session.ended', { ...bob, sid: `short-of-bob-${name}` });
    await test.send(story.spans);
    const alive = async (minute: number): Promise<string[]> => {
      const { tokens } = await archive.tokens({ alive_at: at(minute) });
      expect(tokens.every(({ state }) => state === 'alive')).toBe(true);
      return mine(tokens);
    };
    expect(await alive(-1)).toEqual([]);
    expect(await alive(4)).toEqual(['jti-ended', 'jti-first', 'jti-revoked']);
    expect(await alive(6)).toEqual(['jti-ended', 'jti-first']);
    expect(await alive(9.5)).toEqual(['jti-first', 'jti-second']);
    expect(await alive(12)).toEqual(['jti-second']);
    expect(await alive(20)).toEqual([]);
    const pages: TokenSummary[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await archive.tokens({ limit: 1, ...(cursor !== undefined && { cursor }) });
      pages.push(...page.tokens);
      cursor = page.next;
      if (cursor === undefined) break;
    }
    expect(mine(pages)).toEqual(['jti-ended', 'jti-first', 'jti-revoked', 'jti-second']);
    const { tokens } = await archive.tokens({ session: alice.sid });
    expect(tokens.map(({ id }) => id)).toEqual([second.id, first.id]);
  });

  it.each([
    ['expired', 10.2, () => undefined],
    ['revoked', 6, () => story.event(5, 'shop', 'oidc.token.revoked', alice, {}, first)],
    ['logged_out', 6, () => story.event(5, 'shop', 'oidc.session.ended', alice)],
  ])('that is used after it %s is told of', async (reason, minute, end) => {
    story.event(0, 'shop', 'oidc.token.issued', alice, {}, first);
    end();
    story.call(minute - 0.95, 'orders', alice, {}, first);
    const before = story.spans.length;
    story.call(minute, 'orders', alice, {}, first);
    await test.send(story.spans.slice(0, before - 1));
    expect((await archive.search({ query: aboutThem() })).records).toEqual([]);
    await test.send(story.spans.slice(before));
    const uses = (await derived(1)).filter(({ action }) => action === 'token.used_after_end');
    expect(uses).toMatchObject([{ reason, record: { oidc: { issuer: ISSUER } } }]);
  });

  it('that was replaced twice is told of, but not where two requests met', async () => {
    const third: TokenSketch = { id: `jti-third-${name}`, from: 12, to: 22 };
    const race: TokenSketch = { id: `jti-race-${name}`, from: 9, to: 19 };
    const replace = (minute: number, by: TokenSketch): void => {
      story.event(minute, 'shop', 'oidc.token.refreshed', alice, { 'oidc.token.previous_id': first.id }, by);
    };
    story.event(0, 'shop', 'oidc.token.issued', alice, {}, first);
    replace(9, second);
    replace(9.02, race);
    await test.send(story.spans);
    expect((await token(first.id)).replaced).toHaveLength(2);
    expect((await archive.search({ query: aboutThem() })).records).toEqual([]);
    replace(12, third);
    await test.send(story.spans.slice(-1));
    expect(await derived(1)).toMatchObject([{ action: 'token.refresh_reused' }]);
  });

  it('that is used beyond its scopes, or before it was issued, is told of', async () => {
    story.event(0, 'shop', 'oidc.token.issued', alice, { 'oidc.scope': ['orders:read'] }, first);
    story.call(1, 'orders', alice, { 'oidc.scope': ['orders:read'] }, first);
    await test.send(story.spans);
    expect((await archive.search({ query: aboutThem() })).records).toEqual([]);
    story.call(2, 'admin', alice, { 'oidc.scope': ['orders:read', 'orders:delete'] }, first);
    story.call(-1, 'wrong-clock', alice, {}, first);
    await test.send(story.spans.slice(-2));
    const found = await derived(2);
    expect(found.map(({ action }) => action).toSorted()).toEqual(['clock.skewed', 'token.scope_exceeded']);
    const skew = found.find(({ action }) => action === 'clock.skewed');
    expect(skew).toMatchObject({ reason: 'behind', record: { event: { duration: 60_000_000_000 } } });
    expect((await token(first.id)).scope_exceeded).toMatchObject({ time: at(2) });
  });
});

it('attempts are listed with who, how, what for and what came of it', async () => {
  tellVisit();
  story.event(
    3,
    'shop',
    'oidc.authorization.failed',
    { client: alice.client },
    {
      'oidc.error': 'access_denied',
      'oidc.error_description': 'not today',
      'client.address': '192.0.2.66',
    },
  );
  await test.send(story.spans);
  const { attempts } = await archive.attempts({ query: `oidc.client_id:"${alice.client}"` });
  expect(attempts.map(({ action, outcome }) => [action, outcome])).toEqual([
    ['oidc.authorization.failed', 'failure'],
    ['oidc.token.refreshed', 'success'],
    ['oidc.session.started', 'success'],
    ['oidc.token.issued', 'success'],
    ['oidc.authorization.requested', 'success'],
  ]);
  const failed = await archive.attempts({
    outcome: 'failure',
    query: `oidc.error:access_denied and oidc.client_id:"${alice.client}"`,
  });
  expect(failed.attempts).toMatchObject([
    {
      time: at(3),
      requester: alice.client,
      client_id: alice.client,
      error: 'access_denied',
      address: '192.0.2.66',
    },
  ]);
  expect(attempts[3]).toMatchObject({
    requester: alice.user,
    flow: 'code',
    requested_scopes: ['openid', 'orders:read', 'orders:write'],
    granted_scopes: ['openid', 'orders:read'],
  });
});

it('a rebuild from the ledger gives the same tables, to the byte, and no record more', async () => {
  tellVisit();
  story.call(20, 'orders', alice, {}, second);
  story.event(21, 'shop', 'oidc.session.ended', alice, { 'oidc.session.end_reason': 'logout' });
  story.call(30, 'orders', alice, {}, second);
  story.call(1, 'orders', bob);
  story.event(5, 'shop', 'oidc.session.ended', { user: bob.user }, { 'oidc.session.end_reason': 'revoked' });
  await test.send(story.spans.slice(0, 5));
  await test.send(story.spans.slice(5));
  const before = await derived(3);
  const tables = (): unknown => {
    using database = new DatabaseSync(join(test.directory, 'sessions', 'sessions.db'), { readOnly: true });
    return ['sessions', 'tokens', 'actor_ends'].map((table) =>
      database.prepare(`SELECT * FROM ${table}`).all(),
    );
  };
  // Tokens of all tests: once what time brings about is in the ledger, nothing more comes.
  await poll('the expiries to be recorded', () => {
    using database = new DatabaseSync(join(test.directory, 'sessions', 'sessions.db'), { readOnly: true });
    const pending = `SELECT (SELECT count(*) FROM outbox) + count(*) AS left FROM token_deadlines WHERE at <= ?`;
    return Promise.resolve(database.prepare(pending).get(at(25))?.['left'] === 0 || undefined);
  });
  await test.caughtUp();
  const [size, kept] = [test.service.sizes().durable, tables()];
  await test.restart({ without: ['sessions'] });
  archive = connectArchive(test.service.url);
  await test.caughtUp();
  expect(tables()).toEqual(kept);
  expect(await derived(before.length)).toHaveLength(before.length);
  expect((await readEntries(test.directory)).length).toBe(size);
});
