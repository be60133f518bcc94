import { expect, test } from 'vitest';
import { runWithTrouble, type Losses, type Trouble } from '../../support/instrumentation/loss-run.ts';
import { describeMachine, printLines } from '../statistics.ts';

const TROUBLES: readonly (Trouble & { seconds: number })[] = [
  { name: 'takes 250 ms', answer: { status: 200, delayMs: 250 }, forMs: Infinity, seconds: 10 },
  { name: 'takes 1 s', answer: { status: 200, delayMs: 1_000 }, forMs: Infinity, seconds: 10 },
  { name: 'hangs for 5 s', answer: { status: 200, delayMs: Infinity }, forMs: 5_000, seconds: 10 },
  { name: 'answers 503 for 10 s', answer: { status: 503 }, forMs: 10_000, seconds: 12 },
  { name: 'answers 400', answer: { status: 400 }, forMs: Infinity, seconds: 5 },
  { name: 'is absent for 30 s', forMs: 30_000, seconds: 32 },
];
const PER_SECOND = 500;

test('spans lost and doubled while a receiver is in trouble', async () => {
  const lines = [
    describeMachine(),
    `${PER_SECOND} requests/s, 3 spans each; BatchSpanProcessor with its defaults`,
  ];
  for (const { seconds, ...trouble } of TROUBLES) {
    const run = { perSecond: PER_SECOND, seconds, patienceMs: 60_000, flushMs: 12_000 };
    const { made, ours, batch } = await runWithTrouble(trouble, run);
    const tell = ({ missing, twice, aside }: Losses): string =>
      `${missing - aside} missing (${((100 * (missing - aside)) / made).toFixed(1)} %), ${twice} twice${aside > 0 ? `, ${aside} set aside` : ''}`;
    lines.push(
      `${trouble.name.padEnd(22)} of ${made}: ours ${tell(ours)}; BatchSpanProcessor ${tell(batch)}`,
    );
    expect(ours.missing - ours.aside).toBe(0);
    expect(ours.twice).toBe(0);
  }
  printLines(lines);
});
