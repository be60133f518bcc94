import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { FixtureProcess, STANDALONE } from '../../support/instrumentation/fixture-process.ts';
import { scratchDirectory } from '../../support/instrumentation/scratch.ts';
import { describeMachine, median, printLines } from '../statistics.ts';

const INTERVALS_MS = [2_000, 1_000, 500, 250];
const ROUNDS = 3;
const SECONDS = 6;

test('what a shorter interval between requests costs', async () => {
  const machine = describeMachine();
  const fixtures = pathToFileURL(join(import.meta.dirname, 'fixtures/')).href;
  await using sink = new FixtureProcess(`${fixtures}sink.mjs`, { imports: [] });
  const endpoint = `${await sink.url()}/v1/traces`;
  const took = new Map(INTERVALS_MS.map((ms) => [ms, [] as number[]]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [intervalMs, values] of took) {
      await using spool = await scratchDirectory();
      await using app = new FixtureProcess(`${fixtures}steady-spans.mjs`, {
        imports: [STANDALONE],
        args: [String(SECONDS)],
        env: {
          SPANLEDGER_ENDPOINT: endpoint,
          SPANLEDGER_SPOOL_DIR: spool.path,
          SPANLEDGER_SEND_INTERVAL_MS: String(intervalMs),
        },
      });
      values.push(Number((await app.line(/^took ([\d.]+)$/m))[1]));
    }
  }
  printLines([
    machine,
    '300 requests/s of 3 spans in a process that does nothing else; CPU time of all its threads, µs a request',
    ...[...took].map(
      ([ms, values]) =>
        `a request every ${ms} ms: ${median(values).toFixed(1)} (${values.map((value) => value.toFixed(1)).join(', ')})`,
    ),
  ]);
  expect([...took.values()].flat().every(Number.isFinite)).toBe(true);
});
