import { readdirSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { DirectHandle } from '../../../packages/ledger/src/storage/direct-handle.ts';
import { writeAllBlocking } from '../../../packages/ledger/src/storage/file-system.ts';
import { scratchDirectory } from '../../support/ledger/scratch.ts';

const MEBIBYTE = 1024 * 1024;

/** Lengths around blocks, around what is worth going past the cache, and around what is written at once. */
const arbitraryLength = fc.oneof(
  fc.integer({ min: 0, max: 9_000 }),
  fc.integer({ min: 60_000, max: 70_000 }),
  fc.integer({ min: MEBIBYTE - 5_000, max: MEBIBYTE + 5_000 }),
);

/** Bytes that no other stretch has. */
function bytesOf(length: number, seed: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 31 + seed * 7 + (at >> 8)) % 251));
}

test('whatever is appended, and wherever it begins, is what the file holds', async () => {
  const directory = await scratchDirectory();
  let files = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(arbitraryLength, { maxLength: 4 }), { minLength: 1, maxLength: 5 }),
      async (appends) => {
        const path = join(directory, String(files++));
        await using file = await open(path, 'wx+');
        const handle = new DirectHandle(file.fd);
        let position = 0;
        const expected: Buffer[] = [];
        for (const [seed, lengths] of appends.entries()) {
          const buffers = lengths.map((length, at) => bytesOf(length, seed * 10 + at));
          writeAllBlocking(handle, buffers, position);
          handle.datasync();
          position += lengths.reduce((sum, length) => sum + length, 0);
          expected.push(...buffers);
          // What was read before stands in the cache: it must not be what is read afterwards.
          expect(Buffer.concat(expected).equals(await readFile(path))).toBe(true);
        }
        handle.close();
      },
    ),
    { numRuns: 60 },
  );
});

test('what stood there before is written over, and what is left of it stays', async () => {
  const path = join(await scratchDirectory(), 'file');
  await using file = await open(path, 'wx+');
  await file.write(bytesOf(3 * MEBIBYTE, 1), 0, 3 * MEBIBYTE, 0);
  const handle = new DirectHandle(file.fd);
  writeAllBlocking(handle, [bytesOf(MEBIBYTE, 2)], 1_000);
  handle.close();
  const expected = Buffer.concat([
    bytesOf(3 * MEBIBYTE, 1).subarray(0, 1_000),
    bytesOf(MEBIBYTE, 2),
    bytesOf(3 * MEBIBYTE, 1).subarray(MEBIBYTE + 1_000),
  ]);
  expect(expected.equals(await readFile(path))).toBe(true);
});

test('it is written past the cache, and no descriptor is left open', async () => {
  const path = join(await scratchDirectory(), 'file');
  await using file = await open(path, 'wx+');
  const descriptors = readdirSync('/proc/self/fd').length;
  const handle = new DirectHandle(file.fd);
  expect(handle.writev([bytesOf(100_000, 1)], 0)).toBe(24 * 4096);
  expect(readdirSync('/proc/self/fd')).toHaveLength(descriptors + 1);
  handle.close();
  expect(readdirSync('/proc/self/fd')).toHaveLength(descriptors);
});

test('where no file can be written past the cache, it is written all the same', async () => {
  const nothing = await open('/dev/null', 'r+');
  onTestFinished(() => nothing.close());
  const handle = new DirectHandle(nothing.fd);
  expect(handle.writev([bytesOf(100_000, 1)], 0)).toBe(100_000);
  handle.close();
  const full = await open('/dev/full', 'r+');
  onTestFinished(() => full.close());
  expect(() => writeAllBlocking(new DirectHandle(full.fd), [bytesOf(100_000, 1)], 0)).toThrow('ENOSPC');
});
