import { generateKeyPairSync } from 'node:crypto';
import {
  encodeEntryBundle,
  entryBundlePath,
  FAILURE_CODES,
  FAILURE_MEANINGS,
  formatReport,
  formatVerificationKey,
  hashLeaf,
  MAX_REPORTED_FAILURES,
  parseEntryBundle,
  tilePath,
  verifyLedger,
  type VerificationReport,
  type VerifyLedgerOptions,
} from '@spanledger/ledger/verify';
import { encodeCanonical } from '@spanledger/record';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addHistory,
  copyLog,
  edit,
  makeEntries,
  makeRecord,
  ORIGIN,
  publish,
  rootOf,
  signCheckpoint,
  sourceOf,
  VKEY,
  type MemoryLog,
} from './support/memory-log.ts';

// Two full bundles and one of 88 entries: a full tile is proven by the level above, the partial ones by the root.
const SIZE = 600;
const ENTRIES = makeEntries(SIZE);
const LOG = publish(ENTRIES);

function verify(log: MemoryLog, options: Partial<VerifyLedgerOptions> = {}): Promise<VerificationReport> {
  return verifyLedger({ source: sourceOf(log), vkey: VKEY, ...options });
}

/** Failures as short lines: code, index, path. */
function findings(report: VerificationReport): string[] {
  expect(report.ok).toBe(report.failuresTotal === 0);
  expect(report.failures.every(({ detail }) => detail.endsWith('.') || detail.length > 0)).toBe(true);
  return report.failures.map(({ code, place }) =>
    [code, place.index, place.path].filter((x) => x !== undefined).join(' '),
  );
}

/** Verifies a copy of the log after a change. */
async function findingsAfter(change: (log: MemoryLog) => void, log = LOG): Promise<string[]> {
  const copy = copyLog(log);
  change(copy);
  return findings(await verify(copy));
}

/** Rewrites a bundle's entries. */
function editEntries(
  log: MemoryLog,
  index: number,
  width: number,
  change: (entries: Uint8Array[]) => Uint8Array[],
): void {
  edit(log, entryBundlePath(index, width), (bytes) => {
    const entries = parseEntryBundle(bytes, width);
    if (!entries.ok) throw new TypeError(entries.detail);
    return encodeAny(change(entries.value));
  });
}

/** Like encodeEntryBundle, for any number of entries. */
function encodeAny(entries: Uint8Array[]): Uint8Array {
  return Buffer.concat([encodeEntryBundle(entries.slice(0, 256)), encodeEntryBundle(entries.slice(256))]);
}

/** The same entry with a letter changed, canonical as before. */
function alter(entry: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(entry).toString().replace('GET /orders', 'GET /ordera'));
}

function flip(bytes: Uint8Array, at: number): void {
  bytes[at] = (bytes[at] ?? 0) ^ 1;
}

describe('a sound log', () => {
  test.each([0, 1, 2, 255, 256, 257, 512, 600])('of %i entries verifies', async (size) => {
    const entries = ENTRIES.slice(0, size);
    const report = await verify(publish(entries));
    expect(findings(report)).toEqual([]);
    expect(report).toMatchObject({
      ok: true,
      origin: ORIGIN,
      size,
      verified: size,
      root: Buffer.from(rootOf(entries)).toString('base64'),
      checkpoint: { size, root: Buffer.from(rootOf(entries)).toString('base64'), signers: [ORIGIN] },
      assurance: 'unanchored',
      warningsTotal: 0,
    });
    if (size > 0) {
      expect(report.producers).toEqual([
        { streamId: 'stream', count: size, first: 1, last: size, missing: [], duplicates: 0, exact: true },
      ]);
    }
  });

  test('reports its progress and ends at its size', async () => {
    const seen: number[] = [];
    await verify(LOG, { onProgress: ({ verified, size }) => seen.push(verified) + size });
    expect(seen).toEqual([256, 512, 600]);
  });

  test('can be given up', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const report = verify(LOG, { signal: controller.signal, onProgress: () => controller.abort(reason) });
    await expect(report).rejects.toBe(reason);
  });

  test('is sound too where full files replace partial ones', async () => {
    const grown = publish(makeEntries(768));
    const checkpoint = LOG.files.get('checkpoint') ?? new Uint8Array();
    const log = {
      size: SIZE,
      files: new Map([
        ...grown.files,
        ['checkpoint', checkpoint],
        ['tile/1/000.p/2', LOG.files.get('tile/1/000.p/2') ?? checkpoint],
      ]),
    };
    expect(findings(await verify(log))).toEqual([]);
  });
});

