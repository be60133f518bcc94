import { memoryStorage, type StoredFile, type WritableStorage } from '@spanledger/ledger';
import { expect, test } from 'vitest';
import { Integrator } from '../../../packages/ledger/src/integrate/integrator.ts';

const WIDTH = 256;

/** A storage whose puts wait until they are told how they end. */
class HeldStorage {
  readonly held: { names: string[]; end: PromiseWithResolvers<void> }[] = [];
  readonly written: string[] = [];

  readonly storage: Promise<WritableStorage> = (async () => {
    const storage = await memoryStorage().lock('a test');
    return {
      read: (name, range) => storage.read(name, range),
      list: (folder) => storage.list(folder),
      append: (...appended) => storage.append(...appended),
      remove: (names) => storage.remove(names),
      release: () => storage.release(),
      put: async (files: readonly StoredFile[]) => {
        const names = files.map(({ name }) => name);
        const end = Promise.withResolvers<void>();
        this.held.push({ names, end });
        await end.promise;
        this.written.push(...names);
        await storage.put(files);
      },
    };
  })();

  /** Waits until so many puts wait. */
  async wait(count: number): Promise<void> {
    for (let turns = 0; this.held.length < count && turns < 100; turns++) await Promise.resolve();
    if (this.held.length !== count) throw new Error(`${this.held.length} puts wait, not ${count}`);
  }

  /** Ends the put that waits longest. */
  end(how: 'written' | 'failed' = 'written'): void {
    const { end } = this.held.shift() ?? {};
    if (how === 'written') end?.resolve();
    else end?.reject(new Error('no disk'));
  }
}

/** An integrator with so many full bundles, whose entries are of one byte each. */
async function integratorOf(bundles: number): Promise<{ held: HeldStorage; integrator: Integrator }> {
  const held = new HeldStorage();
  const edge = { size: 0, tiles: new Map(), bundle: new Uint8Array(0), lastHash: undefined };
  const integrator = new Integrator(await held.storage, edge);
  const entries = Buffer.alloc(bundles * WIDTH * 3);
  for (let at = 0; at < entries.length; at += 3) entries.writeUInt16BE(1, at);
  integrator.add({
    first: 0,
    entries,
    bundleEnds: Array.from({ length: bundles }, (_, at) => (at + 1) * WIDTH * 3),
    hashes: new Uint8Array(bundles * WIDTH * 32),
  });
  return { held, integrator };
}

test('two lots of tiles are on their way at a time, each tile once', async () => {
  const { held, integrator } = await integratorOf(20);
  const flushed = integrator.flush();
  await held.wait(2);
  expect(held.held.map(({ names }) => names.length)).toEqual([16, 16]);
  held.end();
  await held.wait(2);
  expect(held.held.map(({ names }) => names.length)).toEqual([16, 8]);
  held.end();
  held.end();
  await flushed;
  expect(held.written).toHaveLength(40);
  expect(new Set(held.written).size).toBe(40);
  expect(integrator.waitingBytes).toBe(0);
});

test('after a lot that failed no other is begun; it is tried again, and the one beside it is not', async () => {
  const { held, integrator } = await integratorOf(20);
  const integrated = integrator.integrate();
  await held.wait(2);
  const [lost] = held.held;
  held.end('failed');
  held.end();
  await expect(integrated).rejects.toMatchObject({ code: 'integrate_failed' });
  expect(held.held).toEqual([]);
  expect(held.written).toHaveLength(16);
  expect(integrator.integrated).toBe(0);
  const again = integrator.integrate();
  await held.wait(2);
  expect(held.held[0]?.names).toEqual(lost?.names);
  held.end();
  held.end();
  // The unfinished tile of the level above.
  await held.wait(1);
  held.end();
  await expect(again).resolves.toMatchObject({ size: 20 * WIDTH });
  expect(held.written).toHaveLength(41);
  expect(new Set(held.written).size).toBe(41);
});

test('a checkpoint that is due waits for the lots that are on their way, and for no more', async () => {
  const { held, integrator } = await integratorOf(40);
  const flushed = integrator.flush();
  await held.wait(2);
  const integrated = integrator.integrate();
  held.end();
  held.end();
  await flushed;
  expect(held.written).toHaveLength(32);
  for (const lots of [2, 2, 1, 1]) {
    await held.wait(lots);
    held.end();
  }
  await expect(integrated).resolves.toMatchObject({ size: 40 * WIDTH });
});
