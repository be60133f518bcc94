import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { FixtureProcess } from '../../support/instrumentation/fixture-process.ts';
import { scratchDirectory } from '../../support/instrumentation/scratch.ts';
import { describeMachine, median, printLines } from '../statistics.ts';

/** A request without Spanledger, as `request-cost` finds it on this machine when it is quiet. */
const REQUEST_US = 730;

const PARTS: Readonly<Record<string, string>> = {
  encode: 'encoding three spans',
  write: 'writing, every 20 ms',
  sync: 'bringing it to the disk, every 100 ms',
  send: 'reading back and posting, every 2 s',
};

test('what recording costs a request at the least', async () => {
  await using scratch = await scratchDirectory();
  const sink = pathToFileURL(join(import.meta.dirname, 'fixtures', 'sink.mjs')).href;
  await using receiver = new FixtureProcess(sink, { imports: [] });
  const machine = describeMachine();
  const script = join(import.meta.dirname, 'cost-floor-child.ts');
  const url = `${await receiver.url()}/v1/traces`;
  const { stdout } = await promisify(execFile)(process.execPath, [script, scratch.path, url]);
  const rounds: Record<string, Record<string, number>[]> = JSON.parse(stdout);
  const us = (path: string, part: string): number =>
    median((rounds[path] ?? []).map((parts) => parts[part] ?? Number.NaN));
  const row = (title: string, [bare, ours]: readonly number[]): string =>
    `${title.padEnd(40)} bare ${bare?.toFixed(1)} µs, by this package ${ours?.toFixed(1)} µs`;
  const columns = Object.keys(PARTS).map((part) => [us('bare', part), us('ours', part)]);
  const sums = [0, 1].map((path) => columns.reduce((sum, column) => sum + (column[path] ?? Number.NaN), 0));
  const shares = sums.map((sum) => `${((100 * sum) / REQUEST_US).toFixed(1)} %`);
  printLines([
    machine,
    '300 requests/s of 3 spans in a process that does nothing else; CPU time of the thread, a request',
    ...Object.values(PARTS).map((title, index) => row(title, columns[index] ?? [])),
    row('together', sums),
    `of a request of ${REQUEST_US} µs: ${shares.join(', ')}`,
  ]);
  expect(sums.every(Number.isFinite)).toBe(true);
});
