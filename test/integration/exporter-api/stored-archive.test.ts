import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { openArchive } from '../../../packages/exporter/src/stored-archive.ts';
import { alice, visit } from './support/people.ts';
import { startTestService } from './support/test-service.ts';
import type { TestService } from './support/test-service.ts';

let test: TestService;
let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'spanledger-stored-'));
  test = await startTestService();
  await test.send(visit(alice, 3));
});
afterAll(async () => {
  await test.remove();
  await rm(scratch, { recursive: true, force: true });
});

async function copyOfDirectory(name: string): Promise<string> {
  const copy = join(scratch, name);
  await cp(test.directory, copy, { recursive: true });
  return copy;
}

async function expectAlice(directory: string): Promise<void> {
  const archive = await openArchive(directory, { env: {} });
  try {
    const { records } = await archive.search({
      query: `user.id:${alice.id} and http.response.status_code:403`,
    });
    expect(records).toHaveLength(1);
    expect((await archive.session(alice.sid))?.user_name).toBe(alice.name);
  } finally {
    await archive.close();
  }
}

it('reads what a service left that was not stopped, with openings only in its journal', async () => {
  await expectAlice(await copyOfDirectory('crashed'));
});

it('reads what a stopped service left', async () => {
  await test.service.close();
  await expectAlice(await copyOfDirectory('stopped'));
});

it.each([
  ['ledger.vkey', 'archive_missing'],
  ['index/index.db', 'archive_missing'],
  ['sessions/sessions.db', 'archive_missing'],
  ['vault/vault.db', 'archive_missing'],
  ['keys/kek', 'key_missing'],
  ['keys/index.key', 'key_missing'],
])('says that %s is missing, and what to do', async (file, code) => {
  const directory = await copyOfDirectory(`without-${file.replace('/', '-')}`);
  await rm(join(directory, file));
  await expect(openArchive(directory, { env: {} })).rejects.toMatchObject({
    code,
    message: expect.stringContaining(join(directory, file)),
    hint: expect.any(String),
  });
});

it('says when the key-encryption key is another one', async () => {
  const env = { SPANLEDGER_KEK: Buffer.alloc(32, 9).toString('base64') };
  await expect(openArchive(test.directory, { env })).rejects.toMatchObject({ code: 'key_mismatch' });
});
