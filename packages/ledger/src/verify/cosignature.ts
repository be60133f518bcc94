/**
 * C2SP tlog-cosignature, version 1: a witness's statement that at a time a checkpoint was of the largest consistent
 * tree it had seen of a log. It stands in the checkpoint's note as one more signature line,
 *
 *     — <name of the witness> base64(4 bytes of key ID || 8 bytes of time || 64 bytes of Ed25519 signature)
 *
 * over this message, where the time is in seconds since the epoch, big-endian in the line and decimal here:
 *
 *     cosignature/v1
 *     time <decimal>
 *     <the checkpoint's note text>
 */
import { verifyEd25519 } from '#crypto';
import { concatBytes, encodeUtf8 } from './encoding.ts';
import type { NoteSignature, NoteVerificationKey, SignedNote } from './note.ts';
import { malformed, parsed, type Parsed } from './parsed.ts';

const TIME_BYTES = 8;
const SIGNATURE_BYTES = 64;

/** What a cosignature line holds besides name and key ID. */
export interface TimedSignature {
  /** Seconds since the epoch. */
  timeS: number;
  /** Ed25519, 64 bytes. */
  signature: Uint8Array;
}

/**
 * The bytes that a witness signs.
 *
 * @param text the checkpoint's note text, which ends in a newline
 * @param timeS seconds since the epoch
 * @throws TypeError if the time is not a whole number from 0 to 2^53 - 1
 */
export function cosignedMessage(text: string, timeS: number): Uint8Array {
  if (!Number.isSafeInteger(timeS) || timeS < 0) throw new TypeError(`not a time in seconds: ${timeS}`);
  return encodeUtf8(`cosignature/v1\ntime ${timeS}\n${text}`);
}

/**
 * Writes what follows the key ID in a cosignature line.
 *
 * @throws TypeError if the time or the length of the signature is impossible
 */
export function encodeTimedSignature({ timeS, signature }: TimedSignature): Uint8Array {
  if (!Number.isSafeInteger(timeS) || timeS < 0) throw new TypeError(`not a time in seconds: ${timeS}`);
  if (signature.length !== SIGNATURE_BYTES) throw new TypeError('an Ed25519 signature is 64 bytes long');
  const time = new Uint8Array(TIME_BYTES);
  new DataView(time.buffer).setBigUint64(0, BigInt(timeS));
  return concatBytes([time, signature]);
}

/** Reads what {@link encodeTimedSignature} writes; times past 2^53 - 1 are refused. */
export function decodeTimedSignature(bytes: Uint8Array): Parsed<TimedSignature> {
  if (bytes.length !== TIME_BYTES + SIGNATURE_BYTES) return malformed('it is not 72 bytes long');
  const timeS = Number(new DataView(bytes.buffer, bytes.byteOffset, TIME_BYTES).getBigUint64(0));
  if (!Number.isSafeInteger(timeS)) return malformed('its time is past 2^53 seconds');
  return parsed({ timeS, signature: bytes.slice(TIME_BYTES) });
}

/** A cosignature that is good. */
export interface VerifiedCosignature {
  /** The key that it was made with. */
  key: NoteVerificationKey;
  /** When the witness says that it signed, in seconds since the epoch. */
  timeS: number;
  /** The line, to be put under the checkpoint. */
  line: NoteSignature;
}

/** What {@link verifyCosignatures} finds. */
export interface CosignatureVerification {
  verified: VerifiedCosignature[];
  /** Lines with name and ID of a known witness that are not its cosignatures: the note is to be rejected. */
  invalid: NoteSignature[];
}

/**
 * Verifies the cosignatures of known witnesses; all other lines mean nothing here.
 *
 * @param keys read with `parseVerificationKey(text, 'cosignature')`
 */
export function verifyCosignatures(
  { text, signatures }: SignedNote,
  keys: readonly NoteVerificationKey[],
): CosignatureVerification {
  const result: CosignatureVerification = { verified: [], invalid: [] };
  for (const line of signatures) {
    const key = keys.find(({ name, keyId }) => name === line.name && keyId === line.keyId);
    if (key === undefined) continue;
    const timed = decodeTimedSignature(line.signature);
    if (timed.ok && isSignatureOf(timed.value, text, key)) {
      result.verified.push({ key, timeS: timed.value.timeS, line });
    } else {
      result.invalid.push(line);
    }
  }
  return result;
}

function isSignatureOf(
  { timeS, signature }: TimedSignature,
  text: string,
  { publicKey }: NoteVerificationKey,
): boolean {
  return verifyEd25519(signature, cosignedMessage(text, timeS), publicKey);
}
