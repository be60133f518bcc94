import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { describeMachine, median, printLines } from '../statistics.ts';

test('ns a span that the audit processor adds to the bare SDK', async () => {
  const machine = describeMachine();
  const script = join(import.meta.dirname, 'processor-child.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [script]);
  const rounds: { bare: number[]; audited: number[] } = JSON.parse(stdout);
  const added = rounds.audited.map((ns, index) => ns - (rounds.bare[index] ?? Number.NaN));
  printLines([
    machine,
    `SDK 3.x, spans with 10 attributes, 6 a request, session bound after the second; ${added.length} rounds, alternating`,
    `bare SDK:        median ${median(rounds.bare).toFixed(0)} ns a span`,
    `audit processor: median ${median(rounds.audited).toFixed(0)} ns a span`,
    `added:           median ${median(added).toFixed(0)} ns a span (goal: 300)`,
  ]);
  expect(added.every(Number.isFinite)).toBe(true);
});
