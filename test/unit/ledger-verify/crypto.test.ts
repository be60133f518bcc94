import { generateKeyPairSync, sign } from 'node:crypto';
import { sha256, verifyEd25519 } from '@spanledger/ledger/verify';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as node from '../../../packages/ledger/src/verify/crypto/node.ts';
import * as portable from '../../../packages/ledger/src/verify/crypto/portable.ts';

const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const fromHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));

// RFC 8032, section 7.1, tests 1 to 3.
const RFC_8032: [publicKey: string, message: string, signature: string][] = [
  [
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
];

describe.each([
  ['node', node],
  ['portable', portable],
])('%s', (_, crypto) => {
  test('leaf hashes of messages in one buffer, which is left as it was', () => {
    const messages = [0, 1, 55, 56, 63, 64, 65, 700, 65_535].map((length) => Buffer.alloc(length, length));
    const bytes = Buffer.concat(messages.flatMap((message) => [Buffer.of(0x5a, 0xa5), message]));
    const before = Buffer.from(bytes);
    const ends = Int32Array.from(
      messages,
      (
        (end) =>
        ({ length }: Buffer) =>
          (end += 2 + length)
      )(0),
    );
    const starts = ends.map((end, i) => end - (messages[i]?.length ?? 0));
    const row = new Uint8Array(messages.length * 32);
    crypto.hashLeaves(bytes, starts, ends, messages.length, row);
    const expected = messages.map((message) => sha256(Buffer.concat([Buffer.of(0), message])));
    expect(toHex(row)).toBe(toHex(Buffer.concat(expected)));
    expect(bytes).toEqual(before);
  });

  test('node hashes of pairs, in place or not, and nothing after them', () => {
    for (const count of [1, 2, 3, 4, 5, 127, 128]) {
      const children = Buffer.from(Array.from({ length: 64 * count }, (_item, i) => (i * 31 + count) & 255));
      const expected = Array.from({ length: count }, (_item, i) =>
        sha256(Buffer.concat([Buffer.of(1), children.subarray(64 * i, 64 * (i + 1))])),
      );
      const parents = Buffer.alloc(32 * count + 32, 0x77);
      crypto.hashPairs(children, count, parents);
      expect(toHex(parents)).toBe(toHex(Buffer.concat([...expected, Buffer.alloc(32, 0x77)])));
      crypto.hashPairs(children, count, children);
      expect(toHex(children.subarray(0, 32 * count))).toBe(toHex(Buffer.concat(expected)));
    }
  });

  test('SHA-256 of the FIPS 180-4 examples', () => {
    expect(toHex(crypto.sha256(new Uint8Array()))).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
    expect(toHex(crypto.sha256(Buffer.from('abc')))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
    const long = Buffer.from('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq');
    expect(toHex(crypto.sha256(long))).toBe(
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    );
  });

  test.each(RFC_8032)('Ed25519 of RFC 8032: %s', (publicKey, message, signature) => {
    const verify = (s: string, m: string, k: string): boolean =>
      crypto.verifyEd25519(fromHex(s), fromHex(m), fromHex(k));
    expect(verify(signature, message, publicKey)).toBe(true);
    expect(verify(signature, `${message}00`, publicKey)).toBe(false);
    expect(
      verify(
        signature,
        message,
        RFC_8032[0]?.[0] === publicKey ? (RFC_8032[1]?.[0] ?? '') : (RFC_8032[0]?.[0] ?? ''),
      ),
    ).toBe(false);
  });

  test('nonsense is no signature', () => {
    const [[publicKey, message, signature] = ['', '', '']] = RFC_8032;
    for (const size of [0, 1, 31, 33, 63, 65, 1_000]) {
      const bytes = new Uint8Array(size).fill(0xff);
      expect(crypto.verifyEd25519(bytes, fromHex(message), fromHex(publicKey))).toBe(false);
      expect(crypto.verifyEd25519(fromHex(signature), fromHex(message), bytes)).toBe(false);
    }
    for (const fill of [0x00, 0xff]) {
      expect(crypto.verifyEd25519(new Uint8Array(64).fill(fill), fromHex(message), fromHex(publicKey))).toBe(
        false,
      );
    }
    // S + L, the other spelling of a signature, which RFC 8032 forbids.
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const s = fromHex(signature).slice(32).reverse();
    const malleable = (BigInt(`0x${toHex(s)}`) + order).toString(16).padStart(64, '0');
    const other = new Uint8Array([...fromHex(signature).slice(0, 32), ...fromHex(malleable).reverse()]);
    expect(crypto.verifyEd25519(other, fromHex(message), fromHex(publicKey))).toBe(false);
  });
});

describe('both', () => {
  test('hash the same, whatever the length and wherever in a buffer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat({ max: 20 }), (bytes, offset) => {
        const part = bytes.subarray(Math.min(offset, bytes.length));
        expect(toHex(node.sha256(part))).toBe(toHex(portable.sha256(part)));
      }),
    );
  });

  test('judge signatures the same, good and mutated', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const key = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat({ max: 767 }), (message, bit) => {
        const signature = new Uint8Array(sign(null, message, privateKey));
        for (const { verifyEd25519: verify } of [node, portable])
          expect(verify(signature, message, key)).toBe(true);
        const mutated = new Uint8Array([...signature, ...key]);
        mutated[bit >> 3] = (mutated[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const [s, k] = [mutated.subarray(0, 64), mutated.subarray(64)];
        for (const { verifyEd25519: verify } of [node, portable]) expect(verify(s, message, k)).toBe(false);
      }),
      { numRuns: 30 },
    );
  });

  test('the package picks one of them', () => {
    expect(toHex(sha256(Buffer.from('abc')))).toBe(toHex(portable.sha256(Buffer.from('abc'))));
    expect(verifyEd25519(new Uint8Array(64), new Uint8Array(), new Uint8Array(32))).toBe(false);
  });
});
