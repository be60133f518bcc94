import { LedgerReader } from '@spanledger/ledger';
import { expect, test } from 'vitest';
import type { FollowedBatch, Follower } from '../../../../packages/exporter/src/follower.ts';
import { LogFollowers, MAX_BATCH_BYTES } from '../../../../packages/exporter/src/followers/log-followers.ts';
import { PublishedSize } from '../../../../packages/exporter/src/followers/published-size.ts';

/** A log of numbered entries. */
class NumberedLog extends LedgerReader {
  override range(from: number, to: number): Promise<Uint8Array[]> {
    return Promise.resolve(Array.from({ length: to - from }, (_, i) => Uint8Array.of((from + i) % 256)));
  }
}

function gatherer(name: string, failures: number): Follower & { taken: number[] } {
  const taken: number[] = [];
  let left = failures;
  return {
    name,
    taken,
    position: () => taken.length,
    process({ first, entries }: FollowedBatch) {
      if (left-- > 0) return Promise.reject(new Error('the disk is full'));
      taken.push(...entries.map((_, i) => first + i));
      return Promise.resolve();
    },
    close: () => undefined,
  };
}

test('every entry once, in order, also after a failure; a stop comes after the last one', async () => {
  const ledger = new PublishedSize();
  const steady = gatherer('steady', 0);
  const failing = gatherer('failing', 1);
  const errors: string[] = [];
  const followers = new LogFollowers({
    followers: [steady, failing],
    ledger,
    reader: new NumberedLog({ read: () => Promise.resolve(undefined) }),
    onError: (_error, follower) => errors.push(follower),
  });
  ledger.set(3);
  ledger.set(2000);
  await followers.finish();
  const all = Array.from({ length: 2000 }, (_, i) => i);
  expect(steady.taken).toEqual(all);
  expect(failing.taken).toEqual(all);
  expect(errors).toEqual(['failing']);
});

test('who has caught up is told the time, beside no batch; a failure is told', async () => {
  const ledger = new PublishedSize();
  const said: string[] = [];
  const behind = Promise.withResolvers<void>();
  let position = 0;
  const follower: Follower = {
    name: 'clocked',
    position: () => position,
    async process({ entries }) {
      said.push('batch');
      await behind.promise;
      position += entries.length;
      said.push('taken in');
    },
    tick(nowMs) {
      said.push(`tick ${nowMs}`);
      throw new Error('no time');
    },
    close: () => undefined,
  };
  const errors: string[] = [];
  const followers = new LogFollowers({
    followers: [follower],
    ledger,
    reader: new NumberedLog({ read: () => Promise.resolve(undefined) }),
    onError: (_error, name) => errors.push(name),
    now: () => 42,
  });
  await expect.poll(() => said, { timeout: 5000 }).toEqual(['tick 42']);
  expect(errors).toEqual(['clocked']);
  ledger.set(1);
  await expect.poll(() => said).toHaveLength(2);
  behind.resolve();
  await expect.poll(() => said.length, { timeout: 5000 }).toBeGreaterThan(3);
  expect(said.slice(1, 4)).toEqual(['batch', 'taken in', 'tick 42']);
  await followers.finish();
});

test('the published size wakes who waits for it, and lets go of who gave up', async () => {
  const size = new PublishedSize();
  const gaveUp = new AbortController();
  const waited = size.published(2);
  const abandoned = size.published(2, gaveUp.signal);
  gaveUp.abort();
  await expect(abandoned).rejects.toThrow();
  size.set(1);
  size.set(2);
  await waited;
  await size.published(1);
  size.set(1);
  expect(size.sizes()).toEqual({ published: 2 });
  await expect(size.published(9, AbortSignal.abort())).rejects.toThrow();
});

test('who is waited for goes first', async () => {
  const ledger = new PublishedSize();
  const order: string[] = [];
  const follower = (name: string, isUrgent: boolean): Follower => {
    let position = 0;
    return {
      name,
      isUrgent,
      position: () => position,
      async process({ entries }) {
        if (isUrgent) await new Promise((resolve) => setTimeout(resolve, 60));
        order.push(name);
        position += entries.length;
      },
      close: () => undefined,
    };
  };
  const followers = new LogFollowers({
    followers: [follower('index', false), follower('alerts', true)],
    ledger,
    reader: new NumberedLog({ read: () => Promise.resolve(undefined) }),
    onError: () => undefined,
  });
  ledger.set(10);
  await followers.finish();
  expect(order).toEqual(['alerts', 'index']);
});

test('a batch of large entries is taken in by parts', async () => {
  class LargeLog extends LedgerReader {
    override range(from: number, to: number): Promise<Uint8Array[]> {
      return Promise.resolve(Array.from({ length: to - from }, () => new Uint8Array(MAX_BATCH_BYTES / 4)));
    }
  }
  const ledger = new PublishedSize();
  const parts: [first: number, count: number][] = [];
  let position = 0;
  const followers = new LogFollowers({
    followers: [
      {
        name: 'sizes',
        position: () => position,
        process({ first, entries }) {
          parts.push([first, entries.length]);
          position += entries.length;
          return Promise.resolve();
        },
        close: () => undefined,
      },
    ],
    ledger,
    reader: new LargeLog({ read: () => Promise.resolve(undefined) }),
    onError: () => undefined,
  });
  ledger.set(10);
  await followers.finish();
  expect(parts).toEqual([
    [0, 4],
    [4, 4],
    [8, 2],
  ]);
});

test('before each batch it is asked whether others come first, and nothing is taken in until they do not', async () => {
  const ledger = new PublishedSize();
  const follower = gatherer('patient', 0);
  const turns: PromiseWithResolvers<void>[] = [];
  const followers = new LogFollowers({
    followers: [follower],
    ledger,
    reader: new NumberedLog({ read: () => Promise.resolve(undefined) }),
    batchEntries: 2,
    giveWay: () => {
      const turn = Promise.withResolvers<void>();
      turns.push(turn);
      return turn.promise;
    },
    onError: () => undefined,
  });
  ledger.set(4);
  await expect.poll(() => turns).toHaveLength(1);
  expect(follower.taken).toEqual([]);
  turns[0]?.resolve();
  await expect.poll(() => turns).toHaveLength(2);
  expect(follower.taken).toEqual([0, 1]);
  turns[1]?.resolve();
  await followers.finish();
  expect(follower.taken).toEqual([0, 1, 2, 3]);
});
