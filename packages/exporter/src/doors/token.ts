import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

/*
 * A token: `slt_<id>_<secret><checksum>`.
 *
 *   id        10 characters of 0-9a-z; names the token in lists and records, and is no secret
 *   secret    43 characters of 0-9A-Za-z: 256 random bits
 *   checksum   6 characters: the CRC-32 of all before it, in base 62
 *
 * Prefix and checksum let scanners find one that leaked, and tell it from something that only looks alike; a word made of
 * these characters is selected by one double click. What is kept is its SHA-256: there is nothing to guess.
 */

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const ID_ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz';
const ID_LENGTH = 10;
const SECRET_BYTES = 32;
const SECRET_LENGTH = 43;
const CHECKSUM_LENGTH = 6;

/** Tells a token, for scanners of secrets as well. */
export const TOKEN_PATTERN: RegExp = /^slt_([0-9a-z]{10})_[0-9A-Za-z]{49}$/;

/** Tells a token's id. */
export const TOKEN_ID_PATTERN: RegExp = /^[0-9a-z]{10}$/;

/** A token as it is drawn: told once, and kept as its hash alone. */
export interface DrawnToken {
  id: string;
  token: string;
  /** SHA-256 of the token, hex. */
  hash: string;
}

/** Draws a token from 256 random bits. */
export function drawToken(): DrawnToken {
  const id = drawId();
  const secret = toBase62(BigInt(`0x${randomBytes(SECRET_BYTES).toString('hex')}`), SECRET_LENGTH);
  const body = `slt_${id}_${secret}`;
  const token = `${body}${checksum(body)}`;
  return { id, token, hash: hashToken(token).toString('hex') };
}

/** The id of a token; undefined for what is no token, or was mistyped. */
export function readTokenId(text: string): string | undefined {
  const id = TOKEN_PATTERN.exec(text)?.[1];
  if (id === undefined) return undefined;
  const body = text.slice(0, -CHECKSUM_LENGTH);
  return checksum(body) === text.slice(-CHECKSUM_LENGTH) ? id : undefined;
}

/** SHA-256 of a token. */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** Compares two SHA-256 values in a time that does not depend on where they differ. */
export function isSameHash(one: Buffer, other: Buffer): boolean {
  return timingSafeEqual(one, other);
}

function drawId(): string {
  let id = '';
  while (id.length < ID_LENGTH) {
    const [byte = 0] = randomBytes(1);
    // 252 is the largest multiple of 36: no character is likelier than another.
    if (byte < 252) id += ID_ALPHABET.charAt(byte % ID_ALPHABET.length);
  }
  return id;
}

function checksum(body: string): string {
  return toBase62(BigInt(crc32(body)), CHECKSUM_LENGTH);
}

function toBase62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest /= 62n) text = ALPHABET.charAt(Number(rest % 62n)) + text;
  return text;
}
