import { expect, it } from 'vitest';

import { SETTLE_MS, SettledPosition } from '../../../packages/exporter/src/search/settled-position.ts';

it('is how far the index was ten seconds ago, and begins anew with it', () => {
  let position = 5;
  let nowMs = 0;
  const settled = new SettledPosition(
    () => position,
    () => nowMs,
  );
  const after = (ms: number): number => {
    nowMs += ms;
    settled.sample();
    return settled.get();
  };
  expect(after(0)).toBe(0);
  position = 9;
  expect(after(SETTLE_MS - 1)).toBe(0);
  expect(after(1)).toBe(5);
  expect(after(SETTLE_MS)).toBe(9);
  position = 2;
  expect(settled.get()).toBe(2);
  expect(after(1)).toBe(0);
  position = 30;
  expect(after(1)).toBe(0);
  expect(after(SETTLE_MS - 1)).toBe(2);
  settled.close();
});
