import {
  CompactRange,
  computeConsistencyProof,
  computeInclusionProof,
  computeRoot,
  EMPTY_ROOT,
  hashLeaf,
  hashNode,
  TileBuilder,
  tileHashReader,
  tilePath,
  TileUnavailableError,
  verifyConsistency,
  verifyInclusion,
  type HashReader,
} from '@spanledger/ledger/verify';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

// The reference leaves, roots and paths of the certificate-transparency test suite (merkletree tests).
const LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const INCLUSION: [index: number, size: number, path: string[]][] = [
  [0, 1, []],
  [
    0,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    5,
    8,
    [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
  [
    1,
    5,
    [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
];
const CONSISTENCY: [first: number, second: number, path: string[]][] = [
  [1, 1, []],
  [
    1,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    6,
    8,
    [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [
    2,
    5,
    [
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
];

const referenceHashes = LEAVES.map((leaf) => hashLeaf(hex(leaf)));

/** Straight from RFC 6962's definition, to hold the product against. */
function referenceRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const [first = EMPTY_ROOT] = leaves;
  if (leaves.length < 2) return first;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return hashNode(referenceRoot(leaves.slice(0, k)), referenceRoot(leaves.slice(k)));
}

function readerOver(leaves: readonly Uint8Array[]): HashReader {
  const cache = new Map<string, Uint8Array>();
  return (level, index) => {
    const key = `${level}/${index}`;
    const hash = cache.get(key) ?? referenceRoot(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level));
    cache.set(key, hash);
    return Promise.resolve(hash);
  };
}

const MANY = Array.from({ length: 300 }, (_, i) => hashLeaf(Buffer.from(`leaf ${i}`)));
const MANY_ROOTS = MANY.reduce<{ range: CompactRange; roots: Uint8Array[] }>(
  ({ range, roots }, leaf) => {
    range.append(leaf);
    return { range, roots: [...roots, range.root] };
  },
  { range: new CompactRange(), roots: [EMPTY_ROOT] },
).roots;
const readMany = readerOver(MANY);

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

describe('reference vectors', () => {
  test('the empty tree', () => {
    expect(toHex(EMPTY_ROOT)).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(toHex(new CompactRange().root)).toBe(toHex(EMPTY_ROOT));
  });

  test('roots of the first 1 to 8 leaves', async () => {
    const range = new CompactRange();
    for (const [i, hash] of referenceHashes.entries()) {
      range.append(hash);
      expect(toHex(range.root)).toBe(ROOTS[i]);
      expect(toHex(await computeRoot(i + 1, readerOver(referenceHashes)))).toBe(ROOTS[i]);
    }
  });

  test.each(INCLUSION)('inclusion of %i in %i', async (index, size, path) => {
    const proof = await computeInclusionProof(index, size, readerOver(referenceHashes));
    expect(proof.map(toHex)).toEqual(path);
    const leafHash = referenceHashes[index] ?? EMPTY_ROOT;
    expect(
      verifyInclusion({ index, size, leafHash, hashes: path.map(hex) }, hex(ROOTS[size - 1] ?? '')),
    ).toBe(true);
  });

  test.each(CONSISTENCY)('consistency of %i with %i', async (first, second, path) => {
    const proof = await computeConsistencyProof(first, second, readerOver(referenceHashes));
    expect(proof.map(toHex)).toEqual(path);
    const root = (size: number): Uint8Array => hex(ROOTS[size - 1] ?? '');
    const statement = {
      first: { size: first, root: root(first) },
      second: { size: second, root: root(second) },
    };
    expect(verifyConsistency({ ...statement, hashes: path.map(hex) })).toBe(true);
  });
});

describe('inclusion', () => {
  test('every index in every size verifies, with another index or size it does not', async () => {
    const wrong: string[] = [];
    for (let size = 1; size <= 300; size += size < 130 ? 1 : 17) {
      const root = MANY_ROOTS[size] ?? EMPTY_ROOT;
      for (let index = 0; index < size; index++) {
        const leafHash = MANY[index] ?? EMPTY_ROOT;
        const hashes = await computeInclusionProof(index, size, readMany);
        if (!verifyInclusion({ index, size, leafHash, hashes }, root)) wrong.push(`${index} in ${size}`);
        for (const other of [index - 1, index + 1, index ^ 1, size, size + index, -1, 2 ** 53, NaN, 0.5]) {
          if (other !== index && verifyInclusion({ index: other, size, leafHash, hashes }, root)) {
            wrong.push(`${index} in ${size} taken for ${other}`);
          }
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  test('any changed bit, any hash more or less, and any other leaf fails', async () => {
    const size = fc.integer({ min: 2, max: 300 });
    await fc.assert(
      fc.asyncProperty(size, fc.nat(), fc.nat(), fc.nat({ max: 255 }), async (n, i, at, bit) => {
        const index = i % n;
        const leafHash = MANY[index] ?? EMPTY_ROOT;
        const root = MANY_ROOTS[n] ?? EMPTY_ROOT;
        const hashes = await computeInclusionProof(index, n, readMany);
        const k = at % hashes.length;
        const proof = { index, size: n, leafHash, hashes };
        expect(
          verifyInclusion({ ...proof, hashes: hashes.map((h, j) => (j === k ? flip(h, bit) : h)) }, root),
        ).toBe(false);
        expect(verifyInclusion({ ...proof, hashes: hashes.toSpliced(k, 1) }, root)).toBe(false);
        expect(verifyInclusion({ ...proof, hashes: hashes.toSpliced(k, 0, leafHash) }, root)).toBe(false);
        expect(verifyInclusion({ ...proof, leafHash: flip(leafHash, bit) }, root)).toBe(false);
        expect(verifyInclusion(proof, flip(root, bit))).toBe(false);
        expect(
          verifyInclusion({ ...proof, hashes: hashes.map((h, j) => (j === k ? h.slice(1) : h)) }, root),
        ).toBe(false);
      }),
    );
  });

  test('sizes past 2^32 are not cut to 32 bits', () => {
    const leafHash = MANY[0] ?? EMPTY_ROOT;
    const size = 2 ** 40;
    const hashes = Array.from({ length: 40 }, (_, i) => MANY[i + 1] ?? EMPTY_ROOT);
    let root = leafHash;
    for (const hash of hashes) root = hashNode(root, hash);
    expect(verifyInclusion({ index: 0, size, leafHash, hashes }, root)).toBe(true);
    expect(verifyInclusion({ index: 2 ** 32, size, leafHash, hashes }, root)).toBe(false);
  });
});

describe('consistency', () => {
  test('every pair of sizes verifies, with another root, size or proof it does not', async () => {
    const wrong: string[] = [];
    const end = (
      size: number,
      root = MANY_ROOTS[size] ?? EMPTY_ROOT,
    ): { size: number; root: Uint8Array } => ({ size, root });
    for (let n = 0; n <= 300; n += n < 100 ? 1 : 20) {
      for (let m = 0; m <= n; m++) {
        const hashes = await computeConsistencyProof(m, n, readMany);
        const statement = { first: end(m), second: end(n), hashes };
        const forged = [
          { ...statement, first: end(m, flip(end(m).root, 7)) },
          { ...statement, hashes: [...hashes, EMPTY_ROOT] },
          // Every tree extends the empty one, so from there nothing can be said about the second root.
          ...(m > 0 ? [{ ...statement, second: end(n, flip(end(n).root, 9)) }] : []),
          ...(m > 0 ? [{ ...statement, first: end(m - 1, end(m).root) }] : []),
          ...(hashes.length > 0 ? [{ ...statement, hashes: hashes.slice(1) }] : []),
        ];
        if (!verifyConsistency(statement)) wrong.push(`${m} with ${n}`);
        if (forged.some((other) => verifyConsistency(other))) wrong.push(`forged: ${m} with ${n}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('a changed hash fails', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 300 }),
        fc.nat(),
        fc.nat(),
        fc.nat({ max: 255 }),
        async (n, m, at, bit) => {
          const first = 1 + (m % (n - 1));
          const hashes = await computeConsistencyProof(first, n, readMany);
          const k = at % hashes.length;
          const changed = hashes.map((hash, j) => (j === k ? flip(hash, bit) : hash));
          const end = (size: number): { size: number; root: Uint8Array } => ({
            size,
            root: MANY_ROOTS[size] ?? EMPTY_ROOT,
          });
          expect(verifyConsistency({ first: end(first), second: end(n), hashes: changed })).toBe(false);
        },
      ),
    );
  });

  test('nonsense sizes are no statement', () => {
    const end = { size: 1, root: EMPTY_ROOT };
    for (const size of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
      expect(verifyConsistency({ first: { ...end, size }, second: end, hashes: [] })).toBe(false);
      expect(verifyConsistency({ first: end, second: { ...end, size }, hashes: [] })).toBe(false);
    }
    expect(verifyConsistency({ first: { ...end, size: 3 }, second: end, hashes: [] })).toBe(false);
  });
});

describe('tiles of a tree', () => {
  const size = 70_000;
  const files = new Map<string, Uint8Array>();
  const builder = new TileBuilder();
  const range = new CompactRange();
  const leaves = Array.from({ length: size }, (_, i) => hashLeaf(Buffer.from(`${i}`)));
  for (const leaf of leaves) {
    range.append(leaf);
    builder.append(leaf, (tile) => files.set(tilePath(tile.level, tile.index), tile.hashes));
  }
  for (const tile of builder.partialTiles())
    files.set(tilePath(tile.level, tile.index, tile.width), tile.hashes);
  const source = { read: (path: string) => Promise.resolve(files.get(path)) };

  test('70,000 leaves make the tiles that the specification lists', () => {
    expect([...files.keys()].filter((path) => !path.includes('.p/'))).toHaveLength(273 + 1);
    expect([...files.keys()].filter((path) => path.includes('.p/'))).toEqual([
      'tile/0/273.p/112',
      'tile/1/001.p/17',
      'tile/2/000.p/1',
    ]);
    expect(toHex(builder.root)).toBe(toHex(range.root));
  });

  test('256 leaves make a full tile and one of width 1 above it', () => {
    const small = new TileBuilder();
    const full: string[] = [];
    for (let i = 0; i < 256; i++)
      small.append(EMPTY_ROOT, (tile) => full.push(tilePath(tile.level, tile.index)));
    expect(full).toEqual(['tile/0/000']);
    expect(small.partialTiles().map((tile) => tilePath(tile.level, tile.index, tile.width))).toEqual([
      'tile/1/000.p/1',
    ]);
  });

  test('leaves that are appended together make the same tiles, wherever they are divided', () => {
    for (const step of [1, 255, 256, 257, 1000, size]) {
      const together = new TileBuilder();
      const made = new Map<string, Uint8Array>();
      for (let at = 0; at < size; at += step) {
        together.append(Buffer.concat(leaves.slice(at, at + step)), ({ level, index, hashes }) => {
          made.set(tilePath(level, index), hashes);
        });
      }
      for (const { level, index, width, hashes } of together.partialTiles())
        made.set(tilePath(level, index, width), hashes);
      expect([...made.keys()].sort(), `step ${step}`).toEqual([...files.keys()].sort());
      expect(
        [...made].every(([path, hashes]) => files.get(path)?.every((byte, i) => byte === hashes[i])),
      ).toBe(true);
      expect(together.size).toBe(size);
    }
    expect(() => new TileBuilder().append(new Uint8Array(33), () => undefined)).toThrow(TypeError);
  });

  test('a builder goes on from partial tiles', () => {
    const resumed = new TileBuilder(
      size,
      (tile) => files.get(tilePath(tile.level, tile.index, tile.width)) ?? EMPTY_ROOT,
    );
    expect(resumed.size).toBe(size);
    expect(toHex(resumed.root)).toBe(toHex(range.root));
    const ahead = range.clone();
    for (let i = size; i < size + 400; i++) {
      ahead.append(hashLeaf(Buffer.from(`${i}`)));
      resumed.append(hashLeaf(Buffer.from(`${i}`)), () => undefined);
    }
    expect(toHex(resumed.root)).toBe(toHex(ahead.root));
    expect(range.size).toBe(size);
    expect(() => new TileBuilder(size, () => EMPTY_ROOT)).toThrow(TypeError);
  });

  test('proofs computed from tiles verify', async () => {
    const read = tileHashReader(source, size);
    expect(toHex(await computeRoot(size, read))).toBe(toHex(range.root));
    for (const index of [0, 255, 256, 65_535, 65_536, 69_999]) {
      const hashes = await computeInclusionProof(index, size, read);
      expect(
        verifyInclusion({ index, size, leafHash: hashLeaf(Buffer.from(`${index}`)), hashes }, range.root),
      ).toBe(true);
    }
    for (const first of [1, 256, 65_536, 65_537, 69_888]) {
      const hashes = await computeConsistencyProof(first, size, read);
      const statement = {
        first: { size: first, root: await computeRoot(first, read) },
        second: { size, root: range.root },
      };
      expect(verifyConsistency({ ...statement, hashes })).toBe(true);
    }
  });

  test('a full tile serves where its partial one is gone, and a missing tile is named', async () => {
    const read = tileHashReader(
      { read: (path) => source.read(path === 'tile/0/000.p/200' ? 'none' : path) },
      200,
    );
    expect(await computeRoot(200, read)).toHaveLength(32);
    const broken = tileHashReader({ read: () => Promise.resolve(undefined) }, size);
    await expect(computeRoot(size, broken)).rejects.toThrow(TileUnavailableError);
    await expect(computeRoot(size, broken)).rejects.toMatchObject({ path: 'tile/2/000.p/1' });
  });

  test('what is not in the tree has no proof', () => {
    const read = tileHashReader(source, size);
    expect(() => computeInclusionProof(size, size, read)).toThrow(TypeError);
    expect(() => computeInclusionProof(-1, size, read)).toThrow(TypeError);
    expect(() => computeConsistencyProof(2, 1, read)).toThrow(TypeError);
  });

  test('a subtree is appended only where one begins', () => {
    const odd = new CompactRange();
    odd.append(EMPTY_ROOT);
    expect(() => odd.appendSubtree(8, EMPTY_ROOT)).toThrow(TypeError);
  });
});
