import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Hold } from '../../../../packages/exporter/src/subjects/index.ts';
import { ADMINISTRATOR, DeskParts, OFFICER } from './desk-parts.ts';

const ALICE = 'reference-of-alice-000';
const BOB = 'reference-of-bob-00000';
const OF_ALICE = {
  kind: 'subject',
  query: `audit.actor.id:"${ALICE}"`,
  reference: ALICE,
  reason: 'case 12',
} as const;

let directory: string;
let parts: DeskParts;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-subjects-'));
  parts = new DeskParts(directory);
});

afterEach(async () => {
  await parts.close();
  await rm(directory, { recursive: true });
});

/** As after a kill: what was stored is read again. */
async function startAnew(fourEyes = false): Promise<void> {
  await parts.close();
  const { records, destroyed } = parts;
  parts = new DeskParts(directory, fourEyes);
  parts.records.push(...records);
  for (const reference of destroyed) parts.destroyed.add(reference);
}

async function becomes(id: string, state: string): Promise<void> {
  await vi.waitFor(() => {
    expect(parts.erasures.get(id).state).toBe(state);
  }, 5000);
}

describe('a legal hold', () => {
  test('is recorded, kept, and in force until it is released, once', async () => {
    const { id } = await parts.holds.add(OF_ALICE, OFFICER);
    await startAnew();
    expect(await parts.holds.list()).toMatchObject([
      { id, kind: 'subject', reference: ALICE, set_by: OFFICER },
    ]);
    await expect(parts.holds.unlessHeld(ALICE, () => Promise.resolve(1))).rejects.toMatchObject({
      code: 'legal_hold',
      message: expect.stringContaining(id),
    });
    expect(await parts.holds.unlessHeld(BOB, () => Promise.resolve(1))).toBe(1);
    await parts.holds.release(id, 'over', ADMINISTRATOR);
    expect(await parts.holds.unlessHeld(ALICE, () => Promise.resolve(1))).toBe(1);
    await expect(parts.holds.release(id, 'over', ADMINISTRATOR)).rejects.toMatchObject({
      code: 'erasure_refused',
    });
    await expect(parts.holds.release('none', 'over', ADMINISTRATOR)).rejects.toMatchObject({
      code: 'not_found',
    });
    expect(parts.actions).toEqual(['privacy.hold.set', 'privacy.hold.released']);
  });

  test('by a query covers whom it matches', async () => {
    parts.matches = (query, reference) => query === 'http.route:/pay' && reference === BOB;
    await parts.holds.add({ kind: 'query', query: 'http.route:/pay', reason: 'case 12' }, OFFICER);
    await expect(parts.holds.unlessHeld(BOB, () => Promise.resolve())).rejects.toMatchObject({
      code: 'legal_hold',
    });
    await parts.holds.unlessHeld(ALICE, () => Promise.resolve());
  });

  test('is in force before it is recorded, and stays so where that fails', async () => {
    parts.isAppendable = false;
    await expect(parts.holds.add(OF_ALICE, OFFICER)).rejects.toThrow('the disk is full');
    await expect(parts.holds.unlessHeld(ALICE, () => Promise.resolve())).rejects.toMatchObject({
      code: 'legal_hold',
    });
  });

  test('names nobody in the file that keeps it', async () => {
    await parts.holds.add(
      { kind: 'query', query: 'user.id:alice', reason: 'against Alice Liddell' },
      OFFICER,
    );
    const bytes = await readFile(join(directory, 'privacy.db'));
    for (const text of ['alice', 'Alice', 'officer']) expect(bytes.includes(text)).toBe(false);
  });

  test('that only the ledger knows of is taken up; before that is done nothing is said', async () => {
    const { id } = await parts.holds.add(OF_ALICE, OFFICER);
    const known = await parts.holds.list();
    await parts.close();
    await rm(join(directory, 'privacy.db'));
    parts = new DeskParts(directory);
    const found = Promise.withResolvers<readonly Hold[]>();
    parts.holds.restore(() => found.promise);
    const erasing = parts.erasures.request(ALICE, 'request 1', OFFICER);
    const listed = parts.holds.list();
    found.resolve(known);
    await expect(erasing).rejects.toMatchObject({ code: 'legal_hold' });
    expect(await listed).toMatchObject([{ id }]);
    expect(parts.records).toEqual([]);
  });

  test('that was released before the database’s backup was made again is released', async () => {
    const { id } = await parts.holds.add(OF_ALICE, OFFICER);
    const [hold] = await parts.holds.list();
    if (hold === undefined) throw new Error('no hold');
    parts.holds.restore(() => Promise.resolve([{ ...hold, released_by: OFFICER, released_at: hold.set_at }]));
    expect(await parts.holds.list()).toMatchObject([{ id, released_by: OFFICER }]);
    // And none that is released here comes back.
    parts.holds.restore(() => Promise.resolve([hold]));
    expect((await parts.holds.list())[0]?.released_at).toBeDefined();
  });

  test('while what the ledger knows cannot be asked for, nothing is erased', async () => {
    parts.holds.restore(() => Promise.reject(new Error('stopped')));
    await expect(parts.erasures.request(ALICE, 'request 1', OFFICER)).rejects.toThrow('stopped');
    expect(parts.erased).toEqual([]);
  });
});

