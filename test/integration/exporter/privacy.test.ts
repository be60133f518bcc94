import { createSecretKey } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openArchive, type Service } from '@spanledger/audit-exporter';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Vault } from '../../../packages/exporter/src/privacy/vault.ts';
import {
  makeDataDirectory,
  readAllFiles,
  readEntries,
  sendTraces,
  startTestService,
  verifyDirectory,
  waitFor,
} from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf } from '../../support/exporter/spans.ts';

/** Everything about a person, and all free text, that the spans of these tests carry. */
const PERSONAL = [
  'alice-4711',
  'alice@example.com',
  'Alice Liddell',
  'session-0815',
  '203.0.113.7',
  'Mozilla/5.0',
  '/orders/1?coupon=SECRET',
  'free text of the span',
];

let data: Awaited<ReturnType<typeof makeDataDirectory>>;
let running: Service | undefined;

beforeEach(async () => {
  data = await makeDataDirectory();
});

afterEach(async () => {
  await running?.close();
  running = undefined;
  await data.remove();
});

async function start(env: NodeJS.ProcessEnv = {}): Promise<Service> {
  running = await startTestService(data.path, env);
  return running;
}

async function sendAlice(service: Service, count: number): Promise<void> {
  const sender = createSender('shop');
  const spans = Array.from({ length: count }, () =>
    sender.span({
      name: 'free text of the span',
      attributes: {
        ...sessionAttributes('alice-4711', 'session-0815'),
        'user.email': 'alice@example.com',
        'user.name': 'Alice Liddell',
        'url.path': '/orders/1?coupon=SECRET',
        'any.other.attribute': 'free text of the span',
      },
    }),
  );
  expect((await sendTraces(service.url, toProtobuf(spans))).status).toBe(200);
}

async function expectNothingPersonal(): Promise<void> {
  for (const [file, bytes] of await readAllFiles(data.path)) {
    for (const text of PERSONAL) expect(bytes.includes(text), `${text} in ${file}`).toBe(false);
  }
}

async function documents(service: Service): Promise<unknown[]> {
  const answer: unknown = await (await fetch(`${service.url}/api/records?limit=1000&query=`)).json();
  return typeof answer === 'object' && answer !== null && 'records' in answer && Array.isArray(answer.records)
    ? answer.records
    : [];
}

async function actorAndSession(): Promise<string[]> {
  const pairs = (await readEntries(data.path)).map((entry) => {
    const { actor, session } = JSON.parse(JSON.stringify(entry['audit']));
    return `${actor.id} ${session.id}`;
  });
  return [...new Set(pairs)];
}

describe('at rest', () => {
  test('no file holds a word about a person, while the service runs and after it stopped', async () => {
    const service = await start();
    await sendAlice(service, 300);
    await waitFor('all to be published', () => service.sizes().published === 300);
    await expectNothingPersonal();
    await service.close();
    await expectNothingPersonal();
    expect((await verifyDirectory(data.path)).failures).toEqual([]);
  });

  test('the private files are for their owner only', async () => {
    const service = await start();
    await sendAlice(service, 1);
    await service.close();
    expect(await readdir(join(data.path, 'keys'))).toEqual(
      expect.arrayContaining(['kek', 'ledger.key', 'index.key', 'references.key']),
    );
  });
});

describe('the opened groups', () => {
  test('are there for who may read them, from the journal and, after a restart, from the vault', async () => {
    const first = await start();
    await sendAlice(first, 300);
    await waitFor('all to be indexed', async () => (await documents(first)).length === 300);
    const before = await documents(first);
    expect(JSON.stringify(before[0])).toContain('alice@example.com');
    await first.close();
    // The journal is empty: what is opened now comes from the vault.
    expect((await readdir(join(data.path, 'journal'))).filter((name) => name.endsWith('.segment'))).toEqual(
      [],
    );
    expect(
      (await readdir(join(data.path, 'keys', 'epochs'))).filter((name) => name.endsWith('.key')),
    ).toEqual([]);
    const second = await start();
    expect(await documents(second)).toEqual(before);
  });

  test('do not open under another key-encryption key', async () => {
    const one = Buffer.alloc(32, 1).toString('base64');
    const two = Buffer.alloc(32, 2).toString('base64');
    const service = await start({ SPANLEDGER_KEK: one });
    await sendAlice(service, 1);
    await service.close();
    running = undefined;
    await expect(startTestService(data.path, { SPANLEDGER_KEK: two })).rejects.toMatchObject({
      code: 'key_mismatch',
    });
    await expect(startTestService(data.path)).rejects.toMatchObject({ code: 'key_missing' });
    // A failed start leaves the directory as it was.
    await start({ SPANLEDGER_KEK: one });
  });

  test('open under a key that a command brings, and no key lies in the directory', async () => {
    const kek = Buffer.alloc(32, 3).toString('base64');
    const command = JSON.stringify([process.execPath, '-p', JSON.stringify(kek)]);
    const service = await start({ SPANLEDGER_KEK_COMMAND: command });
    await sendAlice(service, 1);
    await service.close();
    expect(await readdir(join(data.path, 'keys'))).not.toContain('kek');
    const archive = await openArchive(data.path, { env: { SPANLEDGER_KEK_COMMAND: command } });
    expect((await archive.search({ query: 'user.id:alice-4711' })).records).toHaveLength(1);
    await archive.close();
    await expect(openArchive(data.path, { env: {} })).rejects.toMatchObject({ code: 'key_missing' });
  });

  test('of one person are under a key of their own: without it the others still open', async () => {
    const service = await start();
    const sender = createSender('shop');
    const people = ['alice', 'bob'].map((who) =>
      sender.span({ attributes: sessionAttributes(who, `of ${who}`) }),
    );
    expect((await sendTraces(service.url, toProtobuf([...people, sender.span()]))).status).toBe(200);
    await service.close();
    const file = join(data.path, 'vault', 'vault.db');
    const kek = createSecretKey(await readFile(join(data.path, 'keys', 'kek')));
    const users = (): unknown[] => {
      const vault = new Vault({ file, kek });
      const found = [...vault.openings(0, 3)].map(([index, { identity }]) => [
        index,
        identity?.value['user'],
      ]);
      vault.close();
      return found.sort((a, b) => Number(a[0]) - Number(b[0]));
    };
    expect(users()).toEqual([
      [0, { id: 'alice' }],
      [1, { id: 'bob' }],
      [2, undefined],
    ]);
    const [alice] = await readEntries(data.path);
    const { actor } = JSON.parse(JSON.stringify(alice?.['audit']));
    const database = new DatabaseSync(file);
    database.exec('PRAGMA foreign_keys = OFF');
    expect(database.prepare('DELETE FROM subjects WHERE scope = ?').run(actor.id).changes).toBe(1);
    database.close();
    expect(users()).toEqual([
      [1, { id: 'bob' }],
      [2, undefined],
    ]);
  });
});

describe('references', () => {
  test('stay the same across a stop', async () => {
    const first = await start();
    await sendAlice(first, 1);
    await first.close();
    const second = await start();
    await sendAlice(second, 1);
    await second.close();
    expect(await readEntries(data.path)).toHaveLength(2);
    expect(await actorAndSession()).toHaveLength(1);
  });
});
