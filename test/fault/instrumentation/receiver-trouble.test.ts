import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FixtureProcess } from '../../support/instrumentation/fixture-process.ts';
import { decodeTraceRequest, type DecodedSpan } from '../../support/instrumentation/otlp-decoder.ts';
import { TestReceiver } from '../../support/instrumentation/receiver.ts';
import { scratchDirectory } from '../../support/instrumentation/scratch.ts';

const COUNT = 200;

function expectAllOnce(spans: DecodedSpan[]): void {
  const names = spans.map(({ name }) => name).toSorted();
  expect(names).toEqual(Array.from({ length: COUNT }, (_, index) => `span-${index + 1}`).toSorted());
}

function settings(receiver: TestReceiver, spool: string): Record<string, string> {
  return { SPANLEDGER_ENDPOINT: receiver.url, SPANLEDGER_SPOOL_DIR: spool };
}

test('a receiver that comes late gets everything, once, in order', async () => {
  await using receiver = await new TestReceiver().listen();
  await using spool = await scratchDirectory();
  await receiver.close();
  await using app = new FixtureProcess('steady.mjs', {
    env: settings(receiver, spool.path),
    args: [String(COUNT)],
  });
  await app.line(/^done$/m);
  await receiver.listen();
  // Those of the request that has not ended wait for its session, until the process ends.
  await receiver.waitFor((all) => all.length === COUNT / 2, 'half of the spans', 20_000);
  await app.kill('SIGKILL');
  await using next = new FixtureProcess('idle.mjs', { env: settings(receiver, spool.path) });
  const spans = await receiver.waitFor((all) => all.length >= COUNT, 'all spans', 20_000);
  expectAllOnce(spans);
  const finished = spans.filter(({ parentSpanId }) => parentSpanId === '');
  const numbers = finished.map(({ attributes }) => Number(attributes['audit.sequence.number']));
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  expect((app.stderr.match(/SpanledgerWarning/g) ?? []).length).toBeLessThanOrEqual(1);
  await next.kill();
});

test('503 with Retry-After is waited for, and nothing is lost or doubled', async () => {
  await using receiver = await new TestReceiver().listen();
  await using spool = await scratchDirectory();
  let refusals = 3;
  receiver.answer = () =>
    refusals-- > 0 ? { status: 503, headers: { 'retry-after': '1' } } : { status: 200 };
  await using app = new FixtureProcess('steady.mjs', {
    env: settings(receiver, spool.path),
    args: [String(COUNT)],
  });
  await receiver.waitFor((all) => all.length === COUNT / 2, 'half of the spans', 20_000);
  await app.kill('SIGKILL');
  const refused = receiver.seen.filter(({ status }) => status === 503);
  expect(refused).toHaveLength(3);
  for (const [index, { at }] of refused.entries()) {
    const next = receiver.seen[index + 1];
    expect((next?.at ?? 0) - at).toBeGreaterThanOrEqual(950);
  }
});

test('a longer Retry-After than a request may take is waited for as well', async () => {
  await using receiver = await new TestReceiver().listen();
  await using spool = await scratchDirectory();
  receiver.answer = () =>
    receiver.seen.length === 0 ? { status: 429, headers: { 'retry-after': '12' } } : { status: 200 };
  await using app = new FixtureProcess('steady.mjs', { env: settings(receiver, spool.path), args: ['4'] });
  await receiver.waitFor((all) => all.length === 2, 'the spans', 30_000);
  expect((receiver.seen[1]?.at ?? 0) - (receiver.seen[0]?.at ?? 0)).toBeGreaterThanOrEqual(11_900);
  await app.kill();
});

test('records that the receiver refuses are set aside, alone, and the rest arrives', async () => {
  await using receiver = await new TestReceiver().listen();
  await using spool = await scratchDirectory();
  receiver.answer = (body) => ({
    status: decodeTraceRequest(body).some(({ name }) => name === 'span-10') ? 400 : 200,
  });
  await using app = new FixtureProcess('steady.mjs', {
    env: settings(receiver, spool.path),
    args: [String(COUNT)],
  });
  const rejected = join(spool.path, 'rejected');
  await app.line(/^done$/m);
  await expect.poll(() => readdir(rejected).catch(() => []), { timeout: 15_000 }).toHaveLength(1);
  const [file] = await readdir(rejected);
  const aside = decodeTraceRequest(await readFile(join(rejected, file ?? '')));
  expect(aside.map(({ name }) => name)).toContain('span-10');
  const spans = await receiver.waitFor((all) => all.length === COUNT / 2 - aside.length, 'the others');
  expect(spans.map(({ name }) => name)).not.toContain('span-10');
  expect(app.stderr).toMatch(/\[SPANLEDGER_REJECTED_400\]/);
  await app.kill();
});

test('a wrong token is the operator’s to mend: records wait', async () => {
  await using receiver = await new TestReceiver().listen();
  await using spool = await scratchDirectory();
  receiver.answer = () => ({ status: receiver.seen.length < 2 ? 401 : 200 });
  await using app = new FixtureProcess('steady.mjs', {
    env: { ...settings(receiver, spool.path), SPANLEDGER_TOKEN: 'the-bearer-token' },
    args: ['4'],
  });
  await receiver.waitFor((all) => all.length === 2, 'the spans');
  expect(receiver.seen[0]?.headers).toMatchObject({
    authorization: 'Bearer the-bearer-token',
    'content-type': 'application/x-protobuf',
  });
  expect(app.stderr).toMatch(/HTTP 401/);
  expect(app.stderr).not.toMatch(/the-bearer-token/);
  await app.kill();
});
