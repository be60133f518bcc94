import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SeenSignals, type SeenLog } from '../../../../packages/exporter/src/signals/seen-signals.ts';
import { SignalRecorder } from '../../../../packages/exporter/src/signals/signal-recorder.ts';

let folder: string;

function fail(error: unknown): void {
  throw error;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spanledger-seen-'));
});

afterEach(() => rm(folder, { recursive: true }));

const [A, B, C, D, E] = ['a', 'b', 'c', 'd', 'e'].map((digit) => `signal-${digit.repeat(32)}`);

/** A log of records with these ids. */
function logOf(ids: readonly (string | undefined)[]): SeenLog & { asked: number[] } {
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
async function reopen(ids: readonly (string | undefined)[] = [], log = logOf(ids)): Promise<SeenSignals> {
  const seen = new SeenSignals(join(folder, 'seen.db'), 3);
  await seen.recover(log, ids.length);
  return seen;
}

function known(seen: SeenSignals): (string | undefined)[] {
  return [A, B, C, D, E].filter((id) => seen.has(id ?? ''));
}

test('what was recorded is known at the next start, and only the rest of the log is read for it', async () => {
  const seen = await reopen();
  seen.add([A ?? '', B ?? '']);
  seen.note(2);
  seen.close();
  const log = logOf([A, B, 'x']);
  const again = await reopen([A, B, 'x'], log);
  expect(known(again)).toEqual([A, B]);
  expect(log.asked).toEqual([2, 3]);
  again.close();
});

test('killed after the ledger had it: it is known', async () => {
  const seen = await reopen(['x', 'y']);
  seen.close();
  const again = await reopen(['x', 'y', A, 'z', `${B}-e1`, `not ${C}`]);
  expect(known(again)).toEqual([A]);
  again.close();
});

test('without its file all of the log is read, and of another log nothing is taken for granted', async () => {
  const seen = await reopen([A, 'x', B]);
  expect(known(seen)).toEqual([A, B]);
  seen.close();
  const log = logOf([C]);
  const other = await reopen([C], log);
  expect(log.asked).toEqual([0, 1]);
  expect(other.has(C ?? '')).toBe(true);
  other.close();
});

test('only so many are remembered, the newest', async () => {
  const seen = await reopen();
  for (const id of [A, B, C, D, E]) seen.add([id ?? '']);
  expect(known(seen)).toEqual([C, D, E]);
  seen.close();
});

test('one that is brought twice at once is written once, and both wait for it', async () => {
  const seen = await reopen();
  const { promise, resolve } = Promise.withResolvers<void>();
  let writes = 0;
  const recorder = new SignalRecorder({
    seen,
    size: () => 0,
    onError: fail,
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
  const seen = await reopen();
  let isFull = true;
  const recorder = new SignalRecorder({
    seen,
    size: () => 0,
    onError: fail,
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
  const seen = await reopen();
  const recorder = new SignalRecorder({
    seen,
    size: () => 0,
    record: () => Promise.resolve(),
    onError: fail,
  });
  await expect(recorder.record([{ id: 'a', drafts: [] }])).rejects.toMatchObject({ code: 'service_busy' });
  expect(recorder.knows('a')).toBe(false);
  seen.close();
});

test('what the ledger has and the disk does not take is known all the same, and noted when it does', async () => {
  const seen = await reopen();
  const errors: unknown[] = [];
  let isFull = true;
  const recorder = new SignalRecorder({
    seen: Object.assign(Object.create(seen), {
      has: (id: string) => seen.has(id),
      note: (entry: number) => {
        seen.note(entry);
      },
      add: (ids: string[]) => {
        if (isFull) throw new Error('full');
        seen.add(ids);
      },
    }),
    size: () => 7,
    record: () => Promise.resolve(),
    onError: (error) => errors.push(error),
  });
  const signal = { id: 'a', drafts: [{ id: 'a', clear: {}, groups: {} }] };
  expect(await recorder.record([signal])).toBe(1);
  expect(await recorder.record([signal])).toBe(0);
  expect(errors).toHaveLength(1);
  await recorder.stop();
  expect(seen.has('a')).toBe(false);
  isFull = false;
  await recorder.stop();
  expect(seen.has('a')).toBe(true);
  seen.close();
  const log = logOf(Array.from({ length: 8 }, () => 'x'));
  (
    await reopen(
      Array.from({ length: 8 }, () => 'x'),
      log,
    )
  ).close();
  expect(log.asked).toEqual([7, 8]);
});
