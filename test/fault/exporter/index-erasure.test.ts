import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { createBlindKey } from '../../../packages/exporter/src/blind-key.ts';
import { openEmbeddedIndex } from '../../../packages/exporter/src/search/index.ts';
import {
  allBytes,
  bare,
  expectAsBuiltAnew,
  INDEX_KEY as key,
  recordOf,
  whose,
} from '../../support/exporter/embedded-index.ts';
import { ScriptProcess } from '../../support/instrumentation/script-process.ts';

const RECORDS = 1200;
/** Hers are more than go in two transactions. */
const records = Array.from({ length: RECORDS }, (_, index) => recordOf(index, index % 2 ? 'bob' : 'alice'));
const hers = records.filter((record) => whose(record) === 'alice');

test('an index that is killed at any step of an erasure forgets the person in the end, and nobody else', async () => {
  const root = await mkdtemp(join(tmpdir(), 'spanledger-index-erasure-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const built = join(root, 'built');
  const driver = openEmbeddedIndex({ file: join(built, 'index.db'), key });
  for (let at = 0; at < RECORDS; at += 300) await driver.add(records.slice(at, at + 300), at + 300);
  driver.close();
  const token = createBlindKey(key).token('value', 'user.id\0alice').slice(5);
  expect(allBytes(join(built, 'index.db'))).toContain(token);
  const killed: string[] = [];
  for (let commits = 1; ; commits++) {
    for (const moment of ['before', 'after']) {
      const folder = join(root, `${commits} ${moment}`);
      await cp(built, folder, { recursive: true });
      const file = join(folder, 'index.db');
      const args = [file, 'alice', JSON.stringify(hers.map(({ index }) => index)), String(commits), moment];
      const child = new ScriptProcess(join(import.meta.dirname, 'index-erasure-child.ts'), root, { args });
      const { signal } = await child.exited;
      if (signal === null) {
        expect(child.stdout, child.stderr).toBe('prepared\nsettled\n');
        // Once for what is prepared, and three times for what is taken out.
        expect(killed).toEqual([
          '1 before',
          '1 after',
          '2 before',
          '2 after',
          '3 before',
          '3 after',
          '4 before',
          '4 after',
        ]);
        return;
      }
      killed.push(`${commits} ${moment}`);
      const next = openEmbeddedIndex({ file, key });
      expect(isDeletingInPlace(file)).toBe(false);
      const isPrepared = child.stdout.includes('prepared');
      // Where it was, the person's key is destroyed by now.
      await next.prepareErasure(isPrepared ? hers.map(bare) : hers);
      await next.erase(hers.map(({ index }) => index));
      next.settle();
      expect(allBytes(file).includes(token)).toBe(false);
      next.close();
      await expectAsBuiltAnew(
        file,
        records.map((record) => (whose(record) === 'alice' ? bare(record) : record)),
      );
    }
  }
}, 240_000);

/** As it is during an erasure alone. */
function isDeletingInPlace(file: string): boolean {
  const database = new DatabaseSync(file, { readOnly: true });
  const row = database.prepare("SELECT v FROM postings_config WHERE k = 'secure-delete'").get();
  database.close();
  return row?.['v'] === 1;
}
