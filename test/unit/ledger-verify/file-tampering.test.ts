import { generateKeyPairSync } from 'node:crypto';
import { formatVerificationKey, hashLeaf } from '@spanledger/ledger/verify';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { edit, ORIGIN, publish, rootOf, signCheckpoint, type MemoryLog } from './support/memory-log.ts';
import {
  SIZE,
  ENTRIES,
  LOG,
  verify,
  findings,
  findingsAfter,
  editEntries,
  alter,
  flip,
} from './support/tampering.ts';

describe('files of entries', () => {
  test('the tail cut off', async () => {
    const report = await findingsAfter((log) => log.files.delete('tile/entries/002.p/88'));
    expect(report).toEqual(['bundle_missing 512 tile/entries/002.p/88']);
  });

  test('everything gone', async () => {
    const report = await findingsAfter((log) => {
      for (const path of log.files.keys()) if (path.startsWith('tile/')) log.files.delete(path);
    });
    expect(report.filter((line) => line.startsWith('bundle_missing'))).toEqual([
      'bundle_missing 0 tile/entries/000',
    ]);
    expect(report.filter((line) => line.startsWith('tile_missing'))).toHaveLength(4);
  });

  test('one in the middle gone: what follows is still checked', async () => {
    const report = await findingsAfter((log) => {
      log.files.delete('tile/entries/001');
      editEntries(log, 2, 88, (entries) => entries.with(80, alter(entries[80] ?? new Uint8Array())));
    });
    expect(report).toEqual([
      'bundle_missing 256 tile/entries/001',
      'entry_altered 592 tile/entries/002.p/88',
      'previous_mismatch 593 tile/entries/002.p/88',
    ]);
  });

  test('any byte of a bundle changed, cut or added fails', async () => {
    const kinds = fc.constantFrom('flip', 'cut', 'add', 'garbage');
    await fc.assert(
      fc.asyncProperty(
        kinds,
        fc.nat(),
        fc.uint8Array({ minLength: 1, maxLength: 300 }),
        async (kind, at, noise) => {
          const report = await findingsAfter((log) =>
            edit(log, 'tile/entries/002.p/88', (bytes) => {
              const place = at % bytes.length;
              if (kind === 'cut') return bytes.slice(0, place);
              if (kind === 'add')
                return Buffer.concat([bytes.subarray(0, place), noise, bytes.subarray(place)]);
              if (kind === 'garbage') return noise;
              flip(bytes, place);
              return bytes;
            }),
          );
          expect(report).not.toEqual([]);
          expect(report.every((line) => /tile\/entries\/002|^previous_mismatch/.test(line))).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('bytes after the last entry', async () => {
    const report = await findingsAfter((log) =>
      edit(log, 'tile/entries/000', (bytes) => Buffer.concat([bytes, Buffer.from([9])])),
    );
    expect(report).toEqual(['bundle_malformed 256 tile/entries/000']);
  });
});

describe('tiles', () => {
  test('any byte of any tile changed is found in the tile, and no entry is blamed', async () => {
    const paths = ['tile/0/000', 'tile/0/001', 'tile/0/002.p/88', 'tile/1/000.p/2'];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), fc.nat(), async (path, at) => {
        let slot = 0;
        const report = await findingsAfter((log) =>
          edit(log, path, (bytes) => {
            slot = Math.floor((at % bytes.length) / 32);
            flip(bytes, at % bytes.length);
          }),
        );
        const bases: Record<string, number> = {
          'tile/0/000': slot,
          'tile/0/001': 256 + slot,
          'tile/0/002.p/88': 512 + slot,
        };
        expect(report).toEqual([`tile_altered ${bases[path] ?? slot * 256} ${path}`]);
      }),
      { numRuns: 60 },
    );
  });

  test.each(['tile/0/000', 'tile/0/002.p/88', 'tile/1/000.p/2'])(
    '%s missing, cut, too long',
    async (path) => {
      expect(
        (await findingsAfter((log) => log.files.delete(path))).map((line) => line.split(' ')[0]),
      ).toEqual(['tile_missing']);
      for (const change of [
        (b: Uint8Array) => b.slice(1),
        (b: Uint8Array) => Buffer.concat([b, b]),
        () => new Uint8Array(),
      ]) {
        const report = await findingsAfter((log) => edit(log, path, change));
        expect(report).toHaveLength(1);
        expect(report[0]).toMatch(new RegExp(`^tile_malformed .* ${path}$`));
      }
    },
  );

  test('an entry and its leaf hash changed together', async () => {
    const forged = alter(ENTRIES[300] ?? new Uint8Array());
    const report = await findingsAfter((log) => {
      editEntries(log, 1, 256, (entries) => entries.with(44, forged));
      edit(log, 'tile/0/001', (bytes) => bytes.set(hashLeaf(forged), 44 * 32));
    });
    expect(report).toEqual(['tile_altered 256 tile/0/001', 'previous_mismatch 301 tile/entries/001']);
  });

  test('an entry and everything above it changed together', async () => {
    const forged = publish(ENTRIES.with(300, alter(ENTRIES[300] ?? new Uint8Array())));
    const report = await findingsAfter((log) => {
      for (const [path, bytes] of forged.files) if (path !== 'checkpoint') log.files.set(path, bytes);
    });
    expect(report).toEqual(['previous_mismatch 301 tile/entries/001', 'root_mismatch checkpoint']);
  });

  test('an entry and another tile', async () => {
    const report = await findingsAfter((log) => {
      editEntries(log, 1, 256, (entries) => entries.with(44, alter(entries[44] ?? new Uint8Array())));
      edit(log, 'tile/1/000.p/2', (bytes) => flip(bytes, 0));
      edit(log, 'tile/0/002.p/88', (bytes) => flip(bytes, 40));
    });
    expect(report.toSorted()).toEqual([
      'entry_altered 300 tile/entries/001',
      'previous_mismatch 301 tile/entries/001',
      'tile_altered 0 tile/1/000.p/2',
      'tile_altered 513 tile/0/002.p/88',
    ]);
  });
});

describe('the checkpoint', () => {
  const replace = (text: string) => (log: MemoryLog) => log.files.set('checkpoint', Buffer.from(text));

  test('missing', async () => {
    expect(await findingsAfter((log) => log.files.delete('checkpoint'))).toEqual([
      'checkpoint_missing checkpoint',
    ]);
  });

  test('any byte changed fails', async () => {
    const length = LOG.files.get('checkpoint')?.length ?? 0;
    for (let at = 0; at < length; at++) {
      const report = await findingsAfter((log) => edit(log, 'checkpoint', (bytes) => flip(bytes, at)));
      expect(report[0]).toMatch(/^checkpoint_(malformed|signature_invalid|key_unknown) checkpoint$/);
    }
  });

  test('garbage of any kind', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array(),
          fc.string().map((text) => Buffer.from(text)),
        ),
        async (bytes) => {
          const report = await findingsAfter((log) => log.files.set('checkpoint', bytes));
          expect(report).toEqual(['checkpoint_malformed checkpoint']);
        },
      ),
    );
  });

  test('signed by another key, under the right name or another one', async () => {
    const other = generateKeyPairSync('ed25519');
    const root = rootOf(ENTRIES);
    expect(await findingsAfter(replace(signCheckpoint({ size: SIZE, root }, other.privateKey)))).toEqual([
      'checkpoint_signature_invalid checkpoint',
    ]);
    const vkey = formatVerificationKey({
      name: ORIGIN,
      publicKey: new Uint8Array(other.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)),
    });
    const report = await verify(LOG, { vkey });
    expect(findings(report)).toEqual(['checkpoint_key_unknown checkpoint']);
    expect(report.checkpoint?.signers).toEqual([]);
    expect(report.verified).toBe(SIZE);
  });

  test('of another log, signed by the same key', async () => {
    const note = signCheckpoint({ size: SIZE, root: rootOf(ENTRIES), origin: 'other.example' });
    expect(await findingsAfter(replace(note))).toEqual(['origin_mismatch checkpoint']);
  });

  test('with another root, signed', async () => {
    const report = await findingsAfter(replace(signCheckpoint({ size: SIZE, root: new Uint8Array(32) })));
    expect(report).toEqual(['root_mismatch checkpoint']);
  });

  test('with another size, signed', async () => {
    expect(await findingsAfter(replace(signCheckpoint({ size: SIZE + 1, root: rootOf(ENTRIES) })))).toEqual([
      'tile_missing 512 tile/0/002.p/89',
      'bundle_missing 512 tile/entries/002.p/89',
    ]);
    expect(await findingsAfter(replace(signCheckpoint({ size: 256, root: rootOf(ENTRIES) })))).toContain(
      'tile_missing 0 tile/1/000.p/1',
    );
    expect(await findingsAfter(replace(signCheckpoint({ size: 0, root: rootOf(ENTRIES) })))).toEqual([
      'root_mismatch checkpoint',
    ]);
  });

  test('of an absurd size does not keep the verifier busy for ever', async () => {
    const log = publish(ENTRIES.slice(0, 3));
    replace(signCheckpoint({ size: Number.MAX_SAFE_INTEGER, root: new Uint8Array(32) }))(log);
    const report = await verify(log);
    expect(report.failures.map(({ code }) => code)).toContain('bundle_missing');
    expect(report.failures.find(({ code }) => code === 'bundle_missing')?.detail).toContain('not looked for');
  }, 60_000);
});
