import type { Openings } from '@spanledger/record';
import { expect, test } from 'vitest';
import { followedRecords } from '../../../../packages/exporter/src/followed-records.ts';

const openings: Openings = { identity: { salt: 'c2FsdA', value: { user: { id: 'alice' } } } };
const entries = ['{"audit":{"action":"READ"}}', '{"audit":{"action":"CREATE"}}'].map((text) =>
  Buffer.from(text),
);

test('records with their openings, read once for all followers of the same entries', async () => {
  const asked: [from: number, to: number][] = [];
  const records = followedRecords({
    read(from, to) {
      asked.push([from, to]);
      return Promise.resolve(new Map([[8, openings]]));
    },
  });
  const read = await records.read({ first: 7, entries });
  expect(read).toEqual([
    { index: 7, record: { audit: { action: 'READ' } }, openings: {} },
    { index: 8, record: { audit: { action: 'CREATE' } }, openings },
  ]);
  expect(await records.read({ first: 7, entries })).toBe(read);
  expect(await records.read({ first: 8, entries: entries.slice(1) })).toEqual(read.slice(1));
  expect(asked).toEqual([
    [7, 9],
    [8, 9],
  ]);
});

test('what failed is read again', async () => {
  let failures = 1;
  const records = followedRecords({
    read: () => (failures-- > 0 ? Promise.reject(new Error('gone')) : Promise.resolve(new Map())),
  });
  await expect(records.read({ first: 0, entries })).rejects.toThrow('gone');
  expect(await records.read({ first: 0, entries })).toHaveLength(2);
});

test('an entry that does not parse is named, and not quoted', async () => {
  const records = followedRecords({ read: () => Promise.resolve(new Map()) });
  const reading = records.read({ first: 4, entries: [Buffer.from('secret')] });
  await expect(reading).rejects.toThrow(
    expect.objectContaining({ code: 'ledger_damaged', message: 'Entry 4 of the ledger does not parse' }),
  );
});
