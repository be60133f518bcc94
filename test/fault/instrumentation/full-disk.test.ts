import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  CAN_MOUNT,
  CAN_TRACE,
  runBeside,
  traced,
  withOwnDisk,
} from '../../support/instrumentation/confined.ts';
import { FixtureProcess } from '../../support/instrumentation/fixture-process.ts';
import { completenessOf } from '../../support/instrumentation/losses.ts';
import type { DecodedSpan } from '../../support/instrumentation/otlp-decoder.ts';
import { TestReceiver } from '../../support/instrumentation/receiver.ts';
import { scratchDirectory } from '../../support/instrumentation/scratch.ts';

const FLOOD = 2_000;
const MIB = 1024 * 1024;

function settings(receiver: TestReceiver, spool: string): Record<string, string> {
  return { SPANLEDGER_ENDPOINT: receiver.url, SPANLEDGER_SPOOL_DIR: spool };
}

/** Whether everything that ended has arrived or is reported lost, and a span that came after the trouble has arrived. */
function isExplained(spans: DecodedSpan[]): boolean {
  const { missing, reported } = completenessOf(spans);
  return spans.some(({ name }) => name === 'after') && missing === reported;
}

/** Waits until the receiver can account for every span of the flood, and for one that ends after it. */
async function accountFor(
  receiver: TestReceiver,
  app: FixtureProcess,
  expectsLoss = true,
): Promise<DecodedSpan[]> {
  // Nothing ends meanwhile: the report comes by itself.
  if (expectsLoss) {
    await receiver.waitFor((all) => completenessOf(all).reported > 0, 'a report of the loss', 60_000);
  }
  app.child.kill('SIGUSR2');
  const spans = await receiver.waitFor(isExplained, 'an account of everything', 60_000);
  const floods = spans.filter(({ name }) => name === 'flood').length;
  expect(floods + completenessOf(spans).reported).toBe(FLOOD);
  return spans;
}

test('beyond its bound spans are lost, and the receiver can tell exactly how many', async () => {
  await using receiver = await new TestReceiver().listen();
  await using spool = await scratchDirectory();
  await receiver.close();
  await using app = new FixtureProcess('flood.mjs', {
    env: { ...settings(receiver, spool.path), SPANLEDGER_SPOOL_MAX_BYTES: String(MIB) },
  });
  await app.line(/^flooded$/m);
  await app.errorLine(/\[SPANLEDGER_SPOOL_FULL\]/);
  await receiver.listen();
  const spans = await accountFor(receiver, app);
  const { reported, reasons } = completenessOf(spans);
  expect(reported).toBeGreaterThan(100);
  expect(reasons).toEqual(['spool_full']);
  expect(app.stderr.match(/SpanledgerWarning/g)?.length).toBeLessThanOrEqual(2);
});

test('a process that is killed while it loses spans: the next one says how many', async () => {
  await using receiver = await new TestReceiver().listen();
  await using spool = await scratchDirectory();
  await receiver.close();
  const env = { ...settings(receiver, spool.path), SPANLEDGER_SPOOL_MAX_BYTES: String(MIB) };
  await using app = new FixtureProcess('flood.mjs', { env });
  await app.line(/^flooded$/m);
  // Its last span is written, or counted as lost, within milliseconds; nothing outside shows when.
  await new Promise((resolve) => setTimeout(resolve, 200));
  await app.kill('SIGKILL');
  await receiver.listen();
  await using next = new FixtureProcess('idle.mjs', { env });
  const spans = await receiver.waitFor(
    (all) => completenessOf(all).arrived + completenessOf(all).reported >= FLOOD,
    'an account of everything',
    40_000,
  );
  const { missing, reported } = completenessOf(spans);
  expect(reported).toBe(missing);
  expect(reported).toBeGreaterThan(100);
  await next.kill();
});

test('where the application waits for room, nothing is lost', async () => {
  await using receiver = await new TestReceiver().listen();
  await using spool = await scratchDirectory();
  await receiver.close();
  await using app = new FixtureProcess('flood.mjs', {
    env: {
      ...settings(receiver, spool.path),
      SPANLEDGER_SPOOL_MAX_BYTES: String(MIB),
      SPANLEDGER_SPOOL_FULL: 'block',
      SPANLEDGER_SPOOL_BLOCK_MS: '10000',
    },
  });
  const firstRound = new Promise((resolve) => setTimeout(resolve, 1_500));
  await firstRound;
  expect(app.stdout).not.toMatch(/flooded/);
  await receiver.listen();
  await app.line(/^flooded$/m, 30_000);
  const spans = await accountFor(receiver, app, false);
  expect(completenessOf(spans)).toMatchObject({ missing: 0, reported: 0 });
  expect(app.stderr).not.toMatch(/SPANLEDGER_SPOOL_FULL/);
});

