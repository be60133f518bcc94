import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FixtureProcess } from '../../support/instrumentation/fixture-process.ts';
import { TestReceiver } from '../../support/instrumentation/receiver.ts';
import { scratchDirectory } from '../../support/instrumentation/scratch.ts';

const COUNT = 200;

function settings(receiver: TestReceiver, spool: string): Record<string, string> {
  return { SPANLEDGER_ENDPOINT: receiver.url, SPANLEDGER_SPOOL_DIR: spool, OTEL_TRACES_EXPORTER: 'none' };
}

/** Streams and numbers, as text that tells spans apart. */
function identities(receiver: TestReceiver): string[] {
  return receiver.spans.map(
    ({ resource, attributes }) =>
      `${String(resource['audit.sequence.stream_id'])} ${String(attributes['audit.sequence.number'])}`,
  );
}

test('processes beside one another on one directory send what is theirs, once', async () => {
  await using receiver = await new TestReceiver().listen();
  await using spool = await scratchDirectory();
  const options = { env: settings(receiver, spool.path), args: [String(COUNT)] };
  const apps = [1, 2, 3].map(() => new FixtureProcess('steady.mjs', options));
  // Half of each one's spans belong to a request that does not end.
  await receiver.waitFor((all) => all.length >= (apps.length * COUNT) / 2, 'what is finished', 60_000);
  expect(await readdir(spool.path)).toHaveLength(apps.length);
  await Promise.all(apps.map((app) => app.kill()));
  await using next = new FixtureProcess('idle.mjs', { env: settings(receiver, spool.path) });
  await receiver.waitFor((all) => all.length >= apps.length * COUNT, 'the rest', 60_000);
  await expect.poll(() => readdir(spool.path), { timeout: 10_000 }).toEqual([]);
  const all = identities(receiver);
  expect(all).toHaveLength(apps.length * COUNT);
  expect(new Set(all).size).toBe(all.length);
  await next.kill();
});

test('of several that start at once, one takes over what a dead process left', async () => {
  await using receiver = await new TestReceiver().listen();
  await using spool = await scratchDirectory();
  await receiver.close();
  const env = settings(receiver, spool.path);
  await using app = new FixtureProcess('steady.mjs', { env, args: [String(COUNT)] });
  await app.line(/^done$/m);
  await new Promise((resolve) => setTimeout(resolve, 200));
  await app.kill();
  await receiver.listen();
  const heirs = [1, 2, 3, 4].map(() => new FixtureProcess('idle.mjs', { env }));
  await receiver.waitFor((all) => all.length >= COUNT, 'what was left', 60_000);
  await expect.poll(() => readdir(spool.path), { timeout: 10_000 }).toEqual([]);
  await Promise.all(heirs.map((heir) => heir.line(/idle/)));
  expect(new Set(identities(receiver)).size).toBe(COUNT);
  expect(receiver.spans).toHaveLength(COUNT);
  await Promise.all(heirs.map((heir) => heir.kill()));
});

test('what a newer version has written stays as it is, and is told once', async () => {
  await using receiver = await new TestReceiver().listen();
  await using spool = await scratchDirectory();
  const env = settings(receiver, spool.path);
  await receiver.close();
  await using app = new FixtureProcess('steady.mjs', { env, args: ['10'] });
  await app.line(/^done$/m);
  await new Promise((resolve) => setTimeout(resolve, 200));
  await app.kill();
  const [old = ''] = await readdir(spool.path);
  const newer = join(spool.path, old.replace(/[0-9a-f]{32}$/, 'f'.repeat(32)));
  await cp(join(spool.path, old), newer, { recursive: true });
  const segment = join(newer, '00000001.segment');
  const bytes = await readFile(segment);
  bytes.write('SPL2');
  await writeFile(segment, bytes);
  await mkdir(join(spool.path, 'another-format'));
  await writeFile(join(spool.path, 'another-format', 'a.segment'), 'something');
  await receiver.listen();
  await using next = new FixtureProcess('steady.mjs', { env, args: ['10'] });
  await next.errorLine(/\[SPANLEDGER_SPOOL_NEWER\]/);
  await receiver.waitFor((all) => all.length >= 10, 'what this version wrote');
  expect(await readFile(segment)).toEqual(bytes);
  expect(await readFile(join(spool.path, 'another-format', 'a.segment'), 'utf8')).toBe('something');
  expect(next.stderr.match(/SPANLEDGER_SPOOL_NEWER/g)).toHaveLength(1);
  expect(receiver.seen.every(({ status }) => status === 200)).toBe(true);
  await next.kill();
});
