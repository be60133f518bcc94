import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  fileTiles,
  generateSigner,
  LedgerReader,
  memoryStorage,
  openLedger,
  type KeyChange,
  type Ledger,
  type NoteSigner,
  type WritableStorage,
} from '@spanledger/ledger';
import {
  parseTlogProof,
  verifyLedger,
  type VerificationReport,
  type VerifyLedgerOptions,
} from '@spanledger/ledger/verify';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { makeBatch } from '../../support/ledger/batches.ts';
import { keyStatement, signedBy, statementBatch } from '../../support/ledger/key-changes.ts';
import { newHome, openHome, type LogHome } from '../../support/ledger/logs.ts';

const ORIGIN = 'example.com/log';

let home: LogHome;
let first: NoteSigner;
let second: NoteSigner;

beforeEach(async () => {
  home = await newHome();
  first = home.signer;
  second = generateSigner(ORIGIN);
});

async function append(ledger: Ledger, count: number): Promise<number> {
  const { first: index } = await ledger.append(makeBatch({ count, label: `${ledger.sizes().sequenced}` }));
  await ledger.published(index + count);
  return index + count;
}

/** Has a change of keys become an entry, as whoever asks for it must. */
async function log(ledger: Ledger, change: KeyChange): Promise<number> {
  const { first: index } = await ledger.append(statementBatch(change.note));
  await ledger.published(index + 1);
  return index + 1;
}

async function check(
  trusted: NoteSigner,
  options: Partial<VerifyLedgerOptions> = {},
): Promise<VerificationReport> {
  const source = fileTiles(join(home.directory, 'ledger'));
  return await verifyLedger({ source, vkey: trusted.vkey, ...options });
}

/** Codes and places; those of warnings in brackets. */
function findings({ failures, warnings }: VerificationReport): string[] {
  const found = failures.map(({ code, place }) =>
    `${code} ${place.index ?? place.field ?? place.path ?? ''}`.trim(),
  );
  return [...found, ...warnings.map(({ code }) => `(${code})`)];
}

function file(name: string): string {
  return join(home.directory, 'ledger', name);
}

/** A log that went through an overlap and the end of it: A from 0, B from 3, A ends at 7. */
async function rotated(
  state: 'retired' | 'revoked',
  from?: number,
): Promise<{ ledger: Ledger; early: string }> {
  const ledger = await openHome(home);
  await append(ledger, 3);
  const early = ledger.checkpoint();
  await log(ledger, await ledger.keys.introduce(second));
  await append(ledger, 2);
  const ending = { vkey: first.vkey, state, ...(from === undefined ? {} : { from }) };
  await log(ledger, await ledger.keys.end(ending));
  await append(ledger, 2);
  return { ledger, early };
}

