import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Inflater } from '../../../../packages/exporter/src/receive/inflate.ts';
import { MAX_INFLATED_BYTES } from '../../../../packages/exporter/src/receive/limits.ts';

const inflater = new Inflater();

test.each([0, 1, 100, 16 * 1024 - 1, 16 * 1024, 1024 * 1024 - 1, 1024 * 1024, 3 * 1024 * 1024 + 7])(
  'a body of %d bytes comes back as it was, whatever it was compressed by',
  async (sizeBytes) => {
    const body = Buffer.alloc(sizeBytes, 'spans ');
    for (const [encoding, compressed] of [
      ['gzip', gzipSync(body)],
      ['zstd', zstdCompressSync(body)],
      ['identity', body],
    ] as const) {
      expect(body.equals(await inflater.inflate(compressed, encoding)), encoding).toBe(true);
    }
  },
);

test.each([0, 1, 0xff_ff_ff_ff])('a body that says it becomes %d bytes, and does not', async (said) => {
  const compressed = gzipSync(Buffer.alloc(100_000, 'spans '));
  compressed.writeUInt32LE(said, compressed.length - 4);
  await expect(inflater.inflate(compressed, 'gzip')).rejects.toMatchObject({ code: 'request_malformed' });
});

test.each(['gzip', 'zstd'])(
  '%s that becomes more than the most, however little it takes itself',
  async (encoding) => {
    const bomb = Buffer.alloc(MAX_INFLATED_BYTES + 1);
    const compressed = encoding === 'gzip' ? gzipSync(bomb) : zstdCompressSync(bomb);
    await expect(inflater.inflate(compressed, encoding)).rejects.toMatchObject({ code: 'request_too_large' });
  },
);

test('what is no gzip at all, and what breaks off', async () => {
  for (const compressed of [Buffer.from('abc'), gzipSync('spans'.repeat(1_000)).subarray(0, 20)]) {
    await expect(inflater.inflate(compressed, 'gzip')).rejects.toMatchObject({ code: 'request_malformed' });
  }
});
