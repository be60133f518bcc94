import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { encodeEntryBundle, hashLeaf, hashTile } from '@spanledger/ledger/verify';
import { expect, test } from 'vitest';
import { Kernel } from '../../../packages/ledger/src/verify/kernel/kernel.ts';
import { SoundBundleReader } from '../../../packages/ledger/src/verify/sound-bundle.ts';
import { encodeKernel } from '../../support/ledger/kernel-module.ts';
import { makeEntries, ORIGIN } from './support/memory-log.ts';

const MODULE = fileURLToPath(
  new URL('../../../packages/ledger/src/verify/kernel/module.ts', import.meta.url),
);

test('the module is what its source makes', async () => {
  const text = Buffer.from(encodeKernel()).toString('base64');
  if (process.env['UPDATE_KERNEL'] === '1') {
    const comment =
      '/** The module of {@link Kernel}, base64; test/support/ledger/kernel-module.ts makes it. */';
    await writeFile(MODULE, `${comment}\nexport const KERNEL_MODULE: string =\n  '${text}';\n`);
  } else {
    const { KERNEL_MODULE } = await import('../../../packages/ledger/src/verify/kernel/module.ts');
    expect(KERNEL_MODULE).toBe(text);
  }
});

test('the root over a row is that of the tree', () => {
  const kernel = Kernel.create();
  expect(kernel).toBeDefined();
  for (let seed = 0; seed < 20; seed++) {
    const row = Uint8Array.from(
      { length: 8_192 },
      (_, i) => (Math.imul(i + seed, 2_654_435_761) >>> 13) & 255,
    );
    expect(Buffer.from(kernel?.hashRow(row) ?? []).toString('hex')).toBe(
      Buffer.from(hashTile(row)).toString('hex'),
    );
  }
});

test('a bundle is read alike with the kernel and without, small and large', () => {
  for (const padding of [0, 5_000]) {
    const entries = makeEntries(256);
    const bundle = encodeEntryBundle(entries);
    const tile = Buffer.concat(entries.map(hashLeaf));
    const [kernel, plain] = [true, false].map((mayUseKernel) => {
      const reader = new SoundBundleReader(ORIGIN, 'records', mayUseKernel);
      // Room that has grown is other memory.
      reader.room(1_000 * padding);
      reader.room(bundle.length).set(bundle);
      const sound = reader.check({ index: 0, length: bundle.length, tile });
      const again = Buffer.from(tile);
      again[40] = (again[40] ?? 0) ^ 1;
      reader.room(bundle.length).set(bundle);
      expect(reader.check({ index: 0, length: bundle.length, tile: again })).toBeUndefined();
      reader.room(bundle.length).set(bundle);
      expect(reader.check({ index: 1, length: bundle.length, tile })).toBeUndefined();
      return sound;
    });
    expect(plain).toBeDefined();
    expect(kernel).toEqual(plain);
    expect(kernel?.root).toEqual(hashTile(tile));
  }
});
