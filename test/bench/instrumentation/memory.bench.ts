import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { FixtureProcess } from '../../support/instrumentation/fixture-process.ts';
import { scratchDirectory } from '../../support/instrumentation/scratch.ts';
import { describeMachine, printLines } from '../statistics.ts';

const REQUESTS = 200_000;
const PORTIONS = 10;

/** What one request more leaves behind: the slope of a straight line through the points. */
function slopeOf(points: readonly { x: number; y: number }[]): number {
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / points.length;
  const covariance = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0);
  return covariance / points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
}

test('memory that 200,000 requests leave behind', async () => {
  const machine = describeMachine();
  await using sink = new FixtureProcess(
    pathToFileURL(join(import.meta.dirname, 'fixtures', 'sink.mjs')).href,
    {
      imports: [],
    },
  );
  await using spool = await scratchDirectory();
  const receiver = `${await sink.url()}/v1/traces`;
  await using app = new FixtureProcess(
    pathToFileURL(join(import.meta.dirname, 'fixtures', 'requests.mjs')).href,
    {
      args: [String(REQUESTS), String(PORTIONS)],
      env: {
        NODE_OPTIONS: '--expose-gc',
        SPANLEDGER_ENDPOINT: receiver,
        SPANLEDGER_SPOOL_DIR: spool.path,
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: receiver,
      },
    },
  );
  await app.line(/^done$/m, 300_000);
  const portions = [...app.stdout.matchAll(/^portion (\d+) heap (\d+) alive (\d+) of (\d+)$/gm)].map(
    (match) => ({
      x: (Number(match[1]) * REQUESTS) / PORTIONS,
      y: Number(match[2]),
      alive: Number(match[3]),
      watched: Number(match[4]),
    }),
  );
  // Portion 0 warms up.
  const counted = portions.slice(1);
  const slope = slopeOf(counted);
  printLines([
    machine,
    `${REQUESTS} requests of 3 spans, 9 of 10 with a session; heap after gc, MiB: ${counted.map(({ y }) => (y / 2 ** 20).toFixed(2)).join(' ')}`,
    `slope: ${slope.toFixed(2)} bytes a request; spans and slots of ended requests still in memory: ${counted.map(({ alive }) => alive).join(' ')} of ${counted[0]?.watched ?? 0}`,
  ]);
  expect(app.stderr).toBe('');
  expect(counted).toHaveLength(PORTIONS);
  expect(slope).toBeLessThan(10);
});
