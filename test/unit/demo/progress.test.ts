import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Progress } from '../../../packages/demo/src/progress.ts';

describe('Progress', () => {
  const lines: string[] = [];
  beforeEach(() => {
    lines.length = 0;
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function step(lastsMs: number, outcome: () => string): Promise<string> {
    const progress = new Progress(
      (line) => lines.push(line),
      () => Date.now(),
    );
    const work = (): Promise<string> =>
      new Promise((resolve, reject) => {
        setTimeout(() => {
          try {
            resolve(outcome());
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
          }
        }, lastsMs);
      });
    return progress.step('starting the shop', work, (result) => `shop ${result}`);
  }

  it('says in one line what a short step came to', async () => {
    const done = step(400, () => 'open');
    await vi.advanceTimersByTimeAsync(400);
    expect(await done).toBe('open');
    expect(lines).toEqual(['✓ shop open (0.4 s)']);
  });

  it('announces a step that takes longer than a second', async () => {
    const done = step(2_500, () => 'open');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(lines).toEqual(['… starting the shop']);
    await vi.advanceTimersByTimeAsync(1_500);
    await done;
    expect(lines.at(-1)).toBe('✓ shop open (2.5 s)');
  });

  it('names the step that failed', async () => {
    const done = step(100, () => {
      throw new Error('closed');
    });
    await Promise.all([expect(done).rejects.toThrow('closed'), vi.advanceTimersByTimeAsync(100)]);
    expect(lines).toEqual(['✗ starting the shop (0.1 s)']);
  });
});
