import { cp, open, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Service, startService } from '@spanledger/audit-exporter';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLog } from '../../../packages/exporter/src/log.ts';
import {
  hasCaughtUp,
  makeDataDirectory,
  sendTraces,
  startTestService,
  testConfig,
  verifyDirectory,
  waitFor,
} from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf } from '../../support/exporter/spans.ts';

/** Of the vault's pages. */
const PAGE_BYTES = 8192;

let data: Awaited<ReturnType<typeof makeDataDirectory>>;
let backup: Awaited<ReturnType<typeof makeDataDirectory>>;
let running: Service | undefined;

beforeEach(async () => {
  data = await makeDataDirectory();
  backup = await makeDataDirectory();
});

afterEach(async () => {
  await running?.close();
  running = undefined;
  await Promise.all([data.remove(), backup.remove()]);
});

async function start(directory: string, env: NodeJS.ProcessEnv = {}): Promise<Service> {
  running = await startTestService(directory, env);
  return running;
}

async function stop(): Promise<void> {
  await running?.close();
  running = undefined;
}

/** Runs a service on a directory that takes in records of a person. */
async function record(directory: string, who: string, count: number): Promise<void> {
  await send(await start(directory), who, count);
  await stop();
}

async function send(service: Service, who: string, count: number): Promise<void> {
  const sender = createSender('shop');
  const spans = Array.from({ length: count }, () =>
    sender.span({ attributes: sessionAttributes(who, `of ${who}`) }),
  );
  const { durable } = service.sizes();
  expect((await sendTraces(service.url, toProtobuf(spans))).status).toBe(200);
  await waitFor('publication', () => service.sizes().published === durable + count);
}

/** `user.id` of records, by ledger index; undefined where it is not opened. */
async function users(service: Service, size: number): Promise<unknown[]> {
  const found: unknown[] = [];
  for (let index = 0; index < size; index++) {
    const document: unknown = await (await fetch(`${service.url}/api/records/${index}`)).json();
    const [, user] = /"user":\{"id":"([^"]+)"/.exec(JSON.stringify(document)) ?? [];
    found.push(user);
  }
  return found;
}

/** Puts a part of the directory in the place of the backup's. */
async function replaceInBackup(part: string): Promise<void> {
  await rm(join(backup.path, part), { recursive: true });
  await cp(join(data.path, part), join(backup.path, part), { recursive: true });
}

describe('a vault that is not the ledger’s', () => {
  test('newer than the ledger: the service does not start, and nothing is lost', async () => {
    await record(data.path, 'alice', 3);
    await cp(data.path, backup.path, { recursive: true });
    await record(data.path, 'bob', 5);
    await cp(join(backup.path, 'vault'), join(backup.path, 'kept'), { recursive: true });
    await replaceInBackup('vault');
    await expect(startTestService(backup.path)).rejects.toMatchObject({ code: 'vault_ahead' });
    await rm(join(backup.path, 'vault'), { recursive: true });
    await cp(join(backup.path, 'kept'), join(backup.path, 'vault'), { recursive: true });
    expect(await users(await start(backup.path), 3)).toEqual(['alice', 'alice', 'alice']);
  });

  test('of a ledger that went another way: the service does not start', async () => {
    await record(data.path, 'alice', 3);
    await cp(data.path, backup.path, { recursive: true });
    await record(data.path, 'bob', 2);
    await record(backup.path, 'carol', 4);
    await replaceInBackup('vault');
    await expect(startTestService(backup.path)).rejects.toMatchObject({ code: 'vault_mismatch' });
  });

  test('of the first version, which knew no hash: taken over', async () => {
    await record(data.path, 'alice', 2);
    const database = new DatabaseSync(join(data.path, 'vault', 'vault.db'));
    database.exec('ALTER TABLE progress DROP COLUMN sealed_hash; PRAGMA user_version = 1');
    database.close();
    await record(data.path, 'bob', 1);
    expect(await users(await start(data.path), 3)).toEqual(['alice', 'alice', 'bob']);
  });
});

