import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Vault } from '../../../../packages/exporter/src/privacy/index.ts';
import { makeVersion3 } from './vault-version-3.ts';

const ENTRIES = 1500;

let directory: string;
let file: string;
const kek = createSecretKey(randomBytes(32));
const open: Vault[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'spanledger-vault-'));
  file = join(directory, 'vault.db');
});

afterEach(() => {
  for (const vault of open.splice(0)) vault.close();
  rmSync(directory, { recursive: true });
});

function openVault(options: { readOnly?: boolean; key?: KeyObject } = {}): Vault {
  const { key = kek, readOnly = false } = options;
  const vault = new Vault({ file, kek: key, readOnly });
  open.push(vault);
  return vault;
}

function textOf(index: number): string {
  return `{"content":"of ${index}${'.'.repeat(index % 7)}"}`;
}

/** Seals entries, each under the scope that a test says. */
function put(vault: Vault, entries: Map<number, string>): void {
  vault.begin();
  const scopes = new Set(entries.values());
  vault.putOpenings(
    [...scopes].map((scope) => ({
      owner: vault.scopeKey(scope),
      entries: [...entries.keys()]
        .filter((index) => entries.get(index) === scope)
        .toSorted((a, b) => a - b)
        .map((index): [number, Uint8Array] => [index, Buffer.from(textOf(index))]),
    })),
  );
  vault.commit(ENTRIES, undefined);
}

function read(vault: Vault, from = 0, to = ENTRIES): Record<number, string> {
  const found = [...vault.openingBytes(from, to)].map(([index, bytes]) => [
    index,
    Buffer.from(bytes).toString(),
  ]);
  return Object.fromEntries(found);
}

function expected(indexes: Iterable<number>): Record<number, string> {
  return Object.fromEntries(Array.from(indexes, (index) => [index, textOf(index)]));
}

const entriesOf = fc
  .array(fc.tuple(fc.nat(ENTRIES - 1), fc.constantFrom('a', 'b', 'c')), { maxLength: 400 })
  .map((list) => new Map(list));

