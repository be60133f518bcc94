import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  AUTO_INSTRUMENTATIONS,
  REGISTER,
  STANDALONE,
} from '../../../support/instrumentation/fixture-process.ts';
import { scratchDirectory } from '../../../support/instrumentation/scratch.ts';
import { get, startShop } from '../shop-world.ts';
import { expectEachOnce, requests } from './expectations.ts';

const ORDERS: [imports: string[]][] = [
  [[REGISTER, AUTO_INSTRUMENTATIONS]],
  [[AUTO_INSTRUMENTATIONS, REGISTER]],
];

describe.each(ORDERS)('%j', (imports) => {
  test('cluster: each worker is a producer, the primary is none, and a dead worker’s records arrive', async () => {
    await using world = await startShop({ imports }, '../hosts/fixtures/cluster.mjs');
    const [, first = ''] = await world.shop.line(/^workers (\d+),\d+$/m);
    const token = await world.provider.accessToken({ sub: 'alice', sid: 'session-1' });
    const ask = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index++) {
        // A connection each: the primary hands them out in turn.
        const answer = await get(`${world.url}/orders`, token, { connection: 'close' });
        expect(answer).toMatchObject({ status: 200 });
      }
    };
    // What a process that is killed outright has sent and not yet noted as sent would be sent again: nothing is, so far.
    world.audit.answer = () => ({ status: 503 });
    await ask(10);
    await writtenOut(world.spool);
    process.kill(Number(first), 'SIGKILL');
    await world.shop.line(/^replaced$/m);
    world.audit.answer = () => ({ status: 200 });
    await ask(10);
    const spans = await world.audit.waitFor(
      (all) => requests(all, '/orders').length >= 20,
      `all requests (${world.shop.stderr})`,
      45_000,
    );
    expect(requests(spans, '/orders')).toHaveLength(20);
    for (const { attributes } of requests(spans, '/orders')) {
      expect(attributes).toMatchObject({ 'session.id': 'session-1' });
    }
    expectEachOnce(spans);
    const pidOf = new Map(
      spans.map(({ resource }) => [resource['audit.sequence.stream_id'], resource['process.pid']]),
    );
    expect(pidOf.size).toBe(3);
    expect(new Set(pidOf.values()).size).toBe(3);
    expect([...pidOf.values()]).not.toContain(world.shop.child.pid);
    // That the receiver was not there for a while is told, by each that noticed.
    expect(world.shop.stderr.match(/SPANLEDGER_(?!RECEIVER_HTTP_503)\w+/)).toBeNull();
  });
});

/** Waits until the spool has stopped growing: the last span of a request ends after its answer, and is written then. */
async function writtenOut(spool: string): Promise<void> {
  const seen: number[] = [];
  await expect
    .poll(
      async () => {
        const sizes = await Promise.all(
          (await readdir(spool, { recursive: true }))
            .filter((file) => file.endsWith('.segment'))
            .map(async (file) => (await stat(join(spool, file))).size),
        );
        seen.push(sizes.reduce((sum, size) => sum + size, 0));
        return seen.length > 5 && new Set(seen.slice(-5)).size === 1;
      },
      { timeout: 20_000, interval: 50 },
    )
    .toBe(true);
}

// Not with auto-instrumentations' register: it swallows the SIGTERM by which Node restarts, with or without us.
test.each([
  [STANDALONE, './plain.mjs'],
  [REGISTER, './sdk-in-code.mjs'],
])(
  'node --watch with %s %s: what the process before could not send is sent by the next',
  async (preload, served) => {
    await using scratch = await scratchDirectory();
    const watched = join(scratch.path, 'watched.mjs');
    await writeFile(watched, 'export default 1;');
    await using world = await startShop(
      { imports: [preload], execArgv: ['--watch'], env: { WATCHED: watched, SERVED: served } },
      '../hosts/fixtures/watched.mjs',
    );
    // Killed outright, the watching process would leave the watched one behind.
    await using stack = new AsyncDisposableStack();
    stack.defer(() => world.shop.kill('SIGTERM'));
    const token = await world.provider.accessToken({ sub: 'alice', sid: 'session-1' });
    world.audit.answer = () => ({ status: 503 });
    await get(`${world.url}/orders`, token);
    await expect.poll(() => world.audit.seen.length, { timeout: 20_000 }).toBeGreaterThan(0);
    await writeFile(watched, 'export default 2;');
    const [, port] = await world.shop.line(/^listening \d+$[^]*^listening (\d+)$/m);
    world.audit.answer = () => ({ status: 200 });
    await get(`http://127.0.0.1:${port}/orders`, token);
    const spans = await world.audit.waitFor(
      (all) => requests(all, '/orders').length >= 2,
      `both requests (${world.shop.stderr})`,
      45_000,
    );
    expect(requests(spans, '/orders')).toHaveLength(2);
    for (const { attributes } of requests(spans, '/orders')) {
      expect(attributes).toMatchObject({ 'session.id': 'session-1' });
    }
    expectEachOnce(spans);
    const streams = new Set(spans.map(({ resource }) => resource['audit.sequence.stream_id']));
    expect(streams.size).toBe(2);
    // The first one's folder is gone with its records.
    await expect.poll(async () => (await readdir(world.spool)).length, { timeout: 20_000 }).toBe(1);
  },
);
