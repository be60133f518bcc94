import { generateKeyPairSync } from 'node:crypto';
import { generateSigner, loadSigner } from '@spanledger/ledger';
import { parseNote, parseVerificationKey, verifyNote } from '@spanledger/ledger/verify';
import { expect, test } from 'vitest';

test('what it signs, its verification key verifies', () => {
  const signer = generateSigner('example.com/log');
  const note = parseNote(signer.signNote('example.com/log\n0\n\u00e9\n'));
  const key = parseVerificationKey(signer.vkey);
  if (!note.ok || !key.ok) throw new Error('cannot be read');
  expect(verifyNote(note.value, [key.value]).verified).toHaveLength(1);
  expect(key.value.name).toBe('example.com/log');
});

test('a loaded key is the one that was generated', () => {
  const signer = generateSigner('example.com/log');
  const loaded = loadSigner(signer.pem, 'example.com/log');
  expect(loaded.vkey).toBe(signer.vkey);
  expect(loaded.signNote('text\n')).toBe(signer.signNote('text\n'));
});

test('refuses what is not an Ed25519 key in PEM', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  for (const pem of ['', 'not a key', ecPem]) {
    expect(() => loadSigner(pem, 'example.com/log')).toThrow(
      expect.objectContaining({ code: 'key_invalid' }),
    );
  }
});

test('refuses what cannot be an origin', () => {
  for (const origin of ['', 'a b', 'a+b', 'a\nb', 'x'.repeat(256), 'é'.repeat(128)]) {
    expect(() => generateSigner(origin), origin).toThrow(expect.objectContaining({ code: 'origin_invalid' }));
  }
});
