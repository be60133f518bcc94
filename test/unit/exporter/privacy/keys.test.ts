import { createSecretKey, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { destroyOrphanedKeys, fileEpochKeys } from '../../../../packages/exporter/src/privacy/epoch-keys.ts';
import { loadKek, takeKey } from '../../../../packages/exporter/src/privacy/kek.ts';
import { open, seal } from '../../../../packages/exporter/src/privacy/sealed-box.ts';
import { loadIndexKey } from '../../../../packages/exporter/src/privacy/wrapped-key.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-keys-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

describe('the key-encryption key', () => {
  test('is drawn once, and readable by its owner only', async () => {
    const file = join(directory, 'keys', 'kek');
    const drawn = await loadKek(file, undefined, true);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(directory, 'keys'))).mode & 0o777).toBe(0o700);
    expect((await loadKek(file, undefined, true)).equals(drawn)).toBe(true);
  });

  test('from the environment leaves no file', async () => {
    const file = join(directory, 'kek');
    const bytes = randomBytes(32);
    const kek = await loadKek(file, bytes.toString('base64'), true);
    expect(kek.export()).toEqual(bytes);
    expect(await readdir(directory)).toEqual([]);
  });

  test('is not made up where it must be there, and not believed at another length', async () => {
    const file = join(directory, 'kek');
    await expect(loadKek(file, undefined, false)).rejects.toMatchObject({ code: 'key_missing' });
    await writeFile(file, 'short');
    await expect(loadKek(file, undefined, true)).rejects.toMatchObject({ code: 'key_mismatch' });
  });
});

describe('a wrapped key', () => {
  const kek = createSecretKey(randomBytes(32));

  test('comes back under its key, and is told from damage and from another key', async () => {
    const file = join(directory, 'index.key');
    const key = await loadIndexKey(file, kek, true);
    expect(await loadIndexKey(file, kek, false)).toEqual(key);
    expect((await readFile(file)).includes(key)).toBe(false);
    await expect(loadIndexKey(file, createSecretKey(randomBytes(32)), true)).rejects.toMatchObject({
      code: 'key_mismatch',
    });
    await expect(loadIndexKey(join(directory, 'none'), kek, false)).rejects.toMatchObject({
      code: 'key_missing',
    });
  });

  test('of an epoch is durable before it is used, and gone once destroyed', async () => {
    const keys = fileEpochKeys(join(directory, 'epochs'), kek);
    const key = await keys.create('00000000000000000000');
    expect((await keys.open('00000000000000000000'))?.equals(key)).toBe(true);
    expect(await keys.open('00000000000000000007')).toBeUndefined();
    await keys.create('00000000000000000007');
    await destroyOrphanedKeys(join(directory, 'epochs'), keys, {
      segments: () => [{ name: '00000000000000000000', first: 0, end: 7, closed: true }],
    });
    expect(await readdir(join(directory, 'epochs'))).toEqual(['00000000000000000000.key']);
    await keys.destroy('00000000000000000000');
    await keys.destroy('00000000000000000000');
    expect(await keys.open('00000000000000000000')).toBeUndefined();
  });

  test("of one segment does not open as another segment's", async () => {
    const keys = fileEpochKeys(directory, kek);
    await keys.create('a');
    await writeFile(join(directory, 'b.key'), await readFile(join(directory, 'a.key')));
    await expect(keys.open('b')).rejects.toMatchObject({ code: 'key_mismatch' });
  });
});

test('bytes that became a key are overwritten', () => {
  const bytes = randomBytes(32);
  const same = Buffer.from(bytes);
  expect(takeKey(bytes).export()).toEqual(same);
  expect(bytes).toEqual(Buffer.alloc(32));
});

describe('a sealed box', () => {
  const key = createSecretKey(randomBytes(32));

  test('opens under its key and context only', () => {
    const box = seal(key, 'here', Buffer.from('alice'));
    expect(open(key, 'here', box)?.toString()).toBe('alice');
    expect(open(key, 'there', box)).toBeUndefined();
    expect(open(createSecretKey(randomBytes(32)), 'here', box)).toBeUndefined();
    expect(open(key, 'empty', seal(key, 'empty', new Uint8Array()))?.length).toBe(0);
  });

  test('does not open with any byte of it changed, or cut', () => {
    const box = seal(key, 'here', Buffer.from('alice'));
    for (let i = 0; i < box.length; i++) {
      const changed = Buffer.from(box);
      changed[i] = (changed[i] ?? 0) ^ 1;
      expect(open(key, 'here', changed)).toBeUndefined();
      expect(open(key, 'here', box.subarray(0, i))).toBeUndefined();
    }
  });
});
