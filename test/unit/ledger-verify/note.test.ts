import { generateKeyPairSync, sign } from 'node:crypto';
import {
  computeKeyId,
  formatNote,
  formatVerificationKey,
  isKeyName,
  MAX_NOTE_LENGTH,
  MAX_NOTE_SIGNATURES,
  parseNote,
  parseVerificationKey,
  verifyNote,
  type NoteSignature,
  type SignedNote,
} from '@spanledger/ledger/verify';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

// The published examples of golang.org/x/mod/sumdb/note.
const PETER = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const ENOCH = 'EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop';
const TEXT =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const PETER_LINE =
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';
const ENOCH_LINE =
  '— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n';
const NOTE = `${TEXT}\n${PETER_LINE}${ENOCH_LINE}`;

function value<T>(result: { ok: true; value: T } | { ok: false; detail: string }): T {
  if (!result.ok) throw new Error(result.detail);
  return result.value;
}

const peter = value(parseVerificationKey(PETER));
const enoch = value(parseVerificationKey(ENOCH));
const keys = [peter, enoch];
const namesOf = (signatures: NoteSignature[]): string[] => signatures.map(({ name }) => name);
const open = (note: string): SignedNote => value(parseNote(note));

describe('the published examples', () => {
  test('verify by the keys that are known', () => {
    const note = open(NOTE);
    expect(note.text).toBe(TEXT);
    expect(namesOf(verifyNote(note, keys).verified)).toEqual(['PeterNeumann', 'EnochRoot']);
    const byPeter = verifyNote(note, [peter]);
    expect([byPeter.verified, byPeter.unknown, byPeter.invalid].map(namesOf)).toEqual([
      ['PeterNeumann'],
      ['EnochRoot'],
      [],
    ]);
    expect(verifyNote(note, [])).toMatchObject({ verified: [], invalid: [] });
  });

  test('do not verify over another text', () => {
    const note = open(NOTE.replace('cryptography', 'cryptographx'));
    expect(verifyNote(note, keys)).toMatchObject({ verified: [], unknown: [] });
    expect(verifyNote(note, keys).invalid).toHaveLength(2);
  });

  test('are formatted as they were parsed', () => {
    const { text, signatures } = open(NOTE);
    expect(formatNote(text, signatures)).toBe(NOTE);
    expect(keys.map((key) => formatVerificationKey(key))).toEqual([PETER, ENOCH]);
  });

  test('a signature of the same name and another key ID, or the reverse, is unknown', () => {
    const renamed = open(NOTE.replace('— PeterNeumann', '— PeterNewmann'));
    expect(namesOf(verifyNote(renamed, [peter]).unknown)).toEqual(['PeterNewmann', 'EnochRoot']);
    const other = { ...peter, publicKey: enoch.publicKey, keyId: computeKeyId(peter.name, enoch.publicKey) };
    expect(verifyNote(open(NOTE), [other]).verified).toEqual([]);
    expect(verifyNote(open(NOTE), [other]).invalid).toEqual([]);
  });

  test('a key with the same name and ID and another public key makes the note invalid', () => {
    const impostor = { ...peter, publicKey: enoch.publicKey };
    expect(namesOf(verifyNote(open(NOTE), [impostor]).invalid)).toEqual(['PeterNeumann']);
  });
});

