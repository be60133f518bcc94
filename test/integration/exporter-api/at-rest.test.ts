import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { alice, bob, visit } from './support/people.ts';
import { startTestService } from './support/test-service.ts';
import type { TestService } from './support/test-service.ts';

const PERSONAL = [alice, bob].flatMap(({ id, sid, name, address }) => [id, sid, ...name.split(' '), address]);
const FREE_TEXT = ['parcel', '/orders/alice', '192.0.2', '198.51.100'];

let test: TestService;
beforeEach(async () => {
  test = await startTestService();
});
afterEach(() => test.remove());

async function filesBelow(folder: string): Promise<[name: string, text: string][]> {
  const names = await readdir(folder);
  return await Promise.all(
    names.map(async (name): Promise<[string, string]> => [
      name,
      await readFile(join(folder, name), 'latin1'),
    ]),
  );
}

async function expectNothingPersonal(): Promise<string[]> {
  const files = [
    ...(await filesBelow(join(test.directory, 'index'))),
    ...(await filesBelow(join(test.directory, 'sessions'))),
  ];
  for (const [name, text] of files) {
    for (const secret of [...PERSONAL, ...FREE_TEXT]) {
      expect(text.toLowerCase().includes(secret.toLowerCase()), `${secret} in ${name}`).toBe(false);
    }
  }
  return files.map(([name]) => name).toSorted();
}

it('holds nothing about a person in index and sessions, not in their write-ahead logs either', async () => {
  await test.send([...visit(alice, 5), ...visit(bob, 5)]);
  const found = await test.get(
    `/api/records?query=${encodeURIComponent(`user.id:${alice.id} and "parcel of"`)}`,
  );
  expect(Object(await found.json()).records).toHaveLength(5);
  expect((await test.get(`/api/sessions/${alice.sid}`)).status).toBe(200);
  expect(await expectNothingPersonal()).toEqual(
    expect.arrayContaining(['index.db', 'index.db-wal', 'sessions.db']),
  );
  await test.restart();
  await expectNothingPersonal();
  expect((await test.get(`/api/sessions/${alice.sid}`)).status).toBe(200);
});

it('builds index and sessions again from the ledger when they are gone', async () => {
  await test.send(visit(alice, 2));
  const before = await (await test.get(`/api/sessions/${alice.sid}`)).json();
  await test.restart({ without: ['index', 'sessions'] });
  await test.caughtUp();
  expect(await (await test.get(`/api/sessions/${alice.sid}`)).json()).toEqual(before);
});
