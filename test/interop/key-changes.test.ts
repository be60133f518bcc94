import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileTiles, generateSigner, LedgerReader, type KeyChange, type Ledger } from '@spanledger/ledger';
import { verifyLedger } from '@spanledger/ledger/verify';
import { expect, it } from 'vitest';
import { runFsck } from '../support/go/run-program.ts';
import { makeBatch } from '../support/ledger/batches.ts';
import { statementBatch } from '../support/ledger/key-changes.ts';
import { newHome, openHome } from '../support/ledger/logs.ts';
import { ask } from './support/ask.ts';
import { readWith, runReader } from './support/readers.ts';

async function append(ledger: Ledger, count: number): Promise<void> {
  const { first } = await ledger.append(makeBatch({ count, label: `${ledger.sizes().sequenced}` }));
  await ledger.published(first + count);
}

async function logChange(ledger: Ledger, { note }: KeyChange): Promise<void> {
  const { first } = await ledger.append(statementBatch(note));
  await ledger.published(first + 1);
}

it('a log that changes its key is read by others with the key that signs, and both do in between', async () => {
  const home = await newHome();
  const old = home.signer;
  const young = generateSigner(old.origin);
  const directory = join(home.directory, 'ledger');
  const url = `file://${directory}`;
  const vkeyPath = join(home.directory, 'some.vkey');
  const readable = async (vkey: string): Promise<boolean> => {
    await writeFile(vkeyPath, `${vkey}\n`);
    const { ok } = await runFsck(url, vkeyPath);
    for (const reader of ['read-log', 'tessera-client'] as const)
      expect((await runReader(reader, url, vkey)).status === 0, reader).toBe(ok);
    return ok;
  };

  const ledger = await openHome(home);
  await append(ledger, 300);
  await logChange(ledger, await ledger.keys.introduce(young));
  await append(ledger, 300);
  expect([await readable(old.vkey), await readable(young.vkey)]).toEqual([true, true]);

  await logChange(ledger, await ledger.keys.end({ vkey: old.vkey, state: 'retired' }));
  await append(ledger, 300);
  expect([await readable(old.vkey), await readable(young.vkey)]).toEqual([false, true]);
  expect(await readWith('read-log', url, young.vkey)).toMatchObject({ size: 902, entries: 902 });

  // A proof leads to the checkpoint that first covered the entry, which the key of that time signed.
  const reader = new LedgerReader(fileTiles(directory));
  const claims = [
    [0, old.vkey],
    [299, old.vkey],
    [400, old.vkey],
    [400, young.vkey],
    [901, young.vkey],
  ] as const;
  const questions = claims.map(async ([index, vkey]) => {
    const entry = Buffer.from((await reader.entry(index)) ?? []).toString('base64');
    return JSON.stringify({ vkey, proof: await reader.tlogProof(index), entry });
  });
  expect(await ask('check-proofs', await Promise.all(questions))).toEqual(claims.map(() => ''));

  // Ours follows the statements from either.
  for (const { vkey } of [old, young])
    expect(await verifyLedger({ source: fileTiles(directory), vkey })).toMatchObject({ ok: true, size: 902 });
});
