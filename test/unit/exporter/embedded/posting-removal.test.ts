import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBlindKey } from '../../../../packages/exporter/src/blind-key.ts';
import { openEmbeddedIndex } from '../../../../packages/exporter/src/search/index.ts';
import type { IndexedRecord, SearchIndexDriver } from '../../../../packages/exporter/src/search/index.ts';
import {
  allBytes,
  bare,
  expectAsBuiltAnew,
  INDEX_KEY as key,
  recordOf,
  whose,
} from '../../../support/exporter/embedded-index.ts';

const blindKey = createBlindKey(key);

let directory: string;
let file: string;
let driver: SearchIndexDriver;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-removal-'));
  file = join(directory, 'index.db');
  driver = openEmbeddedIndex({ file, key });
});
afterEach(async () => {
  driver.close();
  await rm(directory, { recursive: true, force: true });
});

describe('what is taken out of the full-text table', () => {
  const anyStep = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('add' as const), count: fc.integer({ min: 1, max: 60 }) }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('erase' as const), person: fc.nat(8) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('prepare' as const), person: fc.nat(8) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('purge' as const), first: fc.nat(300) }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'settle' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
  );

  it('leaves the index as if it had never been there, whatever was done in which order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 3, maxLength: 25 }), async (steps) => {
        driver.close();
        for (const suffix of ['', '-wal', '-shm']) await rm(file + suffix, { force: true });
        driver = openEmbeddedIndex({ file, key });
        /** As they are in the index. */
        const log: (IndexedRecord | undefined)[] = [];
        const prepared = new Set<number>();
        const ofPerson = (person: number): IndexedRecord[] =>
          log.flatMap((record) => (record !== undefined && whose(record) === `p${person}` ? [record] : []));
        for (const step of steps) {
          switch (step.kind) {
            case 'add': {
              const added = Array.from({ length: step.count }, (_, i) => {
                const index = log.length + i;
                const record = recordOf(
                  index,
                  `p${(index * 7) % 9}`,
                  index % 5 ? {} : { note: { [`n${index % 3}`]: 'a b' } },
                );
                return index % 11 ? record : bare(record);
              });
              log.push(...added);
              await driver.add(added, log.length);
              break;
            }
            case 'prepare':
              await driver.prepareErasure(ofPerson(step.person));
              for (const { index } of ofPerson(step.person)) prepared.add(index);
              break;
            case 'erase': {
              const own = ofPerson(step.person);
              await driver.prepareErasure(own);
              // Again, when their opened groups cannot be read any more.
              await driver.prepareErasure(own.map(bare));
              await driver.erase(own.map(({ index }) => index));
              for (const one of own) log[one.index] = bare(one);
              break;
            }
            case 'purge': {
              const gone = log.slice(step.first, step.first + 40).flatMap((record) => record ?? []);
              // What is prepared may have lost its opened groups meanwhile.
              await driver.remove(gone.map((one) => (prepared.has(one.index) ? bare(one) : one)));
              await driver.remove(gone.slice(0, 2));
              for (const { index } of gone) log[index] = undefined;
              break;
            }
            case 'settle':
              driver.settle();
              break;
            case 'restart':
              driver.close();
              driver = openEmbeddedIndex({ file, key });
          }
        }
        await expectAsBuiltAnew(file, log);
      }),
      { numRuns: 25 },
    );
  }, 120_000);
});

/** What divides the pages of the full-text table. */
function dividers(): string[] {
  const database = new DatabaseSync(file, { readOnly: true });
  const rows = database.prepare('SELECT CAST(term AS TEXT) AS term FROM postings_idx').all();
  database.close();
  return rows.map(({ term }) => String(term).slice(1)).filter((text) => text.length > 3);
}

/** Every token that a row has. */
function allTerms(): string[] {
  const database = new DatabaseSync(file, { readOnly: true });
  database.exec("CREATE VIRTUAL TABLE temp.words USING fts5vocab('main', 'postings', 'row')");
  const rows = database.prepare('SELECT term FROM temp.words').all();
  database.close();
  return rows.map(({ term }) => String(term));
}

/** Tokens that nobody else's records have. */
function tokensOf(person: string): string[] {
  return [
    blindKey.token('value', `user.id\0${person}`),
    blindKey.token('value', `user.email\0${person}@mail.example`),
    blindKey.token('value', `user.name\0Name ${person} Orders`),
    blindKey.token('word', person),
  ];
}

describe('what was erased', () => {
  it('is in no byte of the file, nor the beginning of it in what divides its pages', async () => {
    const PEOPLE = 750;
    const records = Array.from({ length: 3000 }, (_, index) => recordOf(index, `p${(index * 7) % PEOPLE}`));
    for (let at = 0; at < records.length; at += 500) {
      await driver.add(records.slice(at, at + 500), Math.min(at + 500, records.length));
    }
    const gone = Array.from({ length: PEOPLE / 6 }, (_, i) => `p${6 * i}`);
    const tokens = gone.flatMap(tokensOf);
    // The beginning of a term may be left to the one before it.
    const isThere = (bytes: string, token: string): boolean => bytes.includes(token.slice(5));
    const before = allBytes(file);
    expect(tokens.filter((token) => !isThere(before, token))).toEqual([]);
    const known = dividers();
    expect(
      tokens.filter((token) => known.some((divider) => token.startsWith(divider))).length,
    ).toBeGreaterThan(2);
    const own = new Set(gone);
    const erased = records.filter((record) => own.has(whose(record) ?? ''));
    await driver.prepareErasure(erased);
    await driver.erase(erased.map(({ index }) => index));
    driver.settle();
    const after = allBytes(file);
    expect(tokens.filter((token) => isThere(after, token))).toEqual([]);
    const live = Array.from({ length: PEOPLE }, (_, i) => `p${i}`)
      .filter((person) => !own.has(person))
      .flatMap(tokensOf);
    expect(live.filter((token) => !isThere(after, token))).toEqual([]);
    // What others' tokens begin with as well says nothing.
    const terms = allTerms();
    const said = dividers().filter((divider) => !terms.some((term) => term.startsWith(divider)));
    expect(tokens.filter((token) => said.some((divider) => token.startsWith(divider)))).toEqual([]);
    await expectAsBuiltAnew(
      file,
      records.map((record) => (own.has(whose(record) ?? '') ? bare(record) : record)),
    );
  }, 60_000);
});
