import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FixtureProcess } from '../../support/instrumentation/fixture-process.ts';
import { TestReceiver } from '../../support/instrumentation/receiver.ts';
import { scratchDirectory } from '../../support/instrumentation/scratch.ts';

const SAFE_AFTER_MS = 50;

interface Ended {
  number: number;
  at: number;
}

function endedSpans(stdout: string): Ended[] {
  return [...stdout.matchAll(/^(\d+) (\d+)$/gm)].map(([, number, at]) => ({
    number: Number(number),
    at: Number(at),
  }));
}

async function runAndKill(
  env: Record<string, string>,
  afterMs: number,
  ready: () => Promise<unknown> = () => Promise.resolve(),
): Promise<Ended[]> {
  await using app = new FixtureProcess('steady.mjs', { env });
  // On a busy machine few would have ended by the time of the kill.
  await app.line(/^25 /m);
  await ready();
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  await app.kill('SIGKILL');
  const ended = endedSpans(app.stdout);
  const lastSign = ended.at(-1)?.at ?? 0;
  return ended.filter(({ at }) => at <= lastSign - SAFE_AFTER_MS);
}

test('kill -9: every span that had ended 50 ms before arrives after the next start', async () => {
  await using receiver = await new TestReceiver().listen();
  await using spool = await scratchDirectory();
  const plain = {
    SPANLEDGER_ENDPOINT: receiver.url,
    SPANLEDGER_SPOOL_DIR: spool.path,
    OTEL_TRACES_EXPORTER: 'console',
  };
  await using keys = await scratchDirectory();
  const keyFile = join(keys.path, 'spool.key');
  await writeFile(keyFile, randomBytes(32).toString('base64'));
  for (const afterMs of [120, 333, 701, 1_234]) {
    await receiver.close();
    // Sealed, half of the times.
    const isSealed = afterMs === 333 || afterMs === 701;
    const env = isSealed ? { ...plain, SPANLEDGER_SPOOL_KEY_FILE: keyFile } : plain;
    const safe = await runAndKill(env, afterMs);
    expect(safe.length).toBeGreaterThan(10);
    expect(await holds(spool.path, 'span-')).toBe(!isSealed);

    await receiver.listen();
    receiver.accepted.length = 0;
    await using next = new FixtureProcess('idle.mjs', { env });
    const wanted = new Set(safe.map(({ number }) => `span-${number}`));
    const spans = await receiver.waitFor(
      (all) => all.filter(({ name }) => wanted.delete(name)).length >= 0 && wanted.size === 0,
      `${wanted.size} spans`,
    );
    // Nothing is there twice, and the numbers have no hole.
    const numbers = spans
      .map(({ attributes }) => Number(attributes['audit.sequence.number']))
      .toSorted((a, b) => a - b);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    await expect.poll(() => foldersOf(spool.path)).toEqual([]);
    await next.kill();
  }
});

test('kill -9 while records flow: what had arrived is not forgotten, what had not follows', async () => {
  await using receiver = await new TestReceiver().listen();
  await using spool = await scratchDirectory();
  const env = {
    SPANLEDGER_ENDPOINT: receiver.url,
    SPANLEDGER_SPOOL_DIR: spool.path,
    OTEL_TRACES_EXPORTER: 'console',
  };
  const safe = await runAndKill(env, 300, () =>
    receiver.waitFor((spans) => spans.length > 10, 'the first spans'),
  );
  await using next = new FixtureProcess('idle.mjs', { env });
  await next.line(/idle/);
  const wanted = new Set(safe.map(({ number }) => `span-${number}`));
  const spans = await receiver.waitFor((all) => {
    for (const { name } of all) wanted.delete(name);
    return wanted.size === 0;
  }, 'the rest');
  const numbers = new Set(spans.map(({ attributes }) => Number(attributes['audit.sequence.number'])));
  expect(Math.max(...numbers)).toBe(numbers.size);
});

test('process.exit, an uncaught exception and the natural end lose nothing that had ended', async () => {
  await using receiver = await new TestReceiver().listen();
  await using spool = await scratchDirectory();
  const env = {
    SPANLEDGER_ENDPOINT: receiver.url,
    SPANLEDGER_SPOOL_DIR: spool.path,
    OTEL_TRACES_EXPORTER: 'console',
  };
  await receiver.close();
  for (const how of ['exit', 'throw', 'end']) {
    await using app = new FixtureProcess('abrupt.mjs', { env, args: [how] });
    const { code } = await app.exited;
    expect(code).toBe(how === 'exit' ? 7 : how === 'throw' ? 1 : 0);
  }
  await receiver.listen();
  await using next = new FixtureProcess('idle.mjs', { env });
  const spans = await receiver.waitFor((all) => all.length >= 6, 'six spans');
  expect(spans.map(({ name }) => name).toSorted()).toEqual(
    ['end', 'exit', 'throw'].flatMap((how) => [`${how}-child`, `${how}-other`]),
  );
  await next.kill();
});

async function foldersOf(spool: string): Promise<string[]> {
  return (await readdir(spool)).filter((name) => name !== 'rejected');
}

/** Whether a file of the spool holds a text. */
async function holds(spool: string, text: string): Promise<boolean> {
  const files = await readdir(spool, { recursive: true, withFileTypes: true });
  const contents = files
    .filter((file) => file.isFile())
    .map((file) => readFile(join(file.parentPath, file.name)));
  return (await Promise.all(contents)).some((bytes) => bytes.includes(text));
}
