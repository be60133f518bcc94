import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { link, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type DataDirectory, dataDirectory } from '../../../../packages/exporter/src/data-directory.ts';
import { fileEpochKeys } from '../../../../packages/exporter/src/privacy/epoch-keys.ts';
import {
  finishedRotations,
  forgetRotation,
  isKekInForce,
  loadIndexKey,
  loadKek,
  loadReferenceKey,
  rotateKek,
  settleKekRotation,
  Vault,
} from '../../../../packages/exporter/src/privacy/index.ts';
import { open } from '../../../../packages/exporter/src/privacy/sealed-box.ts';

/** More than one transaction of them. */
const PEOPLE = 2500;
const SEGMENT = '00000000000000000000';
/** Everything that is durable by itself, in order. */
const STEPS = [
  'files',
  'vault',
  'kek',
  'decided',
  'vault installed',
  'kek.next installed',
  'index.key.next installed',
  'references.key.next installed',
  `${SEGMENT}.key.next installed`,
];
/** By then the new key counts. */
const DECIDED = STEPS.indexOf('decided');

let directory: string;
let paths: DataDirectory;
let old: KeyObject;
let contents: unknown;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-kek-'));
  paths = dataDirectory(directory);
  old = await loadKek(paths.kekFile, undefined, true);
  await loadIndexKey(paths.indexKeyFile, old, true);
  await loadReferenceKey(paths.referenceKeyFile, old, true);
  await fileEpochKeys(paths.epochKeys, old).create(SEGMENT);
  const vault = new Vault({ file: paths.vaultFile, kek: old });
  vault.begin();
  vault.putOpenings(
    Array.from({ length: PEOPLE }, (_, i) => ({
      owner: vault.scopeKey(`person ${i}`),
      entries: [[i, Buffer.from(`"${i}"`)] as const],
    })),
  );
  vault.commit(PEOPLE, undefined);
  vault.erasure.destroyKey('person 7');
  vault.close();
  contents = await read(old);
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

/** Everything that the keys of the directory open. */
async function read(kek: KeyObject): Promise<unknown> {
  const vault = new Vault({ file: paths.vaultFile, kek, readOnly: true });
  try {
    const index = await loadIndexKey(paths.indexKeyFile, kek, false);
    const references = await loadReferenceKey(paths.referenceKeyFile, kek, false);
    const epoch = await fileEpochKeys(paths.epochKeys, kek).open(SEGMENT);
    const openings = [...vault.openingBytes(0, PEOPLE).values()].map((bytes) =>
      Buffer.from(bytes).toString(),
    );
    return { index, references: references.export(), epoch: epoch?.export(), openings };
  } finally {
    vault.close();
  }
}

async function rotate(to: KeyObject, stopAt?: string, place: 'file' | 'environment' = 'file'): Promise<void> {
  await rotateKek({
    paths,
    rotation: { id: 'one', at: '2026-11-22T10:00:00.000Z', from: 'file', to: place, size: 0 },
    from: old,
    to,
    onStep: (step) => {
      if (step === stopAt) throw new Error(`the power fails after: ${step}`);
    },
  });
}

/** Every sealed box in a file or row of the directory. */
async function wrappedKeys(): Promise<[purpose: string, box: Uint8Array][]> {
  const database = new DatabaseSync(paths.vaultFile, { readOnly: true });
  const rows = database.prepare('SELECT scope, key FROM subjects').all();
  database.close();
  return [
    ['index', await readFile(paths.indexKeyFile)],
    ['references', await readFile(paths.referenceKeyFile)],
    [`epoch ${SEGMENT}`, await readFile(join(paths.epochKeys, `${SEGMENT}.key`))],
    ...rows.map(({ scope, key }): [string, Uint8Array] => [
      `subject ${String(scope)}`,
      key instanceof Uint8Array ? key : new Uint8Array(),
    ]),
  ];
}

