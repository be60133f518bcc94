import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isJsonObject, type RecordDraft } from '@spanledger/record';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TokenChronicle } from '../../../../packages/exporter/src/doors/token-chronicle.ts';
import type { StoredToken } from '../../../../packages/exporter/src/doors/token-file.ts';

const TOKEN: StoredToken = {
  id: 'aaaaaaaaaa',
  name: 'for Alice',
  role: 'sender',
  services: ['shop'],
  hash: '0'.repeat(64),
  created: '2026-01-01T00:00:00.000Z',
  expires: '2027-01-01T00:00:00.000Z',
};

let folder: string;
let written: RecordDraft[] = [];
let isBroken = false;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spanledger-chronicle-'));
  written = [];
  isBroken = false;
});

afterEach(async () => {
  vi.useRealTimers();
  await rm(folder, { recursive: true });
});

function open(): TokenChronicle {
  return new TokenChronicle({
    file: join(folder, 'chronicle.json'),
    record: (drafts) => {
      if (isBroken) return Promise.reject(new Error('the ledger takes nothing'));
      written.push(...drafts);
      return Promise.resolve();
    },
    find: (ids, from) => {
      const there = new Set(written.slice(from).map(({ id }) => id));
      return Promise.resolve(new Set([...ids].filter((id) => there.has(id))));
    },
    size: () => written.length,
    log: { error: () => undefined },
  });
}

async function take(...tokens: StoredToken[]): Promise<void> {
  const chronicle = open();
  chronicle.take(tokens);
  await chronicle.stop();
}

function actions(): unknown[] {
  return written.map(({ clear: { event } }) => isJsonObject(event) && event['action']);
}

test('a token that was made is recorded once, with what it lets in; its name is committed to', async () => {
  await take(TOKEN);
  await take(TOKEN);
  expect(written).toHaveLength(1);
  expect(written[0]).toMatchObject({
    id: 'access-token-aaaaaaaaaa-created',
    clear: {
      '@timestamp': '2026-01-01T00:00:00.000000000Z',
      audit: {
        access: {
          token: 'aaaaaaaaaa',
          role: 'sender',
          services: ['shop'],
          expires: '2027-01-01T00:00:00.000000000Z',
        },
        action: 'CREATE',
        target: { id: 'aaaaaaaaaa', type: 'access.token' },
      },
      event: { action: 'access.token.created', category: ['configuration', 'iam'], type: ['creation'] },
    },
    groups: { content: { attributes: { 'audit.access.name': 'for Alice' } } },
  });
  const clear = JSON.stringify(written[0]?.clear);
  expect(clear).not.toContain('Alice');
  expect(clear).not.toContain(TOKEN.hash);
});

test('its successor, its end, and a file that went away are recorded, each once', async () => {
  await take(TOKEN);
  const successor = { ...TOKEN, id: 'bbbbbbbbbb', created: '2026-06-01T00:00:00.000Z', replaces: TOKEN.id };
  await take(TOKEN, successor);
  const revoked = { ...TOKEN, revoked: '2026-06-02T00:00:00.000Z' };
  await take(revoked, successor);
  await take(revoked, successor);
  await take(successor);
  await take(successor);
  expect(actions()).toEqual([
    'access.token.created',
    'access.token.replaced',
    'access.token.created',
    'access.token.revoked',
    'access.token.removed',
  ]);
  expect(written[2]?.clear).toMatchObject({ audit: { access: { replaces: TOKEN.id } } });
  expect(written[4]?.clear).toMatchObject({ audit: { access: { token: TOKEN.id } } });
});

test('what is in the ledger already, by a crash before it was noted, is not recorded again', async () => {
  await take(TOKEN);
  await rm(join(folder, 'chronicle.json'));
  await take(TOKEN);
  expect(written).toHaveLength(1);
});

test('what cannot be recorded is tried again', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  isBroken = true;
  const chronicle = open();
  chronicle.take([TOKEN]);
  await vi.waitFor(() => {
    expect(vi.getTimerCount()).toBe(1);
  });
  expect(written).toHaveLength(0);
  isBroken = false;
  vi.advanceTimersByTime(5_000);
  await chronicle.stop();
  expect(actions()).toEqual(['access.token.created']);
});