describe('a change of keys', () => {
  test('in its overlap: both sign, and who trusts either verifies', async () => {
    const ledger = await openHome(home);
    await append(ledger, 3);
    const change = await ledger.keys.introduce(second);
    expect(change).toMatchObject({
      number: 1,
      vkey: second.vkey,
      replaces: first.vkey,
      state: 'active',
      from: 3,
    });
    expect(await check(first).then(findings)).toEqual(['(key_statement_unlogged)']);
    await log(ledger, change);
    expect(ledger.vkey).toBe(second.vkey);
    expect(ledger.checkpoint().match(/^— /gm)).toHaveLength(2);
    for (const trusted of [first, second]) expect(await check(trusted).then(findings)).toEqual([]);
  });

  test('after its overlap: the new key alone signs, and old checkpoints still verify', async () => {
    const { ledger, early } = await rotated('retired');
    expect(ledger.checkpoint().match(/^— /gm)).toHaveLength(1);
    for (const trusted of [first, second]) {
      const report = await check(trusted, { known: [early] });
      expect(findings(report)).toEqual([]);
      expect(report).toMatchObject({ ok: true, knownVerified: 1 });
      expect(report.keys).toEqual([
        { vkey: first.vkey, state: 'retired', from: 0, until: 7 },
        { vkey: second.vkey, state: 'active', from: 3 },
      ]);
    }
  });

  test('twice, and opened again with the keys that are left', async () => {
    const { ledger } = await rotated('retired');
    const third = generateSigner(ORIGIN);
    await log(ledger, await ledger.keys.introduce(third));
    await log(ledger, await ledger.keys.end({ vkey: second.vkey, state: 'retired' }));
    await ledger.close();
    const again = await openHome({ ...home, signer: third });
    await append(again, 2);
    expect(again.keys.keys.map(({ state, isHeld }) => `${state} ${isHeld}`)).toEqual([
      'retired false',
      'retired false',
      'active true',
    ]);
    for (const trusted of [first, second, third]) expect(await check(trusted).then(findings)).toEqual([]);
  });

  test('asked for again changes nothing', async () => {
    const ledger = await openHome(home);
    await append(ledger, 3);
    const change = await ledger.keys.introduce(second);
    await append(ledger, 1);
    expect(await ledger.keys.introduce(second)).toEqual(change);
    const ending = await ledger.keys.end({ vkey: first.vkey, state: 'retired' });
    await append(ledger, 1);
    expect(await ledger.keys.end({ vkey: first.vkey, state: 'retired' })).toEqual(ending);
    expect(ledger.keys.changes).toEqual([change, ending]);
  });

  test('whose statement was written although its write failed is not stated anew', async () => {
    const inner = await memoryStorage().lock('the test');
    onTestFinished(() => inner.release());
    let isBroken = true;
    const storage: WritableStorage = {
      read: (name, range) => inner.read(name, range),
      list: (folder) => inner.list(folder),
      append: (name, position, buffers) => inner.append(name, position, buffers),
      remove: (names) => inner.remove(names),
      release: () => inner.release(),
      async put(files) {
        await inner.put(files);
        if (isBroken && files.some(({ name }) => name === 'ledger/keys')) throw new Error('EIO');
      },
    };
    const { signer, epochKeys } = home;
    const ledger = await openLedger({ storage, signer, epochKeys, publishIntervalMs: 20 });
    onTestFinished(() => ledger.close());
    await append(ledger, 3);
    await expect(ledger.keys.introduce(second)).rejects.toMatchObject({ code: 'publish_failed' });
    const stated = await inner.read('ledger/keys');
    await append(ledger, 2);
    isBroken = false;
    expect(await ledger.keys.introduce(second)).toMatchObject({
      number: 1,
      from: 3,
      note: stated?.toString(),
    });
    // Although it was not taken up at once, no checkpoint since lacks the new key's signature.
    expect(ledger.checkpoint().match(/^— /gm)).toHaveLength(2);
  });

  test('is refused where it would leave a log that nobody can verify', async () => {
    const refused = { code: 'rotation_refused' };
    const ledger = await openHome(home);
    await append(ledger, 3);
    await expect(ledger.keys.introduce(generateSigner('example.com/other'))).rejects.toMatchObject(refused);
    await expect(ledger.keys.introduce(first)).rejects.toMatchObject(refused);
    await expect(ledger.keys.end({ vkey: first.vkey, state: 'retired' })).rejects.toMatchObject(refused);
    await ledger.keys.introduce(second);
    await expect(ledger.keys.introduce(generateSigner(ORIGIN))).rejects.toMatchObject(refused);
    // No published checkpoint has the new key's signature.
    await expect(ledger.keys.end({ vkey: first.vkey, state: 'revoked' })).rejects.toMatchObject(refused);
    await append(ledger, 1);
    for (const from of [3, 6])
      await expect(ledger.keys.end({ vkey: first.vkey, state: 'retired', from })).rejects.toMatchObject(
        refused,
      );
    expect(await check(second).then(findings)).toEqual(['(key_statement_unlogged)']);
  });

  test('opening without the newest key, or with changed statements, says so', async () => {
    const { ledger } = await rotated('retired');
    await ledger.close();
    await expect(openHome(home)).rejects.toMatchObject({ code: 'key_missing' });
    const text = await readFile(file('keys'), 'utf8');
    await writeFile(file('keys'), text.replace('from 3', 'from 2'));
    await expect(openHome({ ...home, signer: second })).rejects.toMatchObject({ code: 'keys_invalid' });
  });
});

