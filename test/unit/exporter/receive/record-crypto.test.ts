import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  randomBytes,
  sha256,
  sha256Base64url,
} from '../../../../packages/exporter/src/receive/record-crypto.ts';

test('no random byte is handed out twice', () => {
  const drawn = Array.from({ length: 5000 }, () => randomBytes(16));
  expect(new Set(drawn.map((bytes) => Buffer.from(bytes).toString('hex'))).size).toBe(5000);
  expect(randomBytes(100_000).length).toBe(100_000);
  expect(randomBytes(0).length).toBe(0);
});

test('hashes as SHA-256 does', () => {
  for (const size of [0, 1, 63, 64, 1000]) {
    const bytes = randomBytes(size);
    expect(sha256(bytes)).toEqual(createHash('sha256').update(bytes).digest());
    expect(sha256Base64url(bytes)).toBe(createHash('sha256').update(bytes).digest('base64url'));
  }
});
