import { entryBundlePath } from '@spanledger/ledger/verify';
import type { JsonObject } from '@spanledger/record';
import { describe, expect, test } from 'vitest';
import { addHistory, copyLog, makeEntries, type MemoryLog, publish } from './support/memory-log.ts';
import { findings, verify } from './support/tampering.ts';

/** Five bundles are full; the record of the pruning is in the last one, which is not. */
const SIZE = 1400;
const MINIMUM = 768;
const STATED_AT = 1390;

function pruned(minimumIndex: number): JsonObject {
  return {
    audit: { retention: { minimum_index: minimumIndex } },
    event: { action: 'retention.pruned', dataset: 'spanledger.audit', kind: 'event' },
  };
}

function merge(record: JsonObject, more: JsonObject): JsonObject {
  return { ...record, ...more, audit: { ...object(record['audit']), ...object(more['audit']) } };
}

function object(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** A log whose entry at `at` states a minimum index. */
function stating(minimumIndex: number, at = STATED_AT): { log: MemoryLog; entries: Uint8Array[] } {
  const entries = makeEntries(SIZE, undefined, (record, index) =>
    index === at ? merge(record, pruned(minimumIndex)) : record,
  );
  const log = publish(entries);
  addHistory(log, entries, [100, 700, SIZE]);
  return { log, entries };
}

const STATED = stating(MINIMUM);

function without(log: MemoryLog, bundles: readonly number[], publishedIndex?: number): MemoryLog {
  const copy = copyLog(log);
  for (const bundle of bundles) copy.files.delete(entryBundlePath(bundle));
  if (publishedIndex !== undefined) copy.files.set('minimum-index', Buffer.from(`${publishedIndex}\n`));
  return copy;
}

describe('a pruned log', () => {
  test('verifies, and says how much of it is gone', async () => {
    const whole = await verify(STATED.log, { history: 'required' });
    const report = await verify(without(STATED.log, [0, 1, 2], MINIMUM), { history: 'required' });
    expect(findings(report)).toEqual([]);
    expect(report).toMatchObject({
      ok: true,
      size: SIZE,
      verified: SIZE - MINIMUM,
      pruned: MINIMUM,
      root: whole.root,
      historyVerified: 3,
      warningsTotal: 0,
    });
    expect(report.producers).toMatchObject([{ first: MINIMUM + 1, missing: [] }]);
    expect(whole.pruned).toBe(0);
  });

  test('verifies whichever bundle says so', async () => {
    const { log } = stating(MINIMUM, 1100);
    expect(findings(await verify(without(log, [0, 1, 2], MINIMUM)))).toEqual([]);
  });

  test.each([
    ['before anything was taken away', [], undefined],
    ['before the minimum index was published', [], undefined],
    ['in the middle of it', [0, 2], MINIMUM],
    ['with the first bundle there still', [1, 2], MINIMUM],
    ['without the published minimum index', [0, 1, 2], undefined],
  ])('verifies as it is after a crash: %s', async (_when, bundles, published) => {
    const report = await verify(without(STATED.log, bundles, published), { history: 'required' });
    expect(findings(report)).toEqual([]);
    expect(report.pruned).toBe(256 * bundles.length);
  });

  test('is gone on with from a state', async () => {
    const log = without(STATED.log, [0, 1, 2], MINIMUM);
    const states: string[] = [];
    const report = await verify(log, { onState: (state) => void states.push(state), stateIntervalMs: 0 });
    expect(states.length).toBeGreaterThan(1);
    for (const resume of states) {
      const resumed = await verify(log, { resume });
      expect({ ...resumed, elapsedMs: 0 }).toEqual({ ...report, elapsedMs: 0 });
    }
  });

  test('is the same to whoever reads full bundles elsewhere', async () => {
    const log = without(STATED.log, [0, 1, 2], MINIMUM);
    const openBundles = () => ({ take: () => Promise.resolve(undefined) });
    const report = await verify(log, { openBundles });
    expect({ ...report, elapsedMs: 0 }).toEqual({ ...(await verify(log)), elapsedMs: 0 });
  });
});

describe('a log from which entries were taken', () => {
  const plain = publish(makeEntries(SIZE));

  test('by somebody who could not write a record of it', async () => {
    expect(findings(await verify(without(plain, [0, 1, 2])))).toEqual(['bundle_missing 0 tile/entries/000']);
  });

  test('and a minimum index that nobody stated', async () => {
    const report = await verify(without(plain, [0, 1, 2], MINIMUM));
    expect(findings(report)).toEqual([
      'bundle_missing 0 tile/entries/000',
      'minimum_index_wrong minimum-index',
    ]);
    expect(report.root).toBe('');
  });

  test('beyond what the log states', async () => {
    const report = await verify(without(STATED.log, [0, 1, 2, 3], 1024));
    expect(findings(report)).toEqual([
      `bundle_missing ${MINIMUM} tile/entries/003`,
      'minimum_index_wrong minimum-index',
    ]);
  });

  test('from its middle', async () => {
    expect(findings(await verify(without(STATED.log, [0, 1, 2, 4], MINIMUM)))).toEqual([
      'bundle_missing 1024 tile/entries/004',
    ]);
  });

  test('with a statement about what lies behind it', async () => {
    const { log } = stating(1280, 1100);
    expect(findings(await verify(without(log, [0, 1, 2, 3, 4], 1280)))).toContain(
      'bundle_missing 0 tile/entries/000',
    );
    expect(findings(await verify(without(log, [0, 1, 2, 3], 1280)))).toEqual([
      'bundle_missing 0 tile/entries/000',
      'minimum_index_wrong minimum-index',
    ]);
  });

  test('and a tile with them', async () => {
    const log = without(STATED.log, [0, 1, 2], MINIMUM);
    log.files.delete('tile/0/001');
    expect(findings(await verify(log))).toEqual([
      'tile_missing 256 tile/0/001',
      'bundle_missing 256 tile/entries/001',
    ]);
  });

  test.each(['', '768', '0768\n', '700\n', '-256\n', '768\n768\n', '9007199254740992\n'])(
    'a minimum index that is none is told: %j',
    async (text) => {
      const log = without(STATED.log, []);
      log.files.set('minimum-index', Buffer.from(text));
      expect(findings(await verify(log))).toEqual(['minimum_index_wrong minimum-index']);
    },
  );
});
