import { expect, test } from 'vitest';
import { DerivedRecords } from '../../../packages/exporter/src/derived-records.ts';
import { createLog } from '../../../packages/exporter/src/log.ts';

test('one after the other; told what failed, once; nothing after the stop', async () => {
  const lines: string[] = [];
  const log = createLog({
    level: 'info',
    format: 'json',
    destination: { write: (line: string) => lines.push(line) },
  });
  const held: PromiseWithResolvers<void>[] = [];
  let durable = 5;
  const derived = new DerivedRecords({
    append: () => {
      const one = Promise.withResolvers<void>();
      held.push(one);
      return one.promise;
    },
    hasten: () => undefined,
    durableSize: () => durable,
    log,
  });
  const answers = [derived.take([]), derived.take([]), derived.take([])];
  const from = derived.startingSize();
  await expect.poll(() => held.length).toBe(1);
  held[0]?.reject(new Error('the disk is full'));
  await expect.poll(() => held.length).toBe(2);
  held[1]?.reject(new Error('the disk is full'));
  await expect.poll(() => held.length).toBe(3);
  const stopped = derived.stop();
  durable = 6;
  held[2]?.resolve();
  expect(await Promise.all(answers)).toEqual([false, false, true]);
  expect(await from, 'with what was on its way').toBe(6);
  await stopped;
  expect(await derived.take([])).toBe(false);
  expect(held).toHaveLength(3);
  expect(lines.filter((line) => line.includes('tried again'))).toHaveLength(1);
});

test.each([
  ['alert', 'alert.raised', 1],
  ['state', 'token.refresh_reused', 1],
  ['state', 'session.idle', 0],
])('of kind %s, %s: %i times published at once', async (kind, action, expected) => {
  let hastened = 0;
  const derived = new DerivedRecords({
    append: () => Promise.resolve(),
    hasten: () => hastened++,
    durableSize: () => 0,
    log: createLog({ level: 'silent', format: 'json' }),
  });
  await derived.take([{ draft: { id: 'one', clear: { event: { kind, action } }, groups: {} } }]);
  expect(hastened).toBe(expected);
});
