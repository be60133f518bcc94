import { createPrivateKey, createPublicKey, hash, type JsonWebKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** What a service signs with. */
export interface SigningKey {
  readonly key: KeyObject;
  /** RFC 7638 thumbprint of the public key. */
  readonly kid: string;
}

/** The public keys of those who are believed, by their names and by `kid`. */
export type IssuerKeys = ReadonlyMap<string, ReadonlyMap<string, KeyObject>>;

/** Larger files are not key files. */
const MAX_FILE_CHARS = 1_048_576;
const MAX_ISSUERS = 1_024;
const MAX_KEYS_PER_ISSUER = 32;

/**
 * Reads a private Ed25519 key: PKCS #8 in PEM, or a JWK.
 *
 * @throws Error - When the file cannot be read, or holds anything else.
 */
export function readSigningKey(path: string): SigningKey {
  const content = readText(path);
  const key = content.trimStart().startsWith('{')
    ? createPrivateKey({ key: parseObject(content), format: 'jwk' })
    : createPrivateKey(content);
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('not an Ed25519 key');
  return { key, kid: thumbprint(createPublicKey(key)) };
}

/**
 * Reads `{"<issuer>": {"keys": [<JWK>, …]}, …}`. Keys that are not Ed25519 are left out: a JWKS may hold others. A key
 * is found by its thumbprint, and by the `kid` it states.
 *
 * @throws Error - When the file cannot be read, or has another shape, or an issuer has no key.
 */
export function readIssuerKeys(path: string): IssuerKeys {
  const issuers = Object.entries(parseObject(readText(path)));
  if (issuers.length > MAX_ISSUERS) throw new Error('too many issuers');
  return new Map(issuers.map(([issuer, jwks]) => [issuer, keysOf(jwks)]));
}

/** RFC 7638: SHA-256 of the members that make the key, in their order. */
export function thumbprint(key: KeyObject): string {
  const { crv, kty, x } = key.export({ format: 'jwk' });
  return hash('sha256', JSON.stringify({ crv, kty, x }), 'base64url');
}

function keysOf(jwks: unknown): Map<string, KeyObject> {
  const list: unknown = isObject(jwks) ? Reflect.get(jwks, 'keys') : undefined;
  if (!Array.isArray(list) || list.length > MAX_KEYS_PER_ISSUER) throw new Error('not a JWKS');
  const keys = new Map<string, KeyObject>();
  for (const jwk of list) {
    if (!isObject(jwk) || jwk['kty'] !== 'OKP' || jwk['crv'] !== 'Ed25519') continue;
    const { kid } = jwk;
    // Only the public half, also where somebody put a private key there.
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: String(jwk['x']) }, format: 'jwk' });
    keys.set(thumbprint(key), key);
    if (typeof kid === 'string' && !keys.has(kid)) keys.set(kid, key);
  }
  if (keys.size === 0) throw new Error('no Ed25519 key');
  return keys;
}

function readText(path: string): string {
  const content = readFileSync(path, 'utf8');
  if (content.length > MAX_FILE_CHARS) throw new Error('too large');
  return content;
}

function parseObject(content: string): JsonWebKey {
  const value: unknown = JSON.parse(content);
  if (!isObject(value)) throw new Error('not an object');
  return value;
}

function isObject(value: unknown): value is JsonWebKey {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
