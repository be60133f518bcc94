import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CAN_TRACE, traced } from '../../support/instrumentation/confined.ts';
import { FixtureProcess } from '../../support/instrumentation/fixture-process.ts';
import { TestReceiver } from '../../support/instrumentation/receiver.ts';
import { scratchDirectory } from '../../support/instrumentation/scratch.ts';

/** How often the application's own thread and others brought files to the disk, while 200 spans ended. */
async function countSyncs(policy: string): Promise<{ own: number; others: number }> {
  await using receiver = await new TestReceiver().listen();
  await using scratch = await scratchDirectory();
  await receiver.close();
  const log = join(scratch.path, 'log');
  await using app = new FixtureProcess('steady.mjs', {
    env: {
      SPANLEDGER_ENDPOINT: receiver.url,
      SPANLEDGER_SPOOL_DIR: join(scratch.path, 'spool'),
      SPANLEDGER_SPOOL_FSYNC: policy,
      OTEL_TRACES_EXPORTER: 'none',
    },
    args: ['1000'],
    wrapper: traced(log, 'trace=fdatasync'),
  });
  await app.line(/^done$/m, 60_000);
  const own = String(app.child.pid);
  await app.kill();
  const lines = (await readFile(log, 'utf8')).split('\n').filter((line) => line.includes('fdatasync('));
  const ours = lines.filter((line) => line.startsWith(`${own} `)).length;
  return { own: ours, others: lines.length - ours };
}

test.runIf(CAN_TRACE)(
  'spans are brought to the disk as often as was asked, and who waits for it',
  async () => {
    expect(await countSyncs('off')).toEqual({ own: 0, others: 0 });
    const interval = await countSyncs('interval');
    expect(interval.own).toBe(0);
    expect(interval.others).toBeGreaterThan(2);
    const always = await countSyncs('always');
    expect(always.own).toBeGreaterThan(interval.others);
    expect(always.others).toBe(0);
  },
);