describe('parsing is strict', () => {
  const b64 = (bytes: number[]): string => Buffer.from(bytes).toString('base64');
  const signed = (line: string): string => `text\n\n${line}`;
  test.each([
    ['empty', ''],
    ['no signatures', TEXT],
    ['no signature after the empty line', `${TEXT}\n`],
    ['no final newline', NOTE.slice(0, -1)],
    ['no empty line', `${TEXT}${PETER_LINE}`],
    ['something after the signatures', `${NOTE}x`],
    ['an empty line between signatures', `${TEXT}\n${PETER_LINE}\nx\n`],
    ['carriage returns', NOTE.replaceAll('\n', '\r\n')],
    ['a tab in the text', NOTE.replace(' ', '\t')],
    ['a NUL in the text', NOTE.replace(' ', '\0')],
    ['a lone surrogate', NOTE.replace('you', '\ud800')],
    ['a hyphen for the dash', NOTE.replace('—', '-')],
    ['two spaces', NOTE.replace('— Peter', '—  Peter')],
    ['a third word', NOTE.replace(PETER_LINE, `${PETER_LINE.trimEnd()} x\n`)],
    ['a space at the end of a line', NOTE.replace(PETER_LINE, `${PETER_LINE.trimEnd()} \n`)],
    ['no name', signed(`—  ${b64([1, 2, 3, 4, 5])}\n`)],
    ['a plus in the name', signed(`— a+b ${b64([1, 2, 3, 4, 5])}\n`)],
    ['a no-break space in the name', signed(`— a\u00a0b ${b64([1, 2, 3, 4, 5])}\n`)],
    ['a signature of no byte', signed(`— a ${b64([1, 2, 3, 4])}\n`)],
    ['base64 without padding', signed(`— a ${b64([1, 2, 3, 4, 5]).replace('=', '')}\n`)],
    ['base64 with stray bits', signed('— a AQIDBAV=\n')],
    ['base64url', signed('— a -_-_-_-_\n')],
    ['too many signatures', signed(`— a ${b64([1, 2, 3, 4, 5])}\n`.repeat(MAX_NOTE_SIGNATURES + 1))],
    ['too long', `${'x'.repeat(MAX_NOTE_LENGTH)}\n\n${PETER_LINE}`],
  ])('%s', (_, note) => {
    expect(parseNote(note).ok).toBe(false);
  });

  test('but texts may hold empty lines and any Unicode, and many signatures', () => {
    const line = `— ñame/日本 ${b64([1, 2, 3, 4, 5])}\n`;
    const note = open(`a\n\nè — 😀\n\n\n${line.repeat(MAX_NOTE_SIGNATURES)}`);
    expect(note.text).toBe('a\n\nè — 😀\n\n');
    expect(note.signatures).toHaveLength(MAX_NOTE_SIGNATURES);
    expect(note.signatures[0]).toEqual({ name: 'ñame/日本', keyId: 0x01020304, signature: Uint8Array.of(5) });
  });

  test('mutated notes never throw, and what parses comes out the same', () => {
    const mutation = fc.record({
      at: fc.nat({ max: NOTE.length }),
      cut: fc.nat({ max: 3 }),
      add: fc.string({ unit: 'binary', maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        let note = NOTE;
        for (const { at, cut, add } of mutations) note = note.slice(0, at) + add + note.slice(at + cut);
        const result = parseNote(note);
        if (!result.ok) return;
        expect(formatNote(result.value.text, result.value.signatures)).toBe(note);
        const { verified } = verifyNote(result.value, keys);
        if (result.value.text !== TEXT) expect(verified).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});

describe('verification keys', () => {
  test('an Ed25519 key signs notes that its vkey verifies', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const raw = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
    const vkey = formatVerificationKey({ name: 'a.example/b', publicKey: raw });
    const key = value(parseVerificationKey(`${vkey}\n`));
    const signature = new Uint8Array(sign(null, Buffer.from('hello\n'), privateKey));
    const note = formatNote('hello\n', [{ name: key.name, keyId: key.keyId, signature }]);
    expect(verifyNote(open(note), [key]).verified).toHaveLength(1);
  });

  test.each([
    ['empty', ''],
    ['two parts', 'PeterNeumann+c74f20a3'],
    ['another ID', PETER.replace('c74f20a3', 'c74f20a4')],
    ['an upper-case ID', PETER.replace('c74f20a3', 'C74F20A3')],
    ['another name', PETER.replace('Peter', 'peter')],
    ['a name with a space', PETER.replace('Peter', 'Peter ')],
    ['no name', PETER.replace('PeterNeumann', '')],
    ['another key', PETER.replace('ARpc', 'ARpd')],
    ['another algorithm', PETER.replace('ARpc', 'Ahpc')],
    ['a short key', 'PeterNeumann+c74f20a3+ARpc'],
    ['no base64', PETER.replace('ARpc', 'AR*c')],
    ['two lines', `${PETER}\n${ENOCH}`],
  ])('%s', (_, vkey) => {
    expect(parseVerificationKey(vkey).ok).toBe(false);
  });

  test('garbage never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat({ max: PETER.length }), (text, at) => {
        const result = parseVerificationKey(PETER.slice(0, at) + text + PETER.slice(at));
        if (result.ok) expect(formatVerificationKey(result.value)).toBe(PETER);
      }),
    );
  });

  test('names', () => {
    for (const name of ['a', 'example.com/log', 'ñ', '日本', '—']) expect(isKeyName(name)).toBe(true);
    const wrong = ['', ' ', 'a b', 'a+b', 'a\tb', 'a\u2003b', 'a\nb', 'a\u0000', '\ud800', 'x'.repeat(1_000)];
    for (const name of wrong) expect(isKeyName(name)).toBe(false);
  });

  test('what cannot stand in a note is not written', () => {
    const signature = { name: 'a', keyId: 1, signature: Uint8Array.of(1) };
    expect(() => formatNote('no newline', [signature])).toThrow(TypeError);
    expect(() => formatNote('a\tb\n', [signature])).toThrow(TypeError);
    expect(() => formatNote('a\n', [])).toThrow(TypeError);
    expect(() => formatNote('a\n', [{ ...signature, name: 'a b' }])).toThrow(TypeError);
    expect(() => formatVerificationKey({ name: 'a b', publicKey: new Uint8Array(32) })).toThrow(TypeError);
    expect(() => formatVerificationKey({ name: 'a', publicKey: new Uint8Array(31) })).toThrow(TypeError);
  });
});
