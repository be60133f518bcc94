import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { JsonObject } from '@spanledger/record';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { openEmbeddedIndex } from '../../../../packages/exporter/src/search/index.ts';
import { parseQuery } from '../../../../packages/exporter/src/search/query/index.ts';
import type { SearchIndexDriver } from '../../../../packages/exporter/src/search/index.ts';

const key = new Uint8Array(32).fill(1);
const otherKey = new Uint8Array(32).fill(2);

let directory: string;
let file: string;
let driver: SearchIndexDriver | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-embedded-'));
  file = join(directory, 'index.db');
});
afterEach(async () => {
  close();
  await rm(directory, { recursive: true, force: true });
});

function open(options: { key?: Uint8Array; readOnly?: boolean } = {}): SearchIndexDriver {
  close();
  driver = openEmbeddedIndex({ file, key, ...options });
  return driver;
}

function close(): void {
  driver?.close();
  driver = undefined;
}

async function find(query: string): Promise<number[]> {
  const page = await driver?.candidates({ query: parseQuery(query), order: 'asc', limit: 100 });
  return page?.indexes ?? [];
}

const alice: JsonObject = {
  '@timestamp': '2026-11-02T10:00:00.000000000Z',
  event: { action: 'GET /orders/{id}', outcome: 'success' },
  user: { id: 'alice-7f3a', email: 'alice@mail.example' },
  client: { address: '192.0.2.17' },
  url: { path: '/orders/secret-path' },
  attributes: { 'customer.note': 'do not ring', 'customer.age': 42_4242 },
};

it('holds no value, no word and no attribute name of a committed group', async () => {
  await open().add([{ index: 0, document: alice }], 1);
  expect(await find('user.id:alice-7f3a and ring and attributes.customer.age:424242')).toEqual([0]);
  for (const name of await readdir(directory)) {
    const text = readFileSync(join(directory, name), 'latin1').toLowerCase();
    for (const secret of [
      'alice',
      '7f3a',
      'mail',
      '192.0',
      'secret',
      'ring',
      'customer',
      '424242',
      'attributes',
    ]) {
      expect(text.includes(secret), `${secret} in ${name}`).toBe(false);
    }
  }
  expect(readFileSync(`${file}-wal`, 'latin1')).toContain('outcome=success');
});

it('gives other tokens under another key, and begins anew with it', async () => {
  await open().add([{ index: 0, document: alice }], 1);
  expect(open({ key: otherKey }).position()).toBe(0);
  expect(await find('*')).toEqual([]);
});

it('makes a record with too many tokens a candidate of everything', async () => {
  const words = Array.from({ length: 5000 }, (_, i) => `word${i}`).join(' ');
  await open().add([{ index: 0, document: { ...alice, attributes: { words } } }], 1);
  expect(await find('word4999 and event.outcome:success')).toEqual([0]);
  expect(await find('not event.outcome:failure')).toEqual([0]);
  expect(await find('user.id:bob and client.address:10.0.0.0/8')).toEqual([0]);
});

it('is built again when its file is damaged', async () => {
  await open().add([{ index: 0, document: alice }], 1);
  close();
  writeFileSync(file, 'this is not a database, it never was one, and it will not be one either');
  expect(open().position()).toBe(0);
});

it('is refused to readers when it is damaged, missing or under another key', async () => {
  const damaged = { code: 'index_damaged', message: expect.stringContaining(file), hint: expect.any(String) };
  expect(() => open({ readOnly: true })).toThrow(expect.objectContaining(damaged));
  await open().add([{ index: 0, document: alice }], 1);
  close();
  expect(() => open({ readOnly: true, key: otherKey })).toThrow(expect.objectContaining(damaged));
  open({ readOnly: true });
  expect(await find('user.id:alice-7f3a')).toEqual([0]);
  close();
  writeFileSync(file, 'x'.repeat(8192));
  appendFileSync(file, 'y');
  expect(() => open({ readOnly: true })).toThrow(expect.objectContaining(damaged));
});

it('is read beside its writer', async () => {
  const writer = openEmbeddedIndex({ file, key });
  await writer.add([{ index: 0, document: alice }], 1);
  open({ readOnly: true });
  expect(await find('*')).toEqual([0]);
  await writer.add([{ index: 1, document: alice }], 2);
  expect(await find('*')).toEqual([0, 1]);
  expect(driver?.position()).toBe(2);
  writer.close();
});

it('takes in a batch as a whole or not at all', async () => {
  const writer = open();
  await writer.add([{ index: 0, document: alice }], 1);
  const broken: JsonObject = {
    get event(): JsonObject {
      throw new Error('unreadable');
    },
  };
  const batch = [1, 2].map((index) => ({ index, document: alice }));
  await expect(writer.add([...batch, { index: 3, document: broken }], 4)).rejects.toThrow('unreadable');
  expect(writer.position()).toBe(1);
  expect(await find('*')).toEqual([0]);
  await writer.add(batch, 3);
  expect(await find('*')).toEqual([0, 1, 2]);
});
