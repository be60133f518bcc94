import { readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isJsonObject } from '@spanledger/record';
import type { JsonObject } from '@spanledger/record';
import { expect } from 'vitest';
import { openEmbeddedIndex, StoredIndex } from '../../../packages/exporter/src/search/index.ts';
import type { IndexedRecord } from '../../../packages/exporter/src/search/index.ts';

/** The key of the tokens. */
export const INDEX_KEY: Uint8Array = new Uint8Array(32).fill(5);

/** What a record of a person says in the clear, and what not. */
export function recordOf(index: number, person: string, more: JsonObject = {}): Required<IndexedRecord> {
  return {
    index,
    document: {
      '@timestamp': new Date(1_760_000_000_000 + index * 1000).toISOString().replace('Z', '000000Z'),
      audit: { actor: { id: `actor-of-${person}` }, record: { id: `record-${index}` } },
      event: { action: `GET /orders/${person.length}`, outcome: index % 3 ? 'success' : 'failure' },
      http: { route: '/orders/:id' },
      trace: { id: `trace-${index >> 1}` },
    },
    openings: {
      identity: {
        salt: 'AAAAAAAAAAAAAAAAAAAAAA',
        value: { user: { id: person, name: `Name ${person} Orders`, email: `${person}@mail.example` } },
      },
      network: {
        salt: 'AAAAAAAAAAAAAAAAAAAAAA',
        value: { client: { address: `10.${index % 7}.${person.length}.${index % 251}` }, ...more },
      },
    },
  };
}

/** The same when its opened groups cannot be read any more. */
export function bare({ index, document }: IndexedRecord): IndexedRecord {
  return { index, document };
}

/** What the full-text table itself finds wrong. */
function checkIntegrity(file: string): void {
  const database = new DatabaseSync(file);
  database.exec("INSERT INTO postings (postings) VALUES ('integrity-check')");
  database.close();
}

/**
 * Compares an index with one of the same records that is built anew, and has SQLite look through it.
 *
 * @param file - path of the database
 * @param records - by ledger index; undefined where there is none
 */
export async function expectAsBuiltAnew(
  file: string,
  records: readonly (IndexedRecord | undefined)[],
): Promise<void> {
  const key = INDEX_KEY;
  const rebuilt = `${file}-rebuilt`;
  const other = openEmbeddedIndex({ file: rebuilt, key });
  const there = records.flatMap((record) => record ?? []);
  if (there.length > 0) await other.add(there, records.length);
  await other.passOver(records.flatMap((record, index) => (record === undefined ? [index] : [])));
  other.close();
  const stored = new StoredIndex(file, key);
  expect(stored.findDamage()).toBeUndefined();
  expect(stored.differences(rebuilt, key, 10)).toEqual([]);
  stored.close();
  for (const suffix of ['', '-wal', '-shm']) await rm(rebuilt + suffix, { force: true });
  checkIntegrity(file);
}

/** All bytes of the folder of an index: the write-ahead log is in it. */
export function allBytes(file: string): string {
  const directory = dirname(file);
  return readdirSync(directory)
    .map((name) => readFileSync(join(directory, name), 'latin1'))
    .join('');
}

/** `user.id` of a record, in its opened groups. */
export function whose({ openings }: IndexedRecord): string | undefined {
  const user = openings?.identity?.value['user'];
  const id = isJsonObject(user) ? user['id'] : undefined;
  return typeof id === 'string' ? id : undefined;
}
