import { expect, test } from 'vitest';
import { runWithTrouble } from '../../support/instrumentation/loss-run.ts';

const RUN = { perSecond: 200, seconds: 3, patienceMs: 30_000, flushMs: 0 };
const MADE = RUN.perSecond * RUN.seconds * 3;

test.each([
  ['takes a second to answer', { status: 200, delayMs: 1_000 }, Infinity],
  ['takes a quarter of a second to answer', { status: 200, delayMs: 250 }, Infinity],
  ['answers 503 for a time', { status: 503 }, 2_000],
  ['hangs for a time', { status: 200, delayMs: Infinity }, 2_000],
  ['is absent for a time', undefined, 2_000],
])('a receiver that %s gets every span, and none twice', async (name, answer, forMs) => {
  const trouble = answer === undefined ? { name, forMs } : { name, answer, forMs };
  const { made, ours } = await runWithTrouble(trouble, RUN);
  expect(made).toBe(MADE);
  expect(ours).toEqual({ missing: 0, twice: 0, aside: 0 });
});

test('what a receiver refuses for good is set aside whole, and once', async () => {
  const trouble = { name: '400', answer: { status: 400 }, forMs: Infinity };
  const { made, ours } = await runWithTrouble(trouble, RUN);
  expect(ours).toEqual({ missing: made, twice: 0, aside: made });
});
