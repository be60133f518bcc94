import { expect, test } from 'vitest';
import { FixtureProcess, STANDALONE } from '../../support/instrumentation/fixture-process.ts';
import { TestReceiver } from '../../support/instrumentation/receiver.ts';
import { scratchDirectory } from '../../support/instrumentation/scratch.ts';

/** How a process ends that listens for no signal (auto-instrumentations' `register` does, and keeps it running), once it has answered. */
const ENDINGS: Record<string, (app: FixtureProcess) => Promise<unknown>> = {
  SIGTERM: async (app) => {
    await app.kill('SIGTERM');
    expect(await app.exited).toEqual({ code: null, signal: 'SIGTERM' });
  },
  SIGINT: async (app) => {
    await app.kill('SIGINT');
    expect(await app.exited).toEqual({ code: null, signal: 'SIGINT' });
  },
  SIGHUP: async (app) => {
    await app.kill('SIGHUP');
    expect(await app.exited).toEqual({ code: null, signal: 'SIGHUP' });
  },
  // As a function's host does: stopped after the answer, and never started again.
  freeze: async (app) => {
    app.child.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 500));
    await app.kill('SIGKILL');
  },
  abort: async (app) => {
    expect(await app.exited).toMatchObject({ signal: 'SIGABRT' });
  },
};

test('whatever ends a process after its answer, what had ended is on disk, and the next one sends it', async () => {
  await using receiver = await new TestReceiver().listen();
  await using spool = await scratchDirectory();
  const env = {
    SPANLEDGER_ENDPOINT: receiver.url,
    SPANLEDGER_SPOOL_DIR: spool.path,
    OTEL_TRACES_EXPORTER: 'none',
  };
  await receiver.close();
  for (const [how, end] of Object.entries(ENDINGS)) {
    await using app = new FixtureProcess('endings.mjs', { env, args: [how], imports: [STANDALONE] });
    await app.line(/^answered$/m);
    await end(app);
  }
  await using rejected = new FixtureProcess('endings.mjs', {
    env,
    args: ['rejection'],
    imports: [STANDALONE],
  });
  expect(await rejected.exited).toMatchObject({ code: 1 });
  await receiver.listen();
  await using next = new FixtureProcess('idle.mjs', { env });
  const wanted = [...Object.keys(ENDINGS), 'rejection'].flatMap((how) => [`${how}-child`, `${how}-other`]);
  const spans = await receiver.waitFor((all) => all.length >= wanted.length, 'what had ended', 30_000);
  expect(spans.map(({ name }) => name).toSorted()).toEqual(wanted.toSorted());
  await next.kill();
});

test('a process that was frozen and goes on sends what it had, and what comes', async () => {
  await using receiver = await new TestReceiver().listen();
  await using spool = await scratchDirectory();
  const env = { SPANLEDGER_ENDPOINT: receiver.url, SPANLEDGER_SPOOL_DIR: spool.path };
  await using app = new FixtureProcess('steady.mjs', { env });
  await receiver.waitFor((all) => all.length > 10, 'the first spans');
  app.child.kill('SIGSTOP');
  // Another one starts meanwhile, and leaves it alone: it is not dead.
  await using other = new FixtureProcess('idle.mjs', { env });
  await other.line(/idle/);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const before = receiver.spans.length;
  app.child.kill('SIGCONT');
  const spans = await receiver.waitFor((all) => all.length > before + 100, 'spans after the freeze', 30_000);
  const numbers = spans.map(({ attributes }) => Number(attributes['audit.sequence.number']));
  expect(new Set(numbers).size).toBe(numbers.length);
  await app.kill();
});
