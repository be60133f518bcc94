import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

const KEY_BYTES = 32;
const PURPOSE = 'spanledger field pseudonyms';

/** Bytes of a pseudonym: no two values of a log meet by chance. */
const PSEUDONYM_BYTES = 16;

/** Before each pseudonym, so that nobody takes it for the value. */
const PREFIX = 'pseudonym:';

/** Makes pseudonyms of values. */
export interface Pseudonyms {
  /** The pseudonym of a value in a field: the same as long as the key is, and nobody's who does not have the key. */
  of(field: string, value: string): string;
}

/** @param key - secret of the log; pseudonyms are made under one derived from it (RFC 5869) */
export function createPseudonyms(key: KeyObject): Pseudonyms {
  const derived = createSecretKey(Buffer.from(hkdfSync('sha256', key, '', PURPOSE, KEY_BYTES)));
  return {
    of(field, value) {
      // A pseudonym stays what it is when it comes again.
      if (value.startsWith(PREFIX)) return value;
      const digest = createHmac('sha256', derived).update(`${field.length} ${field}${value}`).digest();
      return PREFIX + digest.subarray(0, PSEUDONYM_BYTES).toString('base64url');
    },
  };
}
