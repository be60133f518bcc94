import { expect, test } from 'vitest';
import { FixtureProcess } from '../../support/instrumentation/fixture-process.ts';
import { TestReceiver } from '../../support/instrumentation/receiver.ts';
import { scratchDirectory } from '../../support/instrumentation/scratch.ts';

interface Collected {
  name: string;
  unit: string;
  description: string;
  dataPoints: { attributes: Record<string, string>; value: number | { count: number; sum: number } }[];
}

/** Asks the fixture for its metrics, as name and attributes to value; of a histogram, how many values. */
async function collect(app: FixtureProcess): Promise<{ values: Record<string, number>; all: Collected[] }> {
  const before = app.stdout.length;
  app.child.kill('SIGUSR2');
  await expect.poll(() => app.stdout.slice(before)).toMatch(/collected .*\n/);
  const text = /collected (.*)\n/.exec(app.stdout.slice(before))?.[1] ?? '';
  const { collected, errors }: { collected: Collected[]; errors: unknown[] } = JSON.parse(text);
  expect(errors).toEqual([]);
  const values = Object.fromEntries(
    collected.flatMap(({ name, dataPoints }) =>
      dataPoints.map(({ attributes, value }) => [
        [name, ...Object.values(attributes)].join(' '),
        typeof value === 'number' ? value : value.count,
      ]),
    ),
  );
  return { values, all: collected };
}

test('the application’s meter provider, registered late, hears how the audit path is doing', async () => {
  await using receiver = await new TestReceiver().listen();
  await using spool = await scratchDirectory();
  await receiver.close();
  await using app = new FixtureProcess('metrics.mjs', {
    env: { SPANLEDGER_ENDPOINT: receiver.url, SPANLEDGER_SPOOL_DIR: spool.path },
  });
  await app.line(/ready/);
  await expect
    .poll(async () => (await collect(app)).values, { timeout: 20_000, interval: 200 })
    .toMatchObject({
      'audit.records.emitted': 7,
      'audit.records.exported': 0,
      'audit.records.dropped rejected': 0,
      'audit.queue.depth': 7,
      'audit.export.duration ECONNREFUSED': expect.any(Number),
    });
  await receiver.listen();
  await expect
    .poll(async () => (await collect(app)).values, { timeout: 40_000, interval: 200 })
    .toMatchObject({
      'audit.records.emitted': 7,
      'audit.records.exported': 7,
      'audit.queue.depth': 0,
      'audit.export.duration': expect.any(Number),
    });
  const { all } = await collect(app);
  expect(all.map(({ name, unit }) => [name, unit])).toEqual([
    ['audit.records.emitted', '{record}'],
    ['audit.records.exported', '{record}'],
    ['audit.records.dropped', '{record}'],
    ['audit.queue.depth', '{record}'],
    ['audit.export.duration', 's'],
  ]);
  expect(all.every(({ description }) => /^The .*\.$/.test(description))).toBe(true);
  await app.kill();
});

test('what is refused is dropped, not exported', async () => {
  await using receiver = await new TestReceiver().listen();
  await using spool = await scratchDirectory();
  receiver.answer = () => ({ status: 400 });
  await using app = new FixtureProcess('metrics.mjs', {
    env: { SPANLEDGER_ENDPOINT: receiver.url, SPANLEDGER_SPOOL_DIR: spool.path },
  });
  await app.line(/ready/);
  await expect
    .poll(async () => (await collect(app)).values, { timeout: 20_000, interval: 200 })
    .toMatchObject({
      'audit.records.exported': 0,
      'audit.records.dropped rejected': 7,
      'audit.queue.depth': 0,
      'audit.export.duration 400': expect.any(Number),
    });
  await app.kill();
});
