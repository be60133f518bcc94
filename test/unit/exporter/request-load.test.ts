import { setTimeout as delay } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { RequestLoad, RequestsFirst } from '../../../packages/exporter/src/request-load.ts';

/** Longer than a test may take. */
const FOR_EVER_MS = 600_000;

test('who gives way waits while requests keep their thread busy, and goes on once they do not', async () => {
  const load = new RequestLoad(2);
  expect(await passes(load)).toBe(true);
  load.note();
  let isOver = false;
  let waited: Promise<void> | undefined;
  for (let turn = 0; waited === undefined && turn < 1000; turn++) {
    work(30);
    await delay(0);
    if (await passes(load)) continue;
    waited = new RequestsFirst(load.memory, FOR_EVER_MS).giveWay().then(() => {
      isOver = true;
    });
    work(30);
    await delay(0);
    expect(isOver).toBe(false);
  }
  expect(waited).toBeDefined();
  await waited;
  expect(await passes(load)).toBe(true);
});

test('a moment of rest between two requests is no rest', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  const utilization = vi.spyOn(performance, 'eventLoopUtilization');
  try {
    const load = new RequestLoad(2);
    load.note();
    const passed: boolean[] = [];
    for (const share of [0.9, 0.1, 0.1, 0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]) {
      utilization.mockReturnValue({ idle: 1 - share, active: share, utilization: share });
      vi.advanceTimersByTime(20);
      passed.push(await passes(load));
    }
    expect(passed).toEqual([false, false, false, false, false, false, false, false, true, true]);
  } finally {
    utilization.mockRestore();
    vi.useRealTimers();
  }
});

test('a thread that waits for the disk is not busy', async () => {
  const load = new RequestLoad(2);
  for (let request = 0; request < 20; request++) {
    load.note();
    await delay(5);
    expect(await passes(load)).toBe(true);
  }
});

test('with processors for everybody nobody gives way', async () => {
  const load = new RequestLoad(4);
  load.note();
  for (let turn = 0; turn < 5; turn++) {
    work(30);
    await delay(0);
    expect(await passes(load)).toBe(true);
  }
});

test('nobody stands still for good, and one waits after the other', async () => {
  const { memory } = new RequestLoad(2);
  memory[0] = 1;
  const requestsFirst = new RequestsFirst(memory, 20);
  const steps: number[] = [];
  const began = performance.now();
  await Promise.all(
    [1, 2, 3].map(async (step) => {
      await requestsFirst.giveWay();
      steps.push(step);
    }),
  );
  expect(steps).toEqual([1, 2, 3]);
  expect(performance.now() - began).toBeGreaterThan(50);
});

/** Whether one who follows would go on at once. */
async function passes({ memory }: RequestLoad): Promise<boolean> {
  return await Promise.race([
    new RequestsFirst(memory, FOR_EVER_MS).giveWay().then(() => true),
    new Promise<false>((resolve) => {
      setImmediate(resolve, false);
    }),
  ]);
}

function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
