import { expect, it } from 'vitest';
import { describeProgress, progressLine } from '../../../packages/cli/src/output/progress.ts';

it('says how much, how fast and how long', () => {
  expect(describeProgress({ verified: 12_000, size: 48_000 }, 1000)).toBe(
    '12,000 of 48,000 entries (25 %), 12,000 entries/s, 3.0 s left',
  );
  expect(describeProgress({ verified: 12_000, size: 48_000 }, 1000, 11_000)).toBe(
    '12,000 of 48,000 entries (25 %), 1,000 entries/s, 36.0 s left',
  );
  expect(describeProgress({ verified: 0, size: 10 }, 0)).toBe('0 of 10 entries (0 %)');
  expect(describeProgress({ verified: 0, size: 0 }, 5)).toBe('0 of 0 entries (100 %)');
});

it('draws in place, not too often, and takes itself away', () => {
  const written: string[] = [];
  let nowMs = 0;
  const line = progressLine(
    (text) => written.push(text),
    () => nowMs,
  );
  line.update({ verified: 1, size: 10 });
  nowMs = 50;
  line.update({ verified: 2, size: 10 });
  nowMs = 150;
  line.update({ verified: 3, size: 10 });
  line.clear();
  line.clear();
  expect(written).toHaveLength(3);
  expect(written[1]).toContain('3 of 10');
  expect(written[2]).toBe('\r\u001B[K');
});

it('writes nothing where there is no terminal', () => {
  const line = progressLine(undefined, () => 0);
  line.update({ verified: 1, size: 2 });
  line.clear();
});

it('writes a line every half minute where there is no terminal and it takes that long', () => {
  const written: string[] = [];
  let nowMs = 0;
  const line = progressLine(
    undefined,
    () => nowMs,
    (text) => written.push(text),
  );
  for (let verified = 1_000; verified <= 70_000; verified += 1_000) {
    nowMs += 1_000;
    line.update({ verified, size: 100_000 });
  }
  line.clear();
  expect(written).toEqual([
    '30,000 of 100,000 entries (30 %), 967 entries/s, 1 min 12 s left\n',
    '60,000 of 100,000 entries (60 %), 983 entries/s, 40.7 s left\n',
  ]);
});