describe('a revoked key', () => {
  test('is excluded from the size on at which its successor began, and who trusts it is told', async () => {
    const { early } = await rotated('revoked');
    expect(await check(second, { known: [early] }).then(findings)).toEqual([]);
    expect(await check(first).then(findings)).toEqual(['(vkey_revoked)']);
  });

  test('can be excluded from an earlier size on: records in between are proven by later checkpoints', async () => {
    const ledger = await openHome(home);
    const sizes = [await append(ledger, 3), await append(ledger, 2), await append(ledger, 2)];
    expect(sizes).toEqual([3, 5, 7]);
    const inBetween = ledger.checkpoint();
    await log(ledger, await ledger.keys.introduce(second));
    await log(ledger, await ledger.keys.end({ vkey: first.vkey, state: 'revoked', from: 4 }));
    await ledger.close();
    expect(await check(second, { known: [inBetween] }).then(findings)).toEqual([]);
    const reader = new LedgerReader(fileTiles(join(home.directory, 'ledger')));
    const covering: number[] = [];
    for (const index of [0, 2, 3, 5, 6, 7]) {
      const proof = parseTlogProof(await reader.tlogProof(index));
      covering.push(proof.ok ? Number(proof.value.checkpoint.split('\n')[1]) : -1);
    }
    expect(covering).toEqual([3, 3, 8, 8, 8, 8]);
    await append(await openHome(home, { signers: [second] }), 1);
    expect(await check(second).then(findings)).toEqual([]);
  });
});

describe('an attack on a log that changed its key', () => {
  test('a checkpoint is signed by the retired key alone', async () => {
    const { ledger } = await rotated('retired');
    const text = ledger.checkpoint().split('\n\n')[0] ?? '';
    await ledger.close();
    await writeFile(file('checkpoint'), signedBy([first], `${text}\n`));
    for (const trusted of [first, second])
      expect(await check(trusted).then(findings)).toEqual(['checkpoint_key_outdated checkpoint']);
  });

  test('a checkpoint is signed by the new key before it was valid', async () => {
    const { ledger, early } = await rotated('retired');
    await ledger.close();
    const text = (early.split('\n\n')[0] ?? '').replace('\n3\n', '\n2\n');
    await writeFile(file('checkpoint'), signedBy([second], `${text}\n`));
    expect(findings(await check(second))).toContain('checkpoint_key_outdated checkpoint');
  });

  test('the thief of the revoked key signs another tree', async () => {
    const { ledger } = await rotated('revoked');
    await ledger.close();
    const forged = signedBy([first], `${ORIGIN}\n8\n${Buffer.alloc(32, 7).toString('base64')}\n`);
    expect(await check(second, { known: [forged] }).then(findings)).toEqual(['known_checkpoint_invalid 8']);
    await writeFile(file('checkpoint'), forged);
    expect(findings(await check(second))).toEqual(['checkpoint_key_outdated checkpoint']);
  });

  test('the list of statements is removed', async () => {
    const { ledger } = await rotated('retired');
    await ledger.close();
    await rm(file('keys'));
    expect(await check(second).then(findings)).toEqual([
      'key_statement_missing 3',
      'key_statement_missing 6',
    ]);
    expect(findings(await check(first))).toContain('checkpoint_key_unknown checkpoint');
  });

  test('the statement that ends a key is cut off the list, so that the key counts again', async () => {
    const { ledger } = await rotated('revoked');
    await ledger.close();
    const text = await readFile(file('keys'), 'utf8');
    await writeFile(file('keys'), text.slice(0, text.lastIndexOf('spanledger key statement')));
    for (const trusted of [first, second])
      expect(await check(trusted).then(findings)).toEqual(['key_statement_missing 6']);
  });

  test('an entry is a statement, and far longer than one can be', async () => {
    const { ledger } = await rotated('retired');
    const listed = (await readFile(file('keys'), 'utf8')).split('\n\n')[0] ?? '';
    const signature = Buffer.alloc(4_000, 7).toString('base64');
    const { first: index } = await ledger.append(
      statementBatch(`${listed}\n\n\u2014 ${ORIGIN} ${signature}\n`),
    );
    await ledger.close();
    expect(await check(second).then(findings)).toEqual([`key_statement_missing ${index}`]);
  });

  test('the thief of the old key states a key of their own', async () => {
    const { ledger } = await rotated('retired');
    await ledger.close();
    const thief = generateSigner(ORIGIN);
    await writeFile(file('keys'), keyStatement({ number: 1, key: thief, from: 3, replaces: first }));
    expect(findings(await check(second))).toContain('vkey_unknown keys');
    expect(findings(await check(first))).toContain('checkpoint_key_unknown checkpoint');
  });

  test('a statement is changed', async () => {
    const { ledger } = await rotated('retired');
    await ledger.close();
    const text = await readFile(file('keys'), 'utf8');
    await writeFile(file('keys'), text.replace('retired 7', 'retired 9'));
    expect(findings(await check(second))).toEqual([
      'key_statement_forged statement 2',
      'key_statement_missing 6',
    ]);
  });
});
