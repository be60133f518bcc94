import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileTiles, LedgerReader, type Ledger } from '@spanledger/ledger';
import {
  EMPTY_ROOT,
  hashLeaf,
  parseSignedCheckpoint,
  parseTlogProof,
  verifyConsistency,
  verifyInclusion,
  verifyLedger,
} from '@spanledger/ledger/verify';
import { expect, test } from 'vitest';
import { makeBatch, recordIdOf } from '../../support/ledger/batches.ts';
import { newHome, openHome, type LogHome } from '../../support/ledger/logs.ts';

async function expectVerified(
  { directory, signer }: LogHome,
  size: number,
  known: string[] = [],
): Promise<void> {
  const source = fileTiles(join(directory, 'ledger'));
  const report = await verifyLedger({ source, vkey: signer.vkey, known });
  expect(report).toMatchObject({ ok: true, size, verified: size, failures: [], knownVerified: known.length });
}

async function fill(ledger: Ledger, from: number, to: number): Promise<void> {
  for (let at = from; at < to;) {
    const count = Math.min(10_000, to - at);
    await ledger.append(makeBatch({ count, label: `from${at}` }));
    at += count;
  }
  await ledger.published(to);
}

test('a new log publishes a checkpoint of nothing', async () => {
  const home = await newHome();
  const ledger = await openHome(home);
  const signed = parseSignedCheckpoint(ledger.checkpoint());
  if (!signed.ok) throw new Error(signed.detail);
  expect(signed.value.checkpoint).toMatchObject({ origin: 'example.com/log', size: 0, root: EMPTY_ROOT });
  expect(ledger.sizes()).toEqual({ sequenced: 0, durable: 0, integrated: 0, published: 0 });
  await expectVerified(home, 0);
});

test.each([1, 255, 256, 257, 1000])(
  'a log of %i entries is what its checkpoint says, closed or not',
  async (size) => {
    const home = await newHome();
    const ledger = await openHome(home);
    await fill(ledger, 0, size);
    expect(ledger.sizes()).toEqual({ sequenced: size, durable: size, integrated: size, published: size });
    await expectVerified(home, size);
    const note = ledger.checkpoint();
    await ledger.close();

    const reopened = await openHome(home);
    expect(reopened.checkpoint()).toBe(note);
    await fill(reopened, size, size + 3);
    await expectVerified(home, size + 3, [note]);
  },
);

test('a log that grows through many sizes proves every entry and every growth', async () => {
  const home = await newHome();
  const ledger = await openHome(home);
  const sizes = [1, 2, 7, 255, 256, 257, 400, 512, 700];
  const notes: string[] = [];
  let at = 0;
  for (const size of sizes) {
    await fill(ledger, at, size);
    notes.push(ledger.checkpoint());
    at = size;
  }
  await expectVerified(home, 700, notes);

  const reader = new LedgerReader(fileTiles(join(home.directory, 'ledger')));
  const roots = new Map<number, Uint8Array>();
  for (const size of sizes) roots.set(size, await reader.root(size));
  for (const [i, size] of sizes.entries()) {
    const signed = parseSignedCheckpoint(notes[i] ?? '');
    expect(signed.ok && signed.value.checkpoint.root).toEqual(roots.get(size));
  }
  for await (const { index, bytes } of reader.entries(0, 700)) {
    const text = await reader.tlogProof(index);
    const proof = parseTlogProof(text);
    if (!proof.ok) throw new Error(proof.detail);
    const signed = parseSignedCheckpoint(proof.value.checkpoint);
    if (!signed.ok) throw new Error(signed.detail);
    const { size, root } = signed.value.checkpoint;
    expect(size, `entry ${index}`).toBe(sizes.find((candidate) => candidate > index));
    const { hashes } = proof.value;
    expect(verifyInclusion({ index, size, leafHash: hashLeaf(bytes), hashes }, root), `entry ${index}`).toBe(
      true,
    );
  }
  for (const [first, firstRoot] of roots) {
    for (const [second, secondRoot] of roots) {
      if (second < first) continue;
      const hashes = await reader.consistencyProof(first, second);
      const proof = {
        first: { size: first, root: firstRoot },
        second: { size: second, root: secondRoot },
        hashes,
      };
      expect(verifyConsistency(proof), `${first} to ${second}`).toBe(true);
    }
  }
});

test('a log of 65,537 entries has three levels', async () => {
  const home = await newHome();
  const ledger = await openHome(home, { publishIntervalMs: 500 });
  await fill(ledger, 0, 65_535);
  await ledger.close();
  const reopened = await openHome(home);
  await fill(reopened, 65_535, 65_537);
  await expectVerified(home, 65_537);
  expect(await readdir(join(home.directory, 'ledger/tile'))).toEqual(['0', '1', '2', 'entries']);
  const reader = new LedgerReader(fileTiles(join(home.directory, 'ledger')));
  const { root } = await reader.checkpoint();
  for (const index of [0, 255, 256, 65_534, 65_535, 65_536]) {
    const entry = await reader.entry(index);
    const leafHash = hashLeaf(entry ?? new Uint8Array(0));
    const hashes = await reader.inclusionProof(index, 65_537);
    expect(verifyInclusion({ index, size: 65_537, leafHash, hashes }, root), `entry ${index}`).toBe(true);
  }
});

