import type { JsonObject } from '@spanledger/record';
import { expect, test } from 'vitest';
import { readEvidence } from '../../../packages/exporter/src/alert-evidence.ts';

const record = (id: string): JsonObject => ({ audit: { record: { id } } });

/** Entries 10 to 14: what an alert rests on, and a record that names one of them. */
const ENTRIES = [record('a'), record('b'), { ...record('x'), of: 'b' }, record('c'), record('d')];

/** What is shown of an alert that rests on a, b and c where the index has come so far. */
async function shown(indexed: number): Promise<{ ids: unknown[]; entries: number }> {
  let entries = 0;
  const evidence = await readEvidence(
    {
      indexed,
      find: (id) => {
        const at = ENTRIES.findIndex((entry) => JSON.stringify(entry) === JSON.stringify(record(id)));
        return Promise.resolve(10 + at < indexed ? ENTRIES[at] : undefined);
      },
      documents: { readOne: (index) => Promise.resolve(ENTRIES[index - 10]) },
      log: {
        async *entries(from, to) {
          for (let index = from; index < to; index++, entries++) {
            yield { index, bytes: Buffer.from(JSON.stringify(ENTRIES[index - 10])) };
          }
        },
      },
    },
    { audit: { evidence: { count: 3, first_index: 10, last_index: 13, records: ['a', 'b', 'c'] } } },
  );
  return { ids: evidence.map(({ audit }) => Object(audit).record.id), entries };
}

test('evidence that the index does not have yet is found in the ledger', async () => {
  expect(await shown(0)).toEqual({ ids: ['a', 'b', 'c'], entries: 4 });
  expect(await shown(12)).toEqual({ ids: ['a', 'b', 'c'], entries: 2 });
});

test('where the index has it all, the ledger is not looked through', async () => {
  expect(await shown(15)).toEqual({ ids: ['a', 'b', 'c'], entries: 0 });
});
