import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { describeMachine, median, printLines } from '../statistics.ts';

test('what an unsampled request costs, by SPANLEDGER_RECORD', async () => {
  const machine = describeMachine();
  const script = join(import.meta.dirname, 'recording-modes-child.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [script]);
  const sides: Record<string, number[]> = JSON.parse(stdout);
  printLines([
    machine,
    'always_off, a root and five internal spans a request, in the application’s thread; median of the rounds',
    ...Object.entries(sides).map(
      ([name, rounds]) => `${name.padEnd(24)} ${median(rounds).toFixed(1)} µs a request`,
    ),
  ]);
  expect(Object.keys(sides)).toHaveLength(5);
});
