import { hash, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { computeCommitment, encodeBase64url, SALT_BYTES } from '@spanledger/record';

const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer');

/** Everything that somebody may take for likely; the person is among them. */
const DICTIONARY = Array.from({ length: 2000 }, (_, i) => ({
  user: { id: i === 1234 ? 'alice' : `user-${i}` },
}));

/** The guesses whose commitment, with one of the salts that somebody tries, is the one in the ledger. */
function attack(commitment: string, salts: readonly string[]): number[] {
  return DICTIONARY.flatMap((value, i) =>
    salts.some((salt) => computeCommitment('identity', { salt, value }, sha256) === commitment) ? [i] : [],
  );
}

test('whoever has the salt confirms a guess; once it is erased, no guess is confirmed', () => {
  const salt = encodeBase64url(randomBytes(SALT_BYTES));
  const commitment = computeCommitment('identity', { salt, value: { user: { id: 'alice' } } }, sha256);
  expect(attack(commitment, [salt])).toEqual([1234]);
  // What is left to try: nothing, the usual, and salts of others.
  const others = [
    '',
    'A'.repeat(22),
    ...Array.from({ length: 20 }, () => encodeBase64url(randomBytes(SALT_BYTES))),
  ];
  expect(attack(commitment, others)).toEqual([]);
  expect(SALT_BYTES * 8).toBe(128);
});

test('the same person is committed to otherwise in each record, so that records cannot be joined by it', () => {
  const commitments = Array.from({ length: 50 }, () => {
    const salt = encodeBase64url(randomBytes(SALT_BYTES));
    return computeCommitment('identity', { salt, value: { user: { id: 'alice' } } }, sha256);
  });
  expect(new Set(commitments).size).toBe(50);
});