describe('openings in a vault', () => {
  test('are read again by any range, after one by one and whole subjects were taken out', () => {
    fc.assert(
      fc.property(
        entriesOf,
        entriesOf,
        fc.array(fc.nat(ENTRIES - 1), { maxLength: 60 }),
        fc.nat(ENTRIES),
        fc.nat(ENTRIES),
        (earlier, later, cut, one, other) => {
          rmSync(file, { force: true });
          const vault = new Vault({ file, kek });
          try {
            put(vault, earlier);
            put(vault, later);
            const all = new Map([...earlier, ...later]);
            const [from, to] = [Math.min(one, other), Math.max(one, other)];
            const within = [...all.keys()].filter((index) => index >= from && index < to);
            expect(read(vault, from, to)).toEqual(expected(within));
            vault.erasure.cutOut(cut);
            for (const index of cut) all.delete(index);
            expect(read(vault)).toEqual(expected(all.keys()));
            vault.erasure.removeBoxes('b', []);
            for (const [index, scope] of all) if (scope === 'b') all.delete(index);
            expect(read(vault)).toEqual(expected(all.keys()));
            vault.demandSound();
          } finally {
            vault.close();
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test('of many entries of one subject lie in few boxes, of a bounded size', () => {
    const vault = openVault();
    put(vault, new Map(Array.from({ length: ENTRIES }, (_, i) => [i, `person ${i % 5}`])));
    const database = new DatabaseSync(file, { readOnly: true });
    const { count, most } = {
      ...database.prepare('SELECT count(*) AS count, max(length(box)) AS most FROM boxes').get(),
    };
    database.close();
    expect(count).toBe(25);
    expect(most).toBeLessThan(4096);
    expect(read(vault)).toEqual(expected(Array.from({ length: ENTRIES }, (_, i) => i)));
  });

  test('of a subject whose key is gone do not open, also of a copy from before; the others do', () => {
    const vault = openVault();
    put(
      vault,
      new Map([
        [1, 'alice'],
        [2, 'bob'],
        [3, 'alice'],
      ]),
    );
    vault.erasure.destroyKey('alice');
    expect(read(vault)).toEqual(expected([2]));
    vault.erasure.settle();
    // Nobody has to be told: an open connection keeps no key.
    expect(read(openVault({ readOnly: true }))).toEqual(expected([2]));
  });

  test('that were taken out are in no page and in no box', () => {
    const vault = openVault();
    put(vault, new Map(Array.from({ length: 300 }, (_, i) => [i, 'alice'])));
    const database = new DatabaseSync(file);
    const before = database.prepare('SELECT box FROM boxes').all();
    database.close();
    vault.erasure.cutOut([7]);
    vault.erasure.settle();
    const bytes = readFileSync(file);
    const [first] = before;
    const box = first?.['box'];
    expect(box instanceof Uint8Array && bytes.includes(Buffer.from(box.subarray(13, 77)))).toBe(false);
    expect(Object.keys(read(vault))).toHaveLength(299);
  });

  test('that are in a box whose bytes were exchanged with another’s are not opened', () => {
    const vault = openVault();
    put(vault, new Map([[1, 'alice']]));
    put(vault, new Map([[2, 'alice']]));
    const database = new DatabaseSync(file);
    database.exec('UPDATE boxes SET box = (SELECT box FROM boxes WHERE id = 1) WHERE id = 2');
    database.close();
    expect(() => read(vault, 2, 3)).toThrow(/does not open/);
  });

  test('are not half there after a transaction that was undone', () => {
    const vault = openVault();
    put(vault, new Map([[1, 'alice']]));
    vault.begin();
    vault.putOpenings([
      {
        owner: vault.scopeKey('bob'),
        entries: [
          [1, Buffer.from('{}')],
          [2, Buffer.from('{}')],
        ],
      },
    ]);
    vault.rollback();
    put(vault, new Map([[3, 'bob']]));
    expect(read(vault)).toEqual(expected([1, 3]));
  });
});

describe('a vault of version 3', () => {
  const people = new Map(Array.from({ length: 600 }, (_, i) => [i, i % 3 === 0 ? 'alice' : 'bob']));
  const texts = new Map(Array.from(people.keys(), (index) => [index, textOf(index)]));

  test('is read as it is', () => {
    makeVersion3(file, kek, people, texts);
    expect(read(openVault({ readOnly: true }))).toEqual(expected(people.keys()));
  });

  test('is brought to this one, added to and erased from', () => {
    makeVersion3(file, kek, people, texts);
    const vault = openVault();
    put(
      vault,
      new Map([
        [700, 'alice'],
        [701, 'bob'],
      ]),
    );
    expect(read(vault)).toEqual(expected([...people.keys(), 700, 701]));
    vault.erasure.cutOut([1, 2, 701]);
    const ofBob = [...people.keys()].filter((index) => index % 3 !== 0 && index > 2);
    const ofAlice = [...people.keys()].filter((index) => index % 3 === 0);
    expect(read(vault)).toEqual(expected([...ofAlice, ...ofBob, 700]));
    vault.erasure.destroyKey('alice');
    vault.erasure.removeBoxes('alice', ofAlice);
    expect(read(vault)).toEqual(expected(ofBob));
    const database = new DatabaseSync(file, { readOnly: true });
    const left = database
      .prepare("SELECT count(*) AS n FROM openings JOIN subjects ON id = subject WHERE scope = 'alice'")
      .get();
    database.close();
    expect(left?.['n']).toBe(0);
    vault.demandSound();
  });

  test('does not open under another key, and one of a later version not at all', () => {
    makeVersion3(file, kek, people, texts);
    expect(() => read(openVault({ key: createSecretKey(randomBytes(32)) }))).toThrow(
      expect.objectContaining({ code: 'key_mismatch' }),
    );
    const database = new DatabaseSync(file);
    database.exec('PRAGMA user_version = 99');
    database.close();
    expect(() => openVault()).toThrow(expect.objectContaining({ code: 'vault_damaged' }));
  });
});