describe('a vault that lacks what the journal no longer has', () => {
  test.each([
    ['deleted', () => rm(join(data.path, 'vault'), { recursive: true })],
    ['emptied', () => truncate(join(data.path, 'vault', 'vault.db'))],
    ['older', () => cp(join(backup.path, 'vault'), join(data.path, 'vault'), { recursive: true })],
  ])('%s: the service starts only when that is accepted, and then for good', async (how, lose) => {
    await record(data.path, 'alice', 2);
    await cp(data.path, backup.path, { recursive: true });
    await record(data.path, 'bob', 2);
    await lose();
    await expect(startTestService(data.path)).rejects.toMatchObject({ code: 'vault_missing' });
    const kept = how === 'older' ? 'alice' : undefined;
    const accepting = await start(data.path, { SPANLEDGER_ACCEPT_LOST_OPENINGS: 'true' });
    await send(accepting, 'carol', 1);
    await stop();
    const expected = [kept, kept, undefined, undefined, 'carol'];
    expect(await users(await start(data.path), 5)).toEqual(expected);
    await stop();
    expect((await verifyDirectory(data.path)).failures).toEqual([]);
  });
});

test('opened groups that a record does not commit to are not shown at it', async () => {
  await record(data.path, 'alice', 2);
  await cp(data.path, backup.path, { recursive: true });
  await record(data.path, 'bob', 2);
  const service = await start(backup.path);
  await send(service, 'carol', 2);
  await stop();
  await replaceInBackup('vault');
  // As if a vault had been swapped in a way that no check at the start sees.
  const database = new DatabaseSync(join(backup.path, 'vault', 'vault.db'));
  database.exec('UPDATE progress SET sealed_hash = NULL');
  database.close();
  expect(await users(await start(backup.path), 4)).toEqual(['alice', 'alice', undefined, undefined]);
  await stop();
  expect((await verifyDirectory(backup.path)).failures).toEqual([]);
});

test('an index and sessions that are further than the ledger, or of another one, are built again', async () => {
  await record(data.path, 'alice', 3);
  await cp(data.path, backup.path, { recursive: true });
  await record(data.path, 'bob', 5);
  for (const part of ['index', 'sessions']) await replaceInBackup(part);
  await expectFollowed('carol', 4);
  for (const [file, origin] of [
    ['index/index.db', 'other.example'],
    ['sessions/sessions.db', undefined],
  ] as const) {
    const database = new DatabaseSync(join(backup.path, file));
    database.exec("DELETE FROM meta WHERE name = 'origin'");
    if (origin !== undefined) database.prepare("INSERT INTO meta VALUES ('origin', ?)").run(origin);
    database.close();
  }
  await expectFollowed('dora', 1);
});

async function expectFollowed(who: string, count: number): Promise<void> {
  const service = await start(backup.path);
  await send(service, who, count);
  await waitFor('the followers', () => hasCaughtUp(service));
  for (const [query, found] of [
    [who, count],
    ['alice', 3],
    ['bob', 0],
  ] as const) {
    const answer = await fetch(`${service.url}/api/records?query=user.id:${query}`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ records: { length: found } });
    const sessions = await fetch(`${service.url}/api/sessions?query=user.id:${query}`);
    expect(await sessions.json()).toMatchObject({ sessions: { length: found === 0 ? 0 : 1 } });
  }
  await stop();
}

describe('a vault that is damaged inside', () => {
  /** Overwrites all pages but the first. */
  async function damage(): Promise<void> {
    const file = join(data.path, 'vault', 'vault.db');
    const handle = await open(file, 'r+');
    const { size } = await handle.stat();
    for (let at = PAGE_BYTES; at < size; at += PAGE_BYTES)
      await handle.write(Buffer.alloc(2000, 7), 0, 2000, at);
    await handle.close();
  }

  test('the service does not start', async () => {
    await record(data.path, 'alice', 2);
    await damage();
    await expect(startTestService(data.path)).rejects.toMatchObject({ code: 'vault_damaged' });
  });

  test('while the service runs: senders are to come again, and the log names the vault', async () => {
    await record(data.path, 'alice', 2);
    const lines: string[] = [];
    const log = createLog({
      level: 'error',
      format: 'json',
      destination: { write: (line: string) => lines.push(line) },
    });
    running = await startService(testConfig(data.path), { log });
    // So that the service reads the file again, not what it remembers of it.
    const database = new DatabaseSync(join(data.path, 'vault', 'vault.db'));
    database.exec('UPDATE progress SET sealed_to = sealed_to; PRAGMA wal_checkpoint(TRUNCATE)');
    database.close();
    await damage();
    const span = createSender('shop').span({ attributes: sessionAttributes('bob', 'of bob') });
    const answer = await sendTraces(running.url, toProtobuf([span]));
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect(lines.join('')).toContain('vault.db is damaged');
    expect(running.sizes().durable).toBe(2);
  });
});
