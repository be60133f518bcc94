import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { AUTO_INSTRUMENTATIONS, REGISTER } from '../../../support/instrumentation/fixture-process.ts';
import { startShop } from '../shop-world.ts';
import { expectEachOnce } from './expectations.ts';

const WAYS = ['returns', 'exits', 'throws', 'terminated'];

test.each([[[REGISTER, AUTO_INSTRUMENTATIONS]], [[AUTO_INSTRUMENTATIONS, REGISTER]]])(
  'each worker thread is a producer of its own, however it ends: %j',
  async (imports) => {
    await using world = await startShop({ imports }, '../hosts/fixtures/threads.mjs');
    const names = [...WAYS, 'main'];
    const spans = await world.audit.waitFor(
      (all) => all.length >= names.length * 2,
      `all threads (${world.shop.stderr})`,
    );
    expect(spans.map(({ name }) => name).toSorted()).toEqual(
      names.flatMap((name) => [name, `${name}-part`]).toSorted(),
    );
    for (const { name, attributes } of spans) {
      expect(attributes['session.id']).toBe(`session-of-${name.replace('-part', '')}`);
    }
    expect(new Set(spans.map(({ resource }) => resource['audit.sequence.stream_id'])).size).toBe(
      names.length,
    );
    expectEachOnce(spans);
    world.shop.child.kill('SIGUSR2');
    expect(await world.shop.exited).toEqual({ code: 0, signal: null });
    expect(await readdir(world.spool)).toEqual([]);
    expect(world.shop.stderr).toBe('');
  },
);
