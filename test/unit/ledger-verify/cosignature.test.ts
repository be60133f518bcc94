import { createPublicKey, verify } from 'node:crypto';
import { generateCosigner, generateSigner, loadCosigner } from '@spanledger/ledger';
import {
  cosignedMessage,
  decodeTimedSignature,
  encodeTimedSignature,
  formatSignatures,
  parseNote,
  parseSignatures,
  parseVerificationKey,
  verifyCosignatures,
  type NoteSignature,
  type NoteVerificationKey,
} from '@spanledger/ledger/verify';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { signCheckpoint } from './support/memory-log.ts';

const NOTE = read(signCheckpoint({ size: 7, root: new Uint8Array(32) }));
const WITNESS = generateCosigner('witness.example/w1');
const KEY = keyOf(WITNESS.vkey);
const TIME = 1_679_315_147;

function read(note: string): { text: string; signatures: NoteSignature[] } {
  const parsed = parseNote(note);
  if (!parsed.ok) throw new TypeError(parsed.detail);
  return parsed.value;
}

function keyOf(vkey: string): NoteVerificationKey {
  const key = parseVerificationKey(vkey, 'cosignature');
  if (!key.ok) throw new TypeError(key.detail);
  return key.value;
}

function withLines(...lines: NoteSignature[]): { text: string; signatures: NoteSignature[] } {
  return { text: NOTE.text, signatures: [...NOTE.signatures, ...lines] };
}

describe('a cosignature', () => {
  test('verifies with the key of its witness', () => {
    const line = WITNESS.cosign(NOTE.text, TIME);
    expect(verifyCosignatures(withLines(line), [KEY])).toEqual({
      verified: [{ key: KEY, timeS: TIME, line }],
      invalid: [],
    });
  });

  test('is an Ed25519 signature over header, time and note text, after eight bytes of time', () => {
    const { signature } = WITNESS.cosign(NOTE.text, TIME);
    expect(Buffer.from(signature.subarray(0, 8)).readBigUInt64BE()).toBe(BigInt(TIME));
    const message = Buffer.from(`cosignature/v1\ntime ${TIME}\n${NOTE.text}`);
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(KEY.publicKey).toString('base64url') };
    const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
    expect(verify(null, message, publicKey, signature.subarray(8))).toBe(true);
  });

  test('of the specification is read', () => {
    // The example of tlog-cosignature; the key that made it is not published.
    const line =
      '\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n';
    const lines = parseSignatures(line);
    const [first] = lines.ok ? lines.value : [];
    expect(first).toMatchObject({ name: 'witness.example.com/w1', keyId: 0x8d66cf3f });
    expect(decodeTimedSignature(first?.signature ?? new Uint8Array())).toMatchObject({
      ok: true,
      value: { timeS: TIME },
    });
    expect(formatSignatures(lines.ok ? lines.value : [])).toBe(line);
  });

  test('the same key under a loaded cosigner signs the same', () => {
    const loaded = loadCosigner(WITNESS.pem, WITNESS.name);
    expect(loaded.vkey).toBe(WITNESS.vkey);
    expect(loaded.cosign(NOTE.text, TIME)).toEqual(WITNESS.cosign(NOTE.text, TIME));
  });
});

