import { fileTiles, generateSigner, LedgerReader, memoryEpochKeys, openLedger } from '@spanledger/ledger';
import {
  formatTlogProof,
  hashLeaf,
  parseSignedCheckpoint,
  parseTlogProof,
  rootFromInclusionProof,
  verifyConsistency,
} from '@spanledger/ledger/verify';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeDataDirectory } from '../support/exporter/service.ts';
import { makeBatch } from '../support/ledger/batches.ts';
import { ask } from './support/ask.ts';

/** Each of them is published. */
const SIZES = [1, 2, 255, 256, 257, 511, 512, 599, 600, 601, 65_535, 65_536, 65_537, 66_000];
const SIZE = 66_000;
const RANDOM = 200;
const BATCH = 10_000;
const MAX_ENTRY_BYTES = 65_535;
/** An entry before the ledger has placed it, whose length tells what that adds. */
const SHORTER = 10_000;
/** Entries before it are pruned in the end. */
const PRUNED = 65_536;
/** Where in the log the longest entry stands. */
const LONGEST = 600;

const signer = generateSigner('example.com/log');
let scratch: Awaited<ReturnType<typeof makeDataDirectory>>;
let reader: LedgerReader;
const notes: string[] = [];

beforeAll(async () => {
  scratch = await makeDataDirectory();
  const directory = scratch.path;
  const ledger = await openLedger({ directory, signer, epochKeys: memoryEpochKeys(), publishIntervalMs: 20 });
  reader = new LedgerReader(fileTiles(join(directory, 'ledger')));
  for (const size of SIZES) {
    const at = ledger.sizes().durable;
    // What the ledger adds to an entry is as long as it was for the one before.
    const room = at === LONGEST ? MAX_ENTRY_BYTES - (await lengthOf(at - 1)) + SHORTER : SHORTER;
    const entryBytes = size === LONGEST || size === LONGEST + 1 ? { entryBytes: room } : {};
    for (let first = at; first < size; first += BATCH)
      await ledger.append(
        makeBatch({ count: Math.min(BATCH, size - first), label: `${first}`, ...entryBytes }),
      );
    await ledger.published(size);
    notes.push(ledger.checkpoint());
  }
  await ledger.close();
});

afterAll(() => scratch.remove());

/** Entries beside the borders of tiles and checkpoints, and random ones. */
function someEntries(): number[] {
  const borders = [0, LONGEST, SIZE - 1, ...SIZES.flatMap((size) => [size - 1, size])];
  const random = fc.sample(fc.nat({ max: SIZE - 1 }), RANDOM);
  return [...new Set([...borders, ...random])].filter((index) => index < SIZE);
}

describe('proofs that we make', () => {
  it('of an entry, as tlog-proof text, hold for tlog and merkle, which write the same text', async () => {
    const claims = [];
    for (const index of someEntries()) {
      const proof = await reader.tlogProof(index);
      claims.push({ vkey: signer.vkey, proof, entry: await entryAt(index) });
    }
    expect(await refusals(claims)).toEqual([]);
    expect((await reader.entry(LONGEST))?.length).toBe(MAX_ENTRY_BYTES);
  });

  it('of an entry at any later size hold, with whatever is beside them', async () => {
    const claims = [];
    for (const index of someEntries()) {
      const later = notes.filter((note) => sizeOf(note) > index);
      const checkpoint = later[index % later.length] ?? '';
      const hashes = await reader.inclusionProof(index, sizeOf(checkpoint));
      const extra = Buffer.from(`extra of ${index}`);
      const proof = formatTlogProof({ extra, index, hashes, checkpoint });
      claims.push({ vkey: signer.vkey, proof, entry: await entryAt(index) });
    }
    expect(await refusals(claims)).toEqual([]);
  });

  it('that one checkpoint continues another hold, between all of them', async () => {
    const claims = [];
    for (const [i, first] of notes.entries())
      for (const second of notes.slice(i)) {
        const hashes = await reader.consistencyProof(sizeOf(first), sizeOf(second));
        claims.push({ vkey: signer.vkey, first, second, hashes: hashes.map(toBase64) });
      }
    expect(await refusals(claims)).toEqual([]);
  });
});