describe('another key-encryption key', () => {
  test('opens everything that the one before did; the one before opens nothing any more', async () => {
    const before = await wrappedKeys();
    const to = createSecretKey(randomBytes(32));
    const seen: number[] = [];
    await rotateKek({
      paths,
      rotation: { id: 'one', at: '2026-11-22T10:00:00.000Z', from: 'file', to: 'file', size: 3 },
      from: old,
      to,
      onProgress: ({ done, total }) => seen.push(done / total),
    });
    expect((await loadKek(paths.kekFile, undefined, false)).equals(to)).toBe(true);
    expect(await read(to)).toEqual(contents);
    for (const [purpose, box] of await wrappedKeys())
      expect(open(old, purpose, box), purpose).toBeUndefined();
    await expect(read(old)).rejects.toMatchObject({ code: 'key_mismatch' });
    // Nor does any file hold what it opened.
    const files = await readdir(directory, { recursive: true, withFileTypes: true });
    for (const file of files.filter((one) => one.isFile())) {
      const bytes = await readFile(join(file.parentPath, file.name));
      expect(bytes.includes(old.export()), file.name).toBe(false);
      for (const [purpose, box] of before) {
        if (purpose === 'subject person 7' || Number(purpose.split(' ').at(-1)) % 100 > 1) continue;
        expect(bytes.includes(Buffer.from(box)), `${purpose} in ${file.name}`).toBe(false);
      }
    }
    expect(files.filter(({ name }) => name.includes('.next'))).toEqual([]);
    expect(seen.at(-1)).toBe(1);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    const expected = {
      id: 'one',
      at: '2026-11-22T10:00:00.000Z',
      from: 'file',
      to: 'file',
      keys: PEOPLE + 3,
      size: 3,
    };
    expect(await finishedRotations(paths)).toEqual([expected]);
    await forgetRotation(paths, 'one');
    expect(await finishedRotations(paths)).toEqual([]);
  });

  test.each(STEPS.map((step, i) => [step, i] as const))(
    'interrupted after %s: one of the two opens everything, without the other',
    async (step, number) => {
      const to = createSecretKey(randomBytes(32));
      await expect(rotate(to, step)).rejects.toThrow('the power fails');
      // Whoever comes next knows neither key.
      const settled = await settleKekRotation(paths);
      expect(settled?.state ?? 'undone').toBe(number < DECIDED ? 'undone' : 'finished');
      const counts = number < DECIDED ? old : to;
      const other = number < DECIDED ? to : old;
      expect((await loadKek(paths.kekFile, undefined, false)).equals(counts)).toBe(true);
      expect(await read(counts)).toEqual(contents);
      await expect(read(other)).rejects.toMatchObject({ code: 'key_mismatch' });
      expect([await isKekInForce(paths, counts), await isKekInForce(paths, other)]).toEqual([true, false]);
      expect(await settleKekRotation(paths)).toBeUndefined();
      expect(await finishedRotations(paths)).toHaveLength(number < DECIDED ? 0 : 1);
      if (number >= DECIDED) return;
      await rotate(to);
      expect(await read(to)).toEqual(contents);
    },
  );

  test('that is kept elsewhere leaves none in the directory', async () => {
    const to = createSecretKey(randomBytes(32));
    await expect(rotate(to, 'index.key.next installed', 'environment')).rejects.toThrow('the power fails');
    await settleKekRotation(paths);
    expect(await readdir(paths.keys)).not.toContain('kek');
    expect(await read(to)).toEqual(contents);
  });

  test('leaves nothing of the old ones in the files that were theirs', async () => {
    const files = [paths.kekFile, paths.indexKeyFile, paths.referenceKeyFile];
    // Under another name what becomes of a file that is replaced can still be seen.
    for (const file of files) await link(file, `${file}.seen`);
    await rotate(createSecretKey(randomBytes(32)));
    for (const file of files) {
      const bytes = await readFile(`${file}.seen`);
      expect(bytes, file).toEqual(Buffer.alloc(bytes.length));
    }
  });

  test('takes nothing for granted: what the old one does not open stops it, and nothing is changed', async () => {
    const database = new DatabaseSync(paths.vaultFile);
    database.exec("UPDATE subjects SET key = randomblob(61) WHERE scope = 'person 2499'");
    database.close();
    await expect(rotate(createSecretKey(randomBytes(32)))).rejects.toMatchObject({ code: 'key_mismatch' });
    await settleKekRotation(paths);
    expect(await loadIndexKey(paths.indexKeyFile, old, false)).toHaveLength(32);
    expect((await readdir(paths.keys)).filter((name) => name.includes('next'))).toEqual([]);
  });

  test('is not made up by a file that says nothing of it', async () => {
    await writeFile(paths.kekRotationFile, 'half of');
    await expect(settleKekRotation(paths)).rejects.toMatchObject({ code: 'key_mismatch' });
  });
});
