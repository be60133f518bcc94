import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  concatBytes,
  decodeBase64,
  decodeUtf8,
  encodeBase64,
  encodeHex,
  equalBytes,
  parseDecimal,
} from '../../../packages/ledger/src/verify/encoding.ts';

describe('encodings', () => {
  test('base64 is the platform’s, and its own inverse', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
        expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes);
        expect(encodeHex(bytes)).toBe(Buffer.from(bytes).toString('hex'));
      }),
    );
  });

  test('base64 has one spelling', () => {
    for (const text of [
      'A',
      'AA',
      'AAA',
      'A===',
      'AB==',
      'AAB=',
      'AA==AA==',
      'AA= =',
      ' AAAA',
      'AAAA\n',
      '-_-_',
      'ÀAAA',
      '====',
    ]) {
      expect(decodeBase64(text)).toBeUndefined();
    }
    expect(decodeBase64('')).toEqual(new Uint8Array());
  });

  test('decimals have one spelling and end at 2^53 - 1', () => {
    for (const text of [
      '',
      '00',
      '01',
      '+1',
      '-0',
      '1.0',
      '1e1',
      ' 1',
      '1 ',
      '0x1',
      '9007199254740992',
      '1_0',
      '１',
    ]) {
      expect(parseDecimal(text)).toBeUndefined();
    }
    fc.assert(fc.property(fc.maxSafeNat(), (n) => parseDecimal(`${n}`) === n));
  });

  test('UTF-8 keeps a byte order mark and refuses what is not valid', () => {
    expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa');
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]])
      expect(decodeUtf8(Uint8Array.from(bytes))).toBeUndefined();
  });

  test('bytes', () => {
    expect(concatBytes([Uint8Array.of(1), new Uint8Array(), Uint8Array.of(2, 3)])).toEqual(
      Uint8Array.of(1, 2, 3),
    );
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false);
  });
});