describe('an entry', () => {
  test('any byte of any entry changed is found at its place', async () => {
    const place = fc.record({
      index: fc.integer({ min: 0, max: SIZE - 1 }),
      at: fc.nat(),
      bit: fc.integer({ min: 0, max: 7 }),
    });
    await fc.assert(
      fc.asyncProperty(place, async ({ index, at, bit }) => {
        const bundle = Math.floor(index / 256);
        const report = await findingsAfter((log) =>
          editEntries(log, bundle, Math.min(256, SIZE - bundle * 256), (entries) =>
            entries.map((entry, slot) => {
              if (bundle * 256 + slot !== index) return entry;
              const copy = new Uint8Array(entry);
              copy[at % copy.length] = (copy[at % copy.length] ?? 0) ^ (1 << bit);
              return copy;
            }),
          ),
        );
        const path = entryBundlePath(bundle, Math.min(256, SIZE - bundle * 256));
        expect(report).toContain(`entry_altered ${index} ${path}`);
        const others = report.filter((line) => !line.startsWith('entry_altered'));
        const allowed = new RegExp(
          `^(entry_index_wrong|origin_mismatch|previous_mismatch) ${index} |^previous_mismatch ${index + 1} `,
        );
        expect(others.filter((line) => !allowed.test(line))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  test('altered: its hash and the next entry tell', async () => {
    const change = (index: number) => (log: MemoryLog) =>
      editEntries(log, 1, 256, (entries) =>
        entries.map((entry, slot) => (slot === index ? alter(entry) : entry)),
      );
    expect(await findingsAfter(change(44))).toEqual([
      'entry_altered 300 tile/entries/001',
      'previous_mismatch 301 tile/entries/001',
    ]);
    expect(await findingsAfter(change(255))).toEqual([
      'entry_altered 511 tile/entries/001',
      'previous_mismatch 512 tile/entries/002.p/88',
    ]);
  });

  test('altered in a log of one bundle, and the last of all', async () => {
    const small = publish(ENTRIES.slice(0, 10));
    const change = (index: number) => (log: MemoryLog) =>
      editEntries(log, 0, 10, (entries) =>
        entries.map((entry, slot) => (slot === index ? alter(entry) : entry)),
      );
    expect(await findingsAfter(change(9), small)).toEqual(['entry_altered 9 tile/entries/000.p/10']);
    expect(await findingsAfter(change(0), small)).toEqual([
      'entry_altered 0 tile/entries/000.p/10',
      'previous_mismatch 1 tile/entries/000.p/10',
    ]);
  });

  test.each([0, 1, 100, 255])('%i of a full bundle deleted', async (slot) => {
    const report = await findingsAfter((log) =>
      editEntries(log, 1, 256, (entries) => entries.toSpliced(slot, 1)),
    );
    expect(report).toEqual([`entry_missing ${256 + slot} tile/entries/001`]);
  });

  test('several deleted in a row are one finding', async () => {
    const report = await findingsAfter((log) =>
      editEntries(log, 0, 256, (entries) => entries.toSpliced(7, 30)),
    );
    expect(report).toEqual(['entry_missing 7 tile/entries/000']);
  });

  test.each([0, 87])('%i of the partial bundle deleted', async (slot) => {
    const report = await findingsAfter((log) =>
      editEntries(log, 2, 88, (entries) => entries.toSpliced(slot, 1)),
    );
    expect(report).toEqual([`entry_missing ${512 + slot} tile/entries/002.p/88`]);
  });

  test('swapped with its neighbour, and with one far off', async () => {
    const swap = (a: number, b: number) => (log: MemoryLog) =>
      editEntries(log, 0, 256, (entries) =>
        entries.with(a, entries[b] ?? new Uint8Array()).with(b, entries[a] ?? new Uint8Array()),
      );
    expect(await findingsAfter(swap(20, 21))).toHaveLength(1);
    expect((await findingsAfter(swap(20, 21)))[0]).toMatch(/^entry_misplaced 2[01] tile\/entries\/000$/);
    expect(await findingsAfter(swap(20, 200))).toEqual([
      'entry_misplaced 20 tile/entries/000',
      'entry_misplaced 200 tile/entries/000',
    ]);
  });

  test('swapped with one of another bundle', async () => {
    const report = await findingsAfter((log) => {
      editEntries(log, 0, 256, (entries) => entries.with(9, ENTRIES[530] ?? new Uint8Array()));
      editEntries(log, 2, 88, (entries) => entries.with(18, ENTRIES[9] ?? new Uint8Array()));
    });
    expect(report).toEqual([
      'entry_misplaced 9 tile/entries/000',
      'entry_misplaced 530 tile/entries/002.p/88',
    ]);
  });

  test.each([0, 5, 256])('inserted at %i of a full bundle', async (slot) => {
    const forged = encodeCanonical(makeRecord(5, 'ab'.repeat(32)));
    const report = await findingsAfter((log) =>
      editEntries(log, 1, 256, (entries) => entries.toSpliced(slot, 0, forged)),
    );
    expect(report).toEqual([`entry_inserted ${256 + slot} tile/entries/001`]);
  });

  test('inserted in place of a removed one', async () => {
    const forged = encodeCanonical(
      makeRecord(40, Buffer.from(hashLeaf(ENTRIES[39] ?? new Uint8Array())).toString('hex'), 9_999),
    );
    const report = await findingsAfter((log) =>
      editEntries(log, 0, 256, (entries) => entries.with(40, forged)),
    );
    expect(report).toEqual(['entry_altered 40 tile/entries/000', 'previous_mismatch 41 tile/entries/000']);
  });

  test('duplicated, with and without its neighbour removed', async () => {
    const copy = ENTRIES[30] ?? new Uint8Array();
    expect(
      await findingsAfter((log) => editEntries(log, 0, 256, (entries) => entries.toSpliced(31, 0, copy))),
    ).toEqual(['entry_duplicated 31 tile/entries/000']);
    const report = await findingsAfter((log) =>
      editEntries(log, 0, 256, (entries) => entries.with(31, copy)),
    );
    expect(report).toEqual(['entry_duplicated 31 tile/entries/000', 'entry_missing 31 tile/entries/000']);
  });

  test('no record, in a log that is otherwise sound', async () => {
    const garbage = [
      Buffer.from('{"audit": 1}'),
      Buffer.from([0xff, 0xfe]),
      new Uint8Array(),
      Buffer.from('[]'),
    ];
    for (const bytes of garbage) {
      expect(findings(await verify(publish([bytes])))).toEqual(['entry_malformed 0 tile/entries/000.p/1']);
    }
  });

  test('of wrong types throughout', async () => {
    const values = [null, 1e308, -1, 0.5, 'x', [], {}, true, '__proto__'];
    for (const value of values) {
      const wrong = [
        { audit: value },
        { audit: { ledger: value } },
        { audit: { ledger: { index: value, origin: value, previous: value } } },
      ];
      for (const record of wrong) {
        const report = await verify(publish([encodeCanonical(record)]));
        expect(findings(report)).toContain('entry_index_wrong 0 tile/entries/000.p/1');
        expect(findings(report)).toContain('origin_mismatch 0 tile/entries/000.p/1');
      }
    }
  });
});

describe('a forged log that its own key has signed', () => {
  test('chain broken at one place', async () => {
    const log = publish(ENTRIES.with(300, alter(ENTRIES[300] ?? new Uint8Array())));
    expect(findings(await verify(log))).toEqual(['previous_mismatch 301 tile/entries/001']);
  });

  test('an entry left out', async () => {
    const report = findings(await verify(publish(ENTRIES.toSpliced(300, 1))));
    expect(report).toContain('previous_mismatch 300 tile/entries/001');
    expect(report.filter((line) => line.startsWith('previous_mismatch'))).toHaveLength(1);
    expect(report.filter((line) => line.startsWith('entry_index_wrong'))).toHaveLength(299);
  });

  test('of another name', async () => {
    const record = makeRecord(0, undefined);
    const forged = Buffer.from(
      Buffer.from(encodeCanonical(record)).toString().replace(ORIGIN, 'other.example'),
    );
    expect(findings(await verify(publish([forged])))).toEqual(['origin_mismatch 0 tile/entries/000.p/1']);
  });

  test('a first entry that names one before it', async () => {
    const report = await verify(publish([encodeCanonical(makeRecord(0, 'ab'.repeat(32)))]));
    expect(findings(report)).toEqual(['previous_mismatch 0 tile/entries/000.p/1']);
  });

  test('more failures than are listed are counted, and none of another kind is hidden', async () => {
    const log = publish(makeEntries(1_500).toSpliced(0, 1));
    log.files.set('checkpoint', Buffer.from(signCheckpoint({ size: 1_499, root: new Uint8Array(32) })));
    const report = await verify(log);
    expect(report.failuresTotal).toBe(1_499 + 1 + 1);
    expect(report.failures.length).toBeLessThanOrEqual(MAX_REPORTED_FAILURES);
    expect(report.failures.at(-1)?.code).toBe('root_mismatch');
    expect(report.verified).toBe(0);
  });
});

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

describe('the verification key', () => {
  test.each(['', 'nonsense', `${VKEY}x`, VKEY.replace('+', ' '), VKEY.slice(0, -4), '\u0000'])(
    '%j',
    async (vkey) => {
      const report = await verify(LOG, { vkey });
      expect(findings(report)).toEqual(['vkey_malformed']);
      expect(report).toMatchObject({ verified: SIZE, origin: ORIGIN });
    },
  );

  test('may end in a newline, as its file does', async () => {
    expect(findings(await verify(LOG, { vkey: `${VKEY}\n` }))).toEqual([]);
  });
});

describe('earlier checkpoints', () => {
  const earlier = (size: number): string => signCheckpoint({ size, root: rootOf(ENTRIES.slice(0, size)) });

  test('of every kind of size are continued', async () => {
    const known = [599, 0, 1, 255, 256, 257, 600, 511, 512, 513, 256].map(earlier);
    const report = await verify(LOG, { known });
    expect(findings(report)).toEqual([]);
    expect(report.knownVerified).toBe(known.length);
  });

  test('a log cut back, with a checkpoint of that time', async () => {
    const cut = publish(ENTRIES.slice(0, 400));
    const report = await verify(cut, { known: [earlier(600), earlier(300)] });
    expect(findings(report)).toEqual(['known_checkpoint_ahead 400']);
    expect(report.knownVerified).toBe(1);
  });

  test('a log written anew', async () => {
    const anew = publish(makeEntries(SIZE, (index) => index + 2));
    const report = await verify(anew, { known: [earlier(300), earlier(600)] });
    expect(findings(report)).toEqual([
      'known_checkpoint_inconsistent 300',
      'known_checkpoint_inconsistent 600',
    ]);
  });

  test('that are not what they should be', async () => {
    const other = generateKeyPairSync('ed25519').privateKey;
    const known = [
      '',
      'garbage',
      signCheckpoint({ size: 3, root: new Uint8Array(32) }, other),
      earlier(5).replace(ORIGIN, 'x'),
    ];
    expect(findings(await verify(LOG, { known }))).toEqual(known.map(() => 'known_checkpoint_invalid'));
  });

  test('are compared with what the tree proves, not with an altered entry', async () => {
    const copy = copyLog(LOG);
    editEntries(copy, 0, 256, (entries) => entries.with(3, alter(entries[3] ?? new Uint8Array())));
    flip(copy.files.get('tile/0/001') ?? new Uint8Array(1), 5);
    const report = await verify(copy, { known: [earlier(100), earlier(400), earlier(599)] });
    expect(report.knownVerified).toBe(3);
    expect(report.failures.map(({ code }) => code)).toEqual([
      'entry_altered',
      'previous_mismatch',
      'tile_altered',
    ]);
  });

  test('cannot be compared where hashes are missing', async () => {
    const copy = copyLog(LOG);
    for (const path of ['tile/0/001', 'tile/entries/001', 'tile/1/000.p/2']) copy.files.delete(path);
    const report = await verify(copy, { known: [earlier(100), earlier(400), earlier(599)] });
    expect(report.knownVerified).toBe(1);
    expect(findings(report).filter((line) => line.startsWith('known'))).toEqual([
      'known_checkpoint_inconsistent 400',
      'known_checkpoint_inconsistent 599',
    ]);
  });
});

describe('the history of checkpoints', () => {
  const SIZES = [0, 1, 40, 255, 256, 257, 300, 511, 512, 550, 600];
  const withHistory = copyLog(LOG);
  addHistory(withHistory, ENTRIES, SIZES);
  const last = 'checkpoints/00000000000000000512';
  const oldCheckpoint = (size: number): Uint8Array =>
    Buffer.from(signCheckpoint({ size, root: rootOf(ENTRIES.slice(0, size)) }));
  const cutTo = (size: number) => (log: MemoryLog) => {
    const cut = publish(ENTRIES.slice(0, size));
    for (const path of log.files.keys()) if (path.startsWith('tile/')) log.files.delete(path);
    for (const [path, bytes] of cut.files) log.files.set(path, bytes);
  };

  test('agrees with the log', async () => {
    const report = await verify(withHistory);
    expect(findings(report)).toEqual([]);
    expect(report.historyVerified).toBe(SIZES.length);
    expect(formatReport(report)).toContain('11 checkpoints that this log published before agree with it');
  });

  test('may be behind the checkpoint, and one ahead of it', async () => {
    const behind = copyLog(LOG);
    addHistory(behind, ENTRIES, SIZES.slice(0, -1));
    expect(findings(await verify(behind))).toEqual([]);
    const ahead = copyLog(withHistory);
    ahead.files.set('checkpoint', oldCheckpoint(550));
    const report = await verify(ahead);
    expect(report).toMatchObject({ ok: true, size: 600, verified: 600 });
    expect(report.warnings.map(({ code }) => code)).toEqual(['checkpoint_behind']);
  });

  test('may end in a note that is being written', async () => {
    const report = await findingsAfter(
      (log) => edit(log, last, (bytes) => Buffer.concat([bytes, Buffer.from('ledger.ex')])),
      withHistory,
    );
    expect(report).toEqual([]);
  });

  test('gives away a log that was cut back to an earlier checkpoint', async () => {
    const report = await findingsAfter(cutTo(300), withHistory);
    expect(report).toContain('checkpoint_rolled_back checkpoint');
    expect(report).toContain('bundle_missing 256 tile/entries/001');
  });

  test('gives away a checkpoint that was rolled back alone', async () => {
    const report = await findingsAfter((log) => log.files.set('checkpoint', oldCheckpoint(300)), withHistory);
    expect(report).toEqual(['checkpoint_rolled_back checkpoint']);
  });

  test('serves where the checkpoint is damaged, so that nothing else is hidden', async () => {
    const report = await findingsAfter((log) => {
      log.files.set('checkpoint', Buffer.from('garbage'));
      editEntries(log, 2, 88, (entries) => entries.with(87, alter(entries[87] ?? new Uint8Array())));
    }, withHistory);
    expect(report).toEqual(['checkpoint_malformed checkpoint', 'entry_altered 599 tile/entries/002.p/88']);
  });

  test('with a signed checkpoint of another tree', async () => {
    const report = await findingsAfter((log) => {
      const note = signCheckpoint({ size: 550, root: new Uint8Array(32) });
      edit(log, last, (bytes) =>
        Buffer.from(
          Buffer.from(bytes)
            .toString()
            .replace(Buffer.from(oldCheckpoint(550)).toString(), note),
        ),
      );
    }, withHistory);
    expect(report).toEqual([`history_inconsistent 550 ${last}`]);
  });

  test('altered, garbage, or partly missing', async () => {
    const first = 'checkpoints/00000000000000000000';
    const change = (find: string, replacement: string) => (log: MemoryLog) =>
      edit(log, first, (bytes) => Buffer.from(Buffer.from(bytes).toString().replace(find, replacement)));
    expect(await findingsAfter(change('\n40\n', '\n41\n'), withHistory)).toEqual([
      `history_malformed 41 ${first}`,
    ]);
    expect(await findingsAfter(change('\n40\n', '\n400000\n'), withHistory)).toEqual([
      `history_malformed ${first}`,
    ]);
    expect(await findingsAfter((log) => log.files.delete(first), withHistory)).toEqual([
      `history_malformed ${first}`,
    ]);
    for (const path of [first, last, 'checkpoints/index']) {
      for (const garbage of [Buffer.from([0xff]), Buffer.from('x'), Buffer.from('\n\n\u2014 x\n')]) {
        const report = await findingsAfter((log) => log.files.set(path, garbage), withHistory);
        expect(report).toContain(`history_malformed ${path}`);
        expect(report.every((line) => line.startsWith('history_malformed'))).toBe(true);
      }
    }
  });
});

describe('producers', () => {
  test('a hole is a warning that names what is missing', async () => {
    const report = await verify(publish(makeEntries(20, (index) => (index < 10 ? index + 3 : index + 8))));
    expect(report.ok).toBe(true);
    expect(report.producers[0]).toMatchObject({
      count: 20,
      first: 3,
      last: 27,
      missing: [
        [1, 2],
        [13, 17],
      ],
    });
    expect(report.warnings).toEqual([
      { code: 'producer_gap', place: {}, detail: 'Producer stream: not in the log are 1–2, 13–17.' },
    ]);
  });

  test('a record that came twice is a warning that names the second', async () => {
    const report = await verify(publish(makeEntries(20, (index) => (index === 12 ? 4 : index + 1))));
    expect(report.producers[0]).toMatchObject({ count: 19, duplicates: 1, missing: [[13, 13]] });
    expect(report.warnings[0]).toMatchObject({ code: 'record_duplicated', place: { index: 12 } });
    expect(report.warningsTotal).toBe(2);
  });
});

describe('a source that fails', () => {
  test('is reported file by file', async () => {
    const source = sourceOf(LOG);
    const report = await verifyLedger({
      vkey: VKEY,
      source: {
        read: (path) => (path === 'tile/entries/001' ? Promise.reject(new Error('disk')) : source.read(path)),
      },
    });
    expect(findings(report)).toEqual(['read_failed 256 tile/entries/001']);
  });

  test('altogether', async () => {
    for (const read of [
      () => Promise.reject(new Error('x')),
      () => {
        throw new Error('sync');
      },
    ]) {
      expect(findings(await verifyLedger({ vkey: VKEY, source: { read } }))).toEqual([
        'read_failed checkpoints/index',
        'read_failed checkpoint',
      ]);
    }
  });
});

describe('a log of three levels', () => {
  const size = 65_536 + 300;
  const log = publish(makeEntries(size));

  test('verifies', async () => {
    const report = await verify(log);
    expect(findings(report)).toEqual([]);
    expect(report.verified).toBe(size);
  }, 30_000);

  test('an upper tile altered, full and partial', async () => {
    const report = await findingsAfter((copy) => {
      edit(copy, 'tile/1/000', (bytes) => flip(bytes, 10 * 32));
      edit(copy, 'tile/1/001.p/1', (bytes) => flip(bytes, 0));
      edit(copy, 'tile/0/011', (bytes) => flip(bytes, 0));
      editEntries(copy, 20, 256, (entries) => entries.with(1, alter(entries[1] ?? new Uint8Array())));
    }, log);
    expect(report.toSorted()).toEqual([
      'entry_altered 5121 tile/entries/020',
      'previous_mismatch 5122 tile/entries/020',
      'tile_altered 2560 tile/1/000',
      'tile_altered 2816 tile/0/011',
      'tile_altered 65536 tile/1/001.p/1',
    ]);
  }, 30_000);
});

describe('the text of a report', () => {
  test('says what was checked, and what remains open', async () => {
    const text = formatReport(await verify(LOG));
    expect(text).toContain(`VERIFIED  ${ORIGIN}`);
    expect(text).toContain('600 of 600 verified');
    expect(text).toContain('Assurance: unanchored');
    expect(text).not.toContain('Failures');
  });

  test('names each failure with its place and meaning', async () => {
    const copy = copyLog(LOG);
    editEntries(copy, 1, 256, (entries) => entries.with(44, alter(entries[44] ?? new Uint8Array())));
    const text = formatReport(await verify(copy));
    expect(text).toContain('FAILED');
    expect(text).toContain('entry 300, tile/entries/001 — entry_altered');
    expect(text).toContain(FAILURE_MEANINGS.entry_altered);
    expect(text).toContain('Failures: 2');
  });

  test('lets no control sequence through to a terminal', async () => {
    const text = formatReport({ ...(await verify(LOG)), origin: 'evil\u001b[2J\u202e\u0007' });
    expect(/[^\P{C}\n]/u.test(text)).toBe(false);
  });

  test('every code has a meaning', () => {
    expect(new Set(FAILURE_CODES).size).toBe(Object.keys(FAILURE_MEANINGS).length);
    for (const code of FAILURE_CODES) expect(FAILURE_MEANINGS[code]).toMatch(/\.$/);
    expect(tilePath(0, 0)).toBe('tile/0/000');
  });
});
