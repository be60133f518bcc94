import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  readIssuerKeys,
  readSigningKey,
  thumbprint,
} from '../../../../packages/instrumentation/src/propagation/keys.ts';
import { scratchDirectory } from '../../../support/instrumentation/scratch.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });

async function inFile<T>(content: string, read: (path: string) => T): Promise<T> {
  await using directory = await scratchDirectory();
  const path = join(directory.path, 'file');
  await writeFile(path, content);
  return read(path);
}

test('the thumbprint is that of RFC 8037', async () => {
  const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo';
  const keys = await inFile(
    JSON.stringify({ a: { keys: [{ kty: 'OKP', crv: 'Ed25519', x, kid: 'mine' }] } }),
    readIssuerKeys,
  );
  expect([...(keys.get('a')?.keys() ?? [])]).toEqual(['kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k', 'mine']);
});

test('a signing key is PKCS #8 or a JWK', async () => {
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  for (const content of [pem, JSON.stringify(privateKey.export({ format: 'jwk' }))]) {
    expect((await inFile(content, readSigningKey)).kid).toBe(thumbprint(publicKey));
  }
});

test.each([
  ['a public key', publicKey.export({ type: 'spki', format: 'pem' }).toString()],
  ['another kind', rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
  ['nothing', ''],
  ['a public JWK', JSON.stringify(publicKey.export({ format: 'jwk' }))],
])('%s is no signing key', async (_what, content) => {
  await expect(inFile(content, readSigningKey)).rejects.toThrow(/./);
});

test('keys of other kinds are left out, private halves too', async () => {
  const keys = await inFile(
    JSON.stringify({
      a: { keys: [rsa.publicKey.export({ format: 'jwk' }), privateKey.export({ format: 'jwk' })] },
    }),
    readIssuerKeys,
  );
  expect([...(keys.get('a')?.entries() ?? [])].map(([kid, key]) => [kid, key.type])).toEqual([
    [thumbprint(publicKey), 'public'],
  ]);
});

test.each([
  ['[]'],
  ['{"a": 5}'],
  ['{"a": {"keys": {}}}'],
  ['{"a": {"keys": []}}'],
  ['{"a": {"keys": [{"kty": "OKP", "crv": "Ed25519"}]}}'],
  ['nonsense'],
])('%s are no issuers', async (content) => {
  await expect(inFile(content, readIssuerKeys)).rejects.toThrow(/./);
});