describe('an erasure', () => {
  test('takes a request and the approval of another role', async () => {
    await startAnew(true);
    const { id } = await parts.erasures.request(ALICE, 'request 1', OFFICER);
    await expect(parts.erasures.request(ALICE, 'request 1', OFFICER)).rejects.toMatchObject({
      code: 'erasure_refused',
    });
    await expect(parts.erasures.approve(id, OFFICER)).rejects.toMatchObject({ code: 'permission_denied' });
    await expect(parts.erasures.approve(id, { ...OFFICER, name: 'token:other' })).rejects.toMatchObject({
      code: 'permission_denied',
    });
    expect(parts.erased).toEqual([]);
    await parts.erasures.approve(id, ADMINISTRATOR);
    await becomes(id, 'completed');
    await expect(parts.erasures.approve(id, ADMINISTRATOR)).rejects.toMatchObject({
      code: 'erasure_refused',
    });
    await expect(parts.erasures.withdraw(id)).rejects.toMatchObject({ code: 'erasure_refused' });
    expect(parts.actions).toEqual(
      ['requested', 'approved', 'completed'].map((step) => `privacy.erasure.${step}`),
    );
    // What was needed to find it is not kept.
    expect(JSON.stringify(parts.rows.read('erasure ', (value) => value))).not.toContain('name of');
  });

  test('of somebody who is held is refused, also when the hold came between request and approval', async () => {
    await startAnew(true);
    const { id } = await parts.erasures.request(ALICE, 'request 1', OFFICER);
    const hold = await parts.holds.add(OF_ALICE, OFFICER);
    await expect(parts.erasures.approve(id, ADMINISTRATOR)).rejects.toMatchObject({ code: 'legal_hold' });
    await parts.holds.release(hold.id, 'over', OFFICER);
    await parts.erasures.approve(id, ADMINISTRATOR);
    await becomes(id, 'completed');
  });

  test('that is approved waits for a hold that comes before its key is destroyed, and goes on when it is released', async () => {
    const gathering = Promise.withResolvers<void>();
    parts.onGather = () => gathering.promise;
    const { id } = await parts.erasures.request(ALICE, 'request 1', OFFICER);
    const hold = await parts.holds.add(OF_ALICE, ADMINISTRATOR);
    gathering.resolve();
    await becomes(id, 'held');
    expect([parts.destroyed.size, parts.erased]).toEqual([0, []]);
    // It still waits after a kill, and is recorded as waiting only once.
    await startAnew();
    parts.erasures.start();
    await expect(parts.erasures.request(ALICE, 'request 2', OFFICER)).rejects.toMatchObject({
      code: 'erasure_refused',
    });
    await parts.holds.release(hold.id, 'over', ADMINISTRATOR);
    parts.erasures.resume();
    await becomes(id, 'completed');
    expect(parts.actions).toEqual([
      'privacy.erasure.requested',
      'privacy.hold.set',
      'privacy.erasure.held',
      'privacy.hold.released',
      'privacy.erasure.completed',
    ]);
  });

  test('that is held can be withdrawn, and does not go on afterwards', async () => {
    const gathering = Promise.withResolvers<void>();
    parts.onGather = () => gathering.promise;
    const { id } = await parts.erasures.request(ALICE, 'request 1', OFFICER);
    const hold = await parts.holds.add(OF_ALICE, ADMINISTRATOR);
    gathering.resolve();
    await becomes(id, 'held');
    await parts.erasures.withdraw(id);
    await parts.holds.release(hold.id, 'over', ADMINISTRATOR);
    parts.erasures.resume();
    const other = await parts.erasures.request(BOB, 'request 2', OFFICER);
    await becomes(other.id, 'completed');
    expect([parts.erasures.get(id).state, parts.erased]).toEqual(['withdrawn', [BOB]]);
  });

  test('and a hold never pass one another: either the hold is there first, or it comes too late', async () => {
    const destroying = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    parts.onDestroy = () => {
      begun.resolve();
      return destroying.promise;
    };
    const { id } = await parts.erasures.request(ALICE, 'request 1', OFFICER);
    await begun.promise;
    let isSet = false;
    const adding = parts.holds.add(OF_ALICE, ADMINISTRATOR).then(() => (isSet = true));
    await new Promise(setImmediate);
    expect(isSet).toBe(false);
    destroying.resolve();
    await adding;
    await becomes(id, 'completed');
  });

  test('whose key is destroyed goes on whatever is held, also after a kill', async () => {
    parts.onDestroy = () => {
      parts.destroyed.add(ALICE);
      return new Promise(() => undefined);
    };
    const { id } = await parts.erasures.request(ALICE, 'request 1', OFFICER);
    await vi.waitFor(() => {
      expect(parts.destroyed.has(ALICE)).toBe(true);
    });
    const { records, destroyed } = parts;
    parts = new DeskParts(directory);
    parts.records.push(...records);
    for (const reference of destroyed) parts.destroyed.add(reference);
    await parts.holds.add(OF_ALICE, ADMINISTRATOR);
    parts.erasures.start();
    await becomes(id, 'completed');
  });
});
