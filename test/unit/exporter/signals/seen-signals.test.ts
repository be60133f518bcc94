import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SeenSignals, type SeenLog } from '../../../../packages/exporter/src/signals/seen-signals.ts';
import { SignalRecorder } from '../../../../packages/exporter/src/signals/signal-recorder.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spanledger-seen-'));
});

afterEach(() => rm(folder, { recursive: true }));

/** A log of records with these ids. */
function logOf(ids: readonly string[]): SeenLog & { asked: number[] } {
  const asked: number[] = [];
  return {
    asked,
    async *entries(from, to) {
      await Promise.resolve();
      asked.push(from, to);
      for (const id of ids.slice(from, to)) {
        yield { bytes: Buffer.from(JSON.stringify({ audit: { record: { id } } })) };
      }
    },
  };
}

/** Opens it as a new process does. */
async function reopen(ids: readonly string[], log = logOf(ids)): Promise<SeenSignals> {
  const seen = new SeenSignals(join(folder, 'seen.db'), 3);
  await seen.recover(log, ids.length);
  return seen;
}

test('what was recorded is known at the next start, and the log is not read for it', async () => {
  const seen = await reopen([]);
  seen.begin(['a', 'b'], 0);
  seen.keep(['a', 'b']);
  seen.close();
  const log = logOf([]);
  const again = await reopen(['a', 'b'], log);
  expect([again.has('a'), again.has('b'), again.has('c')]).toEqual([true, true, false]);
  expect(log.asked).toEqual([]);
  again.close();
});

test('killed after the ledger had it: it is known', async () => {
  const seen = await reopen([]);
  seen.begin(['a'], 2);
  seen.close();
  const log = logOf(['x', 'y', 'a', 'z']);
  const again = await reopen(['x', 'y', 'a', 'z'], log);
  expect(again.has('a')).toBe(true);
  expect(log.asked).toEqual([2, 4]);
  again.close();
});

test('killed before the ledger had it: it may come again', async () => {
  const seen = await reopen([]);
  seen.begin(['a'], 2);
  seen.close();
  const again = await reopen(['x', 'y', 'z']);
  expect(again.has('a')).toBe(false);
  again.close();
});

test('only so many are remembered, the newest', async () => {
  const seen = await reopen([]);
  for (const id of ['a', 'b', 'c', 'd', 'e']) {
    seen.begin([id], 0);
    seen.keep([id]);
  }
  seen.begin(['f'], 0);
  expect(['a', 'b', 'c', 'd', 'e', 'f'].filter((id) => seen.has(id))).toEqual(['d', 'e', 'f']);
  seen.close();
});

test('one that is being recorded is remembered, however many come meanwhile', async () => {
  const seen = await reopen([]);
  seen.begin(['slow'], 0);
  for (const id of ['a', 'b', 'c', 'd', 'e']) {
    seen.begin([id], 0);
    seen.keep([id]);
  }
  expect(seen.has('slow')).toBe(true);
  seen.close();
});

test('one that is brought twice at once is written once, and both wait for it', async () => {
  const seen = await reopen([]);
  const { promise, resolve } = Promise.withResolvers<void>();
  let writes = 0;
  const recorder = new SignalRecorder({
    seen,
    size: () => 0,
    record: () => {
      writes++;
      return promise;
    },
  });
  const signal = { id: 'a', drafts: [{ id: 'a', clear: {}, groups: {} }] };
  let done = 0;
  const both = [recorder.record([signal]), recorder.record([signal])].map(async (one) => {
    const fresh = await one;
    done++;
    return fresh;
  });
  await new Promise(setImmediate);
  expect(done).toBe(0);
  resolve();
  expect(await Promise.all(both)).toEqual([1, 0]);
  expect(writes).toBe(1);
  seen.close();
});

test('what the ledger did not take may come again; who waited for it is told', async () => {
  const seen = await reopen([]);
  let isFull = true;
  const recorder = new SignalRecorder({
    seen,
    size: () => 0,
    record: () => (isFull ? Promise.reject(new Error('full')) : Promise.resolve()),
  });
  const signal = { id: 'a', drafts: [{ id: 'a', clear: {}, groups: {} }] };
  const both = await Promise.allSettled([recorder.record([signal]), recorder.record([signal])]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(recorder.knows('a')).toBe(false);
  isFull = false;
  expect(await recorder.record([signal])).toBe(1);
  seen.close();
});

test('what was not written when it was opened, and is not now, is not taken for written', async () => {
  const seen = await reopen([]);
  const recorder = new SignalRecorder({ seen, size: () => 0, record: () => Promise.resolve() });
  await expect(recorder.record([{ id: 'a', drafts: [] }])).rejects.toMatchObject({ code: 'service_busy' });
  expect(recorder.knows('a')).toBe(false);
  seen.close();
});