test('appends that wait together share a group, and none is split', async () => {
  const home = await newHome();
  const ledger = await openHome(home);
  const sent = Array.from({ length: 50 }, (_, i) => makeBatch({ count: 1 + (i % 7), label: `b${i}` }));
  const places = await Promise.all(sent.map((batch) => ledger.append(batch)));
  await ledger.close();

  const entries: string[] = [];
  const reader = new LedgerReader(fileTiles(join(home.directory, 'ledger')));
  for await (const { bytes } of reader.entries(0, ledger.sizes().published)) entries.push(recordIdOf(bytes));
  expect(entries).toHaveLength(sent.reduce((sum, { count }) => sum + count, 0));
  places.forEach(({ first, count }, i) => {
    expect(entries.slice(first, first + count)).toEqual(
      Array.from({ length: count }, (_, k) => `b${i}-${k}`),
    );
  });
  const [segment] = ledger.journal.segments();
  const groups: number[] = [];
  for await (const { entries: group } of ledger.journal.read(segment?.name ?? '')) groups.push(group.length);
  expect(groups).toEqual([entries.length]);
});

test('a barrier waits for what was appended before it', async () => {
  const ledger = await openHome(await newHome());
  await ledger.barrier();
  const appended = ledger.append(makeBatch({ count: 3 }));
  await ledger.barrier();
  expect(ledger.sizes().durable).toBe(3);
  await appended;
});

test('refuses what it cannot take, and goes on', async () => {
  const home = await newHome();
  const ledger = await openHome(home);
  const tooLarge = makeBatch({ count: 1, entryBytes: 65_535 });
  await expect(ledger.append(tooLarge)).rejects.toMatchObject({ code: 'entry_too_large' });
  const huge = { ...makeBatch({ count: 1 }), bytes: new Uint8Array(64 * 1024 * 1024 + 1) };
  await expect(ledger.append(huge)).rejects.toMatchObject({ code: 'batch_too_large' });
  await expect(ledger.append(makeBatch({ count: 0 }))).rejects.toMatchObject({ code: 'batch_malformed' });
  await expect(ledger.append(makeBatch({ count: 1 }))).resolves.toEqual({ first: 0, count: 1 });
  await ledger.close();
  await expect(ledger.append(makeBatch({ count: 1 }))).rejects.toMatchObject({ code: 'ledger_closed' });
  await expect(ledger.published(2)).rejects.toMatchObject({ code: 'ledger_closed' });
  await expectVerified(home, 1);
});

test('pushes back when more is waiting than may wait', async () => {
  const ledger = await openHome(await newHome());
  const batch = makeBatch({ count: 400, entryBytes: 60_000 });
  const results = await Promise.allSettled(Array.from({ length: 5 }, () => ledger.append(batch)));
  const refused = results.filter(({ status }) => status === 'rejected');
  expect(refused.length).toBeGreaterThan(0);
  for (const result of refused) expect(result).toMatchObject({ reason: { code: 'ledger_busy' } });
  await ledger.published(ledger.sizes().durable);
  await expect(ledger.append(makeBatch({ count: 1 }))).resolves.toMatchObject({ count: 1 });
});

test('a large batch need not wait until nothing else waits', async () => {
  const ledger = await openHome(await newHome());
  const large = makeBatch({ count: 600, entryBytes: 60_000 });
  const small = ledger.append(makeBatch({ count: 200, entryBytes: 60_000 }));
  const results = await Promise.allSettled([ledger.append(large), ledger.append(large)]);
  expect(results).toMatchObject([{ value: { first: 200, count: 600 } }, { reason: { code: 'ledger_busy' } }]);
  await small;
});

test('publishes within the interval', async () => {
  const ledger = await openHome(await newHome(), { publishIntervalMs: 1000 });
  const started = performance.now();
  while (performance.now() - started < 1500) {
    await ledger.append(makeBatch({ count: 1, label: `${performance.now()}` }));
    const { durable } = ledger.sizes();
    const durableAt = performance.now();
    await ledger.published(durable);
    expect(performance.now() - durableAt).toBeLessThan(1500);
  }
});

test('does not open a log whose checkpoint, tiles or key are not its own', async () => {
  const home = await newHome();
  const ledger = await openHome(home);
  await fill(ledger, 0, 300);
  await ledger.close();
  const other = await newHome();
  await expect(openHome({ ...home, signer: other.signer })).rejects.toMatchObject({
    code: 'checkpoint_invalid',
  });
  const tile = join(home.directory, 'ledger/tile/0/001.p/44');
  expect(await readFile(tile)).toHaveLength(44 * 32);
  await rm(tile);
  await expect(openHome(home)).rejects.toMatchObject({ code: 'tile_missing' });
});