describe('proofs that do not hold', () => {
  it('of an entry are refused by them and by us', async () => {
    const claims = [];
    for (const index of someEntries().slice(0, 100)) {
      const text = await reader.tlogProof(index);
      const entry = await reader.entry(index);
      const parsed = parseTlogProof(text);
      if (!parsed.ok || entry === undefined) throw new TypeError(`no proof of ${index}`);
      const { hashes } = parsed.value;
      const wrong = [
        { ...parsed.value, index: index + 1 },
        { ...parsed.value, hashes: [...hashes, Buffer.alloc(32)] },
        ...(index > 0 ? [{ ...parsed.value, checkpoint: notes[0] ?? '' }] : []),
        ...(hashes.length > 0 ? [{ ...parsed.value, hashes: hashes.slice(1) }] : []),
        ...(hashes.length > 0 ? [{ ...parsed.value, hashes: hashes.with(0, Buffer.alloc(32)) }] : []),
      ];
      for (const proof of wrong) {
        const { size, root } = checkpointOf(proof.checkpoint);
        const ours = rootFromInclusionProof({ ...proof, size, leafHash: hashLeaf(entry) });
        expect(ours === undefined || toBase64(ours) !== toBase64(root)).toBe(true);
        claims.push({ vkey: signer.vkey, proof: formatTlogProof(proof), entry: toBase64(entry) });
      }
      claims.push({ vkey: signer.vkey, proof: text, entry: toBase64(Buffer.from('another entry')) });
    }
    expect(await refusals(claims)).toHaveLength(claims.length);
  });

  it('between checkpoints are refused by them and by us', async () => {
    const claims = [];
    for (const [i, first] of notes.entries())
      for (const second of notes.slice(i + 1)) {
        const hashes = await reader.consistencyProof(sizeOf(first), sizeOf(second));
        for (const wrong of [
          hashes.with(0, Buffer.alloc(32)),
          hashes.slice(1),
          [...hashes, Buffer.alloc(32)],
        ]) {
          const claim = { first: checkpointOf(first), second: checkpointOf(second), hashes: wrong };
          expect(verifyConsistency(claim)).toBe(false);
          claims.push({ vkey: signer.vkey, first, second, hashes: wrong.map(toBase64) });
        }
      }
    expect(await refusals(claims)).toHaveLength(claims.length);
  });
});

// The last one: it takes the entries away.
describe('once the log was pruned', () => {
  it('proofs of entries that are gone, and between checkpoints, hold for them as before', async () => {
    const entries = new Map<number, string>();
    for (const index of someEntries()) entries.set(index, await entryAt(index));
    const directory = scratch.path;
    const ledger = await openLedger({ directory, signer, epochKeys: memoryEpochKeys() });
    await ledger.prune(PRUNED);
    await ledger.close();
    reader = new LedgerReader(fileTiles(join(directory, 'ledger')));
    expect(await reader.entry(PRUNED - 1)).toBeUndefined();
    const claims: object[] = [];
    for (const [index, entry] of entries) {
      claims.push({ vkey: signer.vkey, proof: await reader.tlogProof(index), entry });
    }
    const [first = '', last = ''] = [notes[3], notes.at(-1)];
    for (const second of [notes[5] ?? '', last]) {
      const hashes = await reader.consistencyProof(sizeOf(first), sizeOf(second));
      claims.push({ vkey: signer.vkey, first, second, hashes: hashes.map(toBase64) });
    }
    expect(await refusals(claims)).toEqual([]);
  });
});

/** What they say of the claims that they refuse. */
async function refusals(claims: readonly object[]): Promise<string[]> {
  expect(claims.length).toBeGreaterThan(50);
  const answers = await ask(
    'check-proofs',
    claims.map((claim) => JSON.stringify(claim)),
  );
  return answers.filter((answer) => answer !== '');
}

async function entryAt(index: number): Promise<string> {
  return toBase64((await reader.entry(index)) ?? new Uint8Array());
}

async function lengthOf(index: number): Promise<number> {
  return (await reader.entry(index))?.length ?? 0;
}

function checkpointOf(note: string): { size: number; root: Uint8Array } {
  const signed = parseSignedCheckpoint(note);
  if (!signed.ok) throw new TypeError(signed.detail);
  return signed.value.checkpoint;
}

function sizeOf(note: string): number {
  return checkpointOf(note).size;
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