test('where room does not come, the application waits no longer than it was told', async () => {
  await using receiver = await new TestReceiver().listen();
  await using spool = await scratchDirectory();
  await receiver.close();
  await using app = new FixtureProcess('flood.mjs', {
    env: {
      ...settings(receiver, spool.path),
      SPANLEDGER_SPOOL_MAX_BYTES: String(MIB),
      SPANLEDGER_SPOOL_FULL: 'block',
      SPANLEDGER_SPOOL_BLOCK_MS: '3000',
    },
  });
  await app.errorLine(/SPANLEDGER_SPOOL_FULL/);
  const began = performance.now();
  // What is left of the flood would wait for more than ten seconds, if each write waited.
  await app.line(/^flooded$/m);
  expect(performance.now() - began).toBeLessThan(3_000);
  await receiver.listen();
  expect(completenessOf(await accountFor(receiver, app)).reported).toBeGreaterThan(100);
});

test.runIf(CAN_MOUNT)('a full disk: the loss is counted, and with room it works again', async () => {
  await using receiver = await new TestReceiver().listen();
  await using spool = await scratchDirectory();
  await receiver.close();
  await using app = new FixtureProcess('flood.mjs', {
    env: settings(receiver, join(spool.path, 'spool')),
    wrapper: withOwnDisk(spool.path, 'size=1m', 'head -c 600k /dev/zero > "$1/filler"'),
  });
  await app.line(/^flooded$/m);
  await app.errorLine(/\[SPANLEDGER_SPOOL_FAILED_CAUSE\].*it is full/);
  runBeside(app.child.pid, ['rm', join(spool.path, 'filler')]);
  await receiver.listen();
  const spans = await accountFor(receiver, app);
  const { reported, reasons } = completenessOf(spans);
  expect(reported).toBeGreaterThan(100);
  expect(reasons).toEqual(['disk_full']);
  expect(app.stderr.match(/SpanledgerWarning/g)?.length).toBeLessThanOrEqual(3);
});

test.runIf(CAN_MOUNT)(
  'a read-only disk: the application runs, and once it can be written it is used',
  async () => {
    await using receiver = await new TestReceiver().listen();
    await using spool = await scratchDirectory();
    await using app = new FixtureProcess('flood.mjs', {
      env: settings(receiver, join(spool.path, 'spool')),
      wrapper: withOwnDisk(spool.path, 'ro,size=64m'),
    });
    await app.line(/^flooded$/m);
    await app.errorLine(/\[SPANLEDGER_SPOOL_FAILED_CAUSE\].*EROFS/);
    expect(receiver.spans).toEqual([]);
    runBeside(app.child.pid, ['mount', '-o', 'remount,rw', spool.path]);
    const spans = await accountFor(receiver, app);
    expect(completenessOf(spans)).toMatchObject({ reported: FLOOD, reasons: ['spool_failed'] });
  },
);

test.runIf(CAN_TRACE)('a disk that fails now and then: what it did not take is counted', async () => {
  await using receiver = await new TestReceiver().listen();
  await using spool = await scratchDirectory();
  await using app = new FixtureProcess('flood.mjs', {
    env: settings(receiver, join(spool.path, 'spool')),
    wrapper: traced('/dev/null', 'trace=writev', 'inject=writev:error=EIO:when=3..4'),
  });
  await app.line(/^flooded$/m, 60_000);
  await app.errorLine(/\[SPANLEDGER_SPOOL_FAILED_CAUSE\].*EIO/);
  const spans = await accountFor(receiver, app);
  expect(completenessOf(spans)).toMatchObject({ reasons: ['spool_failed'] });
});

test('a directory that vanishes is made again: what ends after that arrives', async () => {
  await using receiver = await new TestReceiver().listen();
  await using scratch = await scratchDirectory();
  const spool = join(scratch.path, 'spool');
  await using app = new FixtureProcess('steady.mjs', { env: settings(receiver, spool) });
  for (let round = 0; round < 3; round++) {
    await receiver.waitFor((all) => all.length > 20, 'spans before');
    // The application may write into it meanwhile.
    await rm(spool, { recursive: true, force: true, maxRetries: 5 });
    receiver.accepted.length = 0;
    const last = app.stdout.match(/^\d+ /gm)?.length ?? 0;
    await receiver.waitFor(
      (all) => all.some(({ name }) => Number(name.replace('span-', '')) > last),
      'spans after the directory had vanished',
    );
  }
  expect(await readdir(spool)).toHaveLength(1);
  await app.errorLine(/SPANLEDGER_SPOOL_REMOVED/);
});