describe('what is no cosignature of a known witness', () => {
  const good = WITNESS.cosign(NOTE.text, TIME);
  const forged = (signature: Uint8Array): NoteSignature => ({ ...good, signature });
  const later = encodeTimedSignature({ timeS: TIME + 1, signature: good.signature.slice(8) });
  const imposter = generateCosigner(WITNESS.name);
  const plain = generateSigner(WITNESS.name);

  test.each<[string, NoteSignature]>([
    ['a flipped bit', forged(good.signature.map((byte, i) => (i === 40 ? byte ^ 1 : byte)))],
    ['another time', forged(later)],
    ['another text', WITNESS.cosign(NOTE.text.replace('7', '8'), TIME)],
    ['no time', forged(good.signature.slice(8))],
    ['one byte too many', forged(Uint8Array.of(...good.signature, 0))],
    ['a time past 2^53', forged(good.signature.map((byte, i) => (i === 0 ? 1 : byte)))],
    ['another key', { ...imposter.cosign(NOTE.text, TIME), keyId: good.keyId }],
  ])('%s is invalid', (_, line) => {
    const found = verifyCosignatures(withLines(line), [KEY]);
    expect(found).toEqual({ verified: [], invalid: [line] });
  });

  test.each<[string, NoteSignature]>([
    ['another key of the same name', imposter.cosign(NOTE.text, TIME)],
    ['the same key under another name', { ...good, name: 'witness.example/w2' }],
    ['a plain signature', read(plain.signNote(NOTE.text)).signatures[0] ?? good],
  ])('%s means nothing', (_, line) => {
    expect(verifyCosignatures(withLines(line), [KEY])).toEqual({ verified: [], invalid: [] });
  });
});

describe('the key of a witness', () => {
  test('is another than that of a log, though made of the same bytes', () => {
    expect(parseVerificationKey(WITNESS.vkey)).toMatchObject({
      ok: false,
      detail: expect.stringContaining('of a witness'),
    });
    expect(parseVerificationKey(generateSigner('a').vkey, 'cosignature')).toMatchObject({
      ok: false,
      detail: expect.stringContaining('of a log'),
    });
  });

  test('refuses names that cannot stand in a note, and keys of other kinds', () => {
    for (const name of ['', 'a b', 'a+b', 'x'.repeat(256)]) {
      expect(() => generateCosigner(name)).toThrow(expect.objectContaining({ code: 'origin_invalid' }));
    }
    expect(() => loadCosigner('no key', 'a')).toThrow(expect.objectContaining({ code: 'key_invalid' }));
  });
});

describe('the codings', () => {
  test('a timed signature comes back as it was', () => {
    const signature = fc.uint8Array({ minLength: 64, maxLength: 64 });
    fc.assert(
      fc.property(fc.maxSafeNat(), signature, (timeS, bytes) => {
        const encoded = encodeTimedSignature({ timeS, signature: bytes });
        expect(decodeTimedSignature(encoded)).toEqual({ ok: true, value: { timeS, signature: bytes } });
      }),
    );
  });

  test('whatever is read is written the same way', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 70, maxLength: 74 }), (bytes) => {
        const timed = decodeTimedSignature(bytes);
        if (timed.ok) expect(encodeTimedSignature(timed.value)).toEqual(bytes);
        else expect(bytes.length !== 72 || (bytes[0] ?? 0) > 0 || (bytes[1] ?? 0) > 31).toBe(true);
      }),
    );
  });

  test('signature lines come back as they were, and everything else is refused', () => {
    const name = fc.stringMatching(/^[a-z0-9./-]{1,40}$/);
    const line = fc.record({
      name,
      keyId: fc.nat(0xffffffff),
      signature: fc.uint8Array({ minLength: 1, maxLength: 80 }),
    });
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 20 }), (lines) => {
        expect(parseSignatures(formatSignatures(lines))).toEqual({ ok: true, value: lines });
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const lines = parseSignatures(text);
        if (lines.ok) expect(formatSignatures(lines.value)).toBe(text);
      }),
    );
  });

  test('no message without a whole time, no signature of another length', () => {
    for (const timeS of [-1, 0.5, 2 ** 53, Number.NaN]) {
      expect(() => cosignedMessage(NOTE.text, timeS)).toThrow(TypeError);
      expect(() => encodeTimedSignature({ timeS, signature: new Uint8Array(64) })).toThrow(TypeError);
    }
    expect(() => encodeTimedSignature({ timeS: 1, signature: new Uint8Array(63) })).toThrow(TypeError);
  });
});
