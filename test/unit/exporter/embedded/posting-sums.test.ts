import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PostingSums } from '../../../../packages/exporter/src/search/embedded/posting-sums.ts';

const SIZE = 6;

/** The tokens of each row, by its number. */
type Rows = ReadonlyMap<number, readonly string[]>;

function tableOf(rows: Rows): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  onTestFinished(() => database.close());
  database.exec(`CREATE VIRTUAL TABLE postings USING fts5(
    tokens, content='', detail=none, contentless_delete=1, tokenize="ascii tokenchars '+?!='"
  )`);
  const insert = database.prepare('INSERT INTO postings (rowid, tokens) VALUES (?, ?)');
  for (const [row, tokens] of rows) insert.run(row, tokens.join(' '));
  return database;
}

function compare(stored: Rows, rebuilt: Rows, most = 100): ReturnType<PostingSums['differences']> {
  const sums = new PostingSums(SIZE);
  sums.take(tableOf(stored), 'stored');
  sums.take(tableOf(rebuilt), 'rebuilt');
  return sums.differences(most);
}

const anyRows: fc.Arbitrary<Rows> = fc
  .array(fc.option(fc.subarray(['a=1', 'a=2', 'b=1', 'c=1'])), { minLength: SIZE, maxLength: SIZE })
  .map((list) => {
    return new Map(
      list.flatMap((tokens, index) => (tokens === null ? [] : [[index + 1, ['+', ...tokens]] as const])),
    );
  });

describe('PostingSums', () => {
  it('tells the records whose tokens differ, and no other', () => {
    fc.assert(
      fc.property(anyRows, anyRows, (stored, rebuilt) => {
        const expected = Array.from({ length: SIZE }, (_, index) => index).flatMap((index) => {
          const [a, b] = [stored.get(index + 1), rebuilt.get(index + 1)];
          if (a?.join() === b?.join()) return [];
          return [{ kind: b === undefined ? 'foreign' : a === undefined ? 'missing' : 'altered', index }];
        });
        expect(compare(stored, rebuilt)).toEqual(expected);
      }),
    );
  });

  it('tells no more than it is asked for', () => {
    const rows = new Map(Array.from({ length: SIZE }, (_, index) => [index + 1, ['+']]));
    expect(compare(new Map(), rows, 2)).toEqual([
      { kind: 'missing', index: 0 },
      { kind: 'missing', index: 1 },
    ]);
  });

  it('takes a record of no shape of its own for one of any shape', () => {
    const [shaped, shapeless] = [new Map([[1, ['+', 'a=1', '?f0']]]), new Map([[1, ['+', 'a=1', '?none']]])];
    expect(compare(shapeless, shaped)).toEqual([]);
    expect(compare(shaped, shapeless)).toEqual([]);
    expect(compare(new Map([[1, ['+', '?none']]]), shaped)).toEqual([{ kind: 'altered', index: 0 }]);
    expect(compare(new Map([[1, ['+', 'a=1', '?0f']]]), shaped)).toEqual([{ kind: 'altered', index: 0 }]);
  });

  it('finds rows where no record is, however far away', () => {
    const database = tableOf(
      new Map([
        [3, ['+']],
        [SIZE + 1, ['+', 'a=1']],
      ]),
    );
    const insert = database.prepare('INSERT INTO postings (rowid, tokens) VALUES (?, ?)');
    insert.run(2n ** 62n, '+');
    insert.run(-5, '+');
    const places = new PostingSums(SIZE).beyond(database, 10);
    expect(places.toSorted((a, b) => a - b)).toEqual([0, SIZE, Number.MAX_SAFE_INTEGER - 1]);
  });
});
