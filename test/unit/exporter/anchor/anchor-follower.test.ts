import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  AnchorFollower,
  type AnchorFollowerOptions,
} from '../../../../packages/exporter/src/anchor/anchor-follower.ts';
import type { AnchoredCheckpoint } from '../../../../packages/exporter/src/anchor/anchored-checkpoint.ts';

/** A log that publishes when it is told to. */
class FakeLog {
  readonly origin = 'example.com/log';
  size = 0;
  #waiters: { size: number; resolve: () => void }[] = [];

  checkpoint(): string {
    return `${this.origin}\n${this.size}\nroot\n\n— x y\n`;
  }

  sizes(): { sequenced: number; durable: number; integrated: number; published: number } {
    const { size } = this;
    return { sequenced: size, durable: size, integrated: size, published: size };
  }

  published(size: number, signal?: AbortSignal): Promise<void> {
    if (this.size >= size) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ size, resolve });
      signal?.addEventListener('abort', () => {
        reject(new Error('stopped'));
      });
    });
  }

  async publish(size: number): Promise<void> {
    this.size = size;
    const due = this.#waiters.filter((waiter) => waiter.size <= size);
    this.#waiters = this.#waiters.filter((waiter) => waiter.size > size);
    for (const { resolve } of due) resolve();
    // So that each is counted.
    await new Promise(setImmediate);
    await new Promise(setImmediate);
  }
}

let directory = '';
let log: FakeLog;
let handed: number[];
let failing: Error | undefined;
const running: AnchorFollower[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-anchor-'));
  log = new FakeLog();
  handed = [];
  failing = undefined;
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((follower) => follower.stop()));
  await rm(directory, { recursive: true, force: true });
});

async function follow(options: Partial<AnchorFollowerOptions> = {}): Promise<AnchorFollower> {
  const follower = new AnchorFollower({
    name: 'test',
    ledger: log,
    target: {
      hand({ size }: AnchoredCheckpoint) {
        if (failing !== undefined) return Promise.reject(failing);
        handed.push(size);
        return Promise.resolve();
      },
    },
    afterCheckpoints: 3,
    afterMs: 3_600_000,
    timeoutMs: 1_000,
    stateFile: join(directory, 'test.json'),
    firstRetryMs: 5,
    onChange: () => undefined,
    ...options,
  });
  running.push(follower);
  await follower.start();
  return follower;
}

async function until(sizes: readonly number[]): Promise<void> {
  await expect.poll(() => handed, { timeout: 10_000, interval: 5 }).toEqual(sizes);
}

describe('an anchor', () => {
  test('gets the first checkpoint at once, and then one after so many', async () => {
    await follow();
    await log.publish(10);
    await until([10]);
    for (const size of [11, 12]) await log.publish(size);
    expect(handed).toEqual([10]);
    await log.publish(13);
    await until([10, 13]);
  });

  test('gets one after so long', async () => {
    await follow({ afterCheckpoints: 1_000, afterMs: 50 });
    await log.publish(10);
    await until([10]);
    await log.publish(11);
    await until([10, 11]);
  });

  test('gets nothing while nothing is published', async () => {
    const follower = await follow({ afterMs: 1 });
    await log.publish(10);
    await until([10]);
    await expect
      .poll(() => follower.status())
      .toMatchObject({ size: 10, lag: 0, isBehind: false, failures: 0 });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(handed).toEqual([10]);
  });

  /** A follower that has handed over size 10, noted it and ended. */
  async function handTheTenth(): Promise<void> {
    const first = await follow();
    await log.publish(10);
    await until([10]);
    await expect
      .poll(() => readFile(join(directory, 'test.json'), 'utf8').catch(() => ''))
      .toContain('"size":10');
    await first.stop();
  }

  test('takes up where it left off: neither all again, nor nothing', async () => {
    await handTheTenth();
    await log.publish(20);
    // The last one is not old enough yet, and no more than one checkpoint was seen since.
    await follow();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(handed).toEqual([10]);
    await log.publish(21);
    await log.publish(22);
    await until([10, 22]);
  });

  test('of a process that was down for long gets one checkpoint, the newest', async () => {
    await handTheTenth();
    await log.publish(5_000);
    await follow({ now: () => Date.now() + 7_200_000 });
    await until([10, 5_000]);
  });

  test('that fails is tried again with the newest, and says so until it works', async () => {
    const told: string[] = [];
    failing = new Error('the disk is full');
    const follower = await follow({
      onChange: (state) => told.push('error' in state ? String(state.error) : `good at ${state.size}`),
    });
    await log.publish(10);
    await expect.poll(() => follower.status().failures, { timeout: 10_000, interval: 5 }).toBeGreaterThan(2);
    expect(follower.status()).toMatchObject({ size: 0, lag: 10, isBehind: true, error: 'the disk is full' });
    await log.publish(12);
    failing = undefined;
    await until([12]);
    await expect.poll(() => follower.status().isBehind).toBe(false);
    expect(told).toEqual(['Error: the disk is full', 'good at 12']);
  });

  test('waits longer after each failure', async () => {
    const attempts: number[] = [];
    await follow({
      firstRetryMs: 10,
      target: {
        hand() {
          attempts.push(performance.now());
          return Promise.reject(new Error('x'));
        },
      },
    });
    await log.publish(10);
    await expect.poll(() => attempts.length, { timeout: 10_000, interval: 5 }).toBeGreaterThan(4);
    const pauses = attempts.slice(1).map((at, i) => at - (attempts[i] ?? 0));
    for (const [i, leastMs] of [10, 20, 40, 80].entries()) expect(pauses[i]).toBeGreaterThan(leastMs - 2);
  });

  test('that knows more than the log tells that the log was cut back', async () => {
    await handTheTenth();
    log.size = 4;
    const told: string[] = [];
    const follower = await follow({
      onChange: (state) => told.push(String('error' in state ? state.error : '')),
    });
    expect(told).toEqual([expect.stringMatching(/10 entries was anchored, and the log has 4 now/)]);
    expect(follower.status()).toMatchObject({
      isBehind: true,
      lag: 0,
      error: expect.stringMatching(/cut back/),
    });
  });

  test('that is overdue is behind', async () => {
    let nowMs = 1_000_000;
    const follower = await follow({
      now: () => nowMs,
      afterMs: 60_000,
      target: { hand: () => new Promise(() => undefined) },
    });
    await log.publish(10);
    expect(follower.status().isBehind).toBe(false);
    nowMs += 60_000;
    expect(follower.status().isBehind).toBe(true);
    // Nothing resolves it any more; what is left of it holds no process open.
    running.splice(running.indexOf(follower), 1);
  });
});
