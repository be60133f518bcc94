/**
 * C2SP signed-note: text signed by one or more keys.
 *
 *     <text, one or more lines, each ending in a newline>
 *     <empty line>
 *     — <key name> base64(4 bytes of key ID || signature)
 *
 * The text ends at the last empty line and includes its final newline; that is what is signed. Names hold
 * neither Unicode spaces nor `+`. There is exactly one spelling of a note: what was parsed is formatted again
 * and refused unless it comes out the same.
 */
import { sha256, verifyEd25519 } from '#crypto';
import { concatBytes, decodeBase64, encodeBase64, encodeHex, encodeUtf8 } from './encoding.ts';
import { malformed, parsed, type Parsed } from './parsed.ts';

/** The longest signed note that is read, in UTF-16 code units. */
export const MAX_NOTE_LENGTH = 1_000_000;

/** The most signatures that are read from one note; the specification demands at least 16. */
export const MAX_NOTE_SIGNATURES = 100;

/** The longest key name that is read, in UTF-16 code units. */
export const MAX_KEY_NAME_LENGTH = 256;

/** signed-note's signature type identifier bytes, which enter a key's ID: plain Ed25519, and tlog-cosignature v1. */
export const NOTE_KEY_TYPES = { ed25519: 0x01, cosignature: 0x04 } as const;

/** What a key signs: notes as they are, or cosignatures. */
export type NoteKeyType = keyof typeof NOTE_KEY_TYPES;

/** A signature line of a note. */
export interface NoteSignature {
  /** The key's name. */
  name: string;
  /** The key's ID: 4 bytes, an unsigned integer in big-endian order. */
  keyId: number;
  /** What follows the key ID; for Ed25519 64 bytes. At least one byte. */
  signature: Uint8Array;
}

/** A parsed signed note. Nothing in it is to be believed before its signature has been verified. */
export interface SignedNote {
  /** The signed text, with its final newline. */
  text: string;
  /** In the order in which they stand; at least one. */
  signatures: NoteSignature[];
}

/** An Ed25519 key that verifies notes. */
export interface NoteVerificationKey {
  name: string;
  keyId: number;
  /** 32 bytes, as RFC 8032 encodes it. */
  publicKey: Uint8Array;
}

/** Whether a text can be a key's name: not empty, without Unicode spaces, control characters and `+`. */
export function isKeyName(name: string): boolean {
  return (
    name.length <= MAX_KEY_NAME_LENGTH && name.isWellFormed() && /^[^\p{White_Space}\p{Cc}+]+$/u.test(name)
  );
}

/**
 * The ID of an Ed25519 key: SHA-256(name || 0x0A || type || public key)[:4].
 *
 * @param publicKey 32 bytes
 */
export function computeKeyId(name: string, publicKey: Uint8Array, type: NoteKeyType = 'ed25519'): number {
  return readUint32(sha256(concatBytes([encodeUtf8(`${name}\n`), typedKey(publicKey, type)])));
}

/**
 * Writes a verification key as `<name>+<8 hex digits of key ID>+<base64(type || public key)>`, the encoding of
 * golang.org/x/mod/sumdb/note.
 *
 * @throws TypeError if the name cannot be a key's name or the key is not 32 bytes long
 */
export function formatVerificationKey(
  key: { name: string; publicKey: Uint8Array },
  type: NoteKeyType = 'ed25519',
): string {
  if (!isKeyName(key.name)) throw new TypeError(`not a key name: ${JSON.stringify(key.name)}`);
  if (key.publicKey.length !== 32) throw new TypeError('an Ed25519 public key is 32 bytes long');
  const keyId = encodeHex(uint32Bytes(computeKeyId(key.name, key.publicKey, type)));
  return `${key.name}+${keyId}+${encodeBase64(typedKey(key.publicKey, type))}`;
}

/** Reads what {@link formatVerificationKey} writes; white space around it (a final newline, say) is allowed. */
export function parseVerificationKey(
  text: string,
  type: NoteKeyType = 'ed25519',
): Parsed<NoteVerificationKey> {
  // Only the last part, base64, can hold a plus besides the two that separate.
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text.trim());
  if (match === null) return malformed('it is not <name>+<8 hexadecimal digits>+<base64>');
  const [, name = '', id = '', encoded = ''] = match;
  if (!isKeyName(name)) return malformed('its name is empty, too long, or holds a space');
  const key = decodeBase64(encoded);
  if (key === undefined) return malformed('its key is not base64');
  if (key[0] !== NOTE_KEY_TYPES[type] || key.length !== 33) return malformed(describeWrongType(key, type));
  const publicKey = key.slice(1);
  const keyId = computeKeyId(name, publicKey, type);
  if (encodeHex(uint32Bytes(keyId)) !== id) return malformed('its key ID does not belong to its key');
  return parsed({ name, keyId, publicKey });
}

/**
 * Writes a signed note.
 *
 * @param text the signed text, ending in a newline
 * @param signatures at least one; the signatures were made over the UTF-8 bytes of `text`
 * @throws TypeError if the text or a name cannot stand in a note
 */
export function formatNote(text: string, signatures: readonly NoteSignature[]): string {
  if (!isNoteText(text)) throw new TypeError('a note text ends in a newline and holds no control characters');
  if (signatures.length === 0) throw new TypeError('a signed note has at least one signature');
  return `${text}\n${formatSignatures(signatures)}`;
}

/** Reads a signed note. The signatures are not verified. */
export function parseNote(note: string): Parsed<SignedNote> {
  if (note.length > MAX_NOTE_LENGTH) return malformed(`it is longer than ${MAX_NOTE_LENGTH} characters`);
  const split = note.lastIndexOf('\n\n');
  if (split < 0) return malformed('no empty line separates text and signatures');
  const text = note.slice(0, split + 1);
  if (!isNoteText(text)) return malformed('its text holds control characters or is not valid Unicode');
  const signatures = parseSignatures(note.slice(split + 2));
  return signatures.ok ? parsed({ text, signatures: signatures.value }) : signatures;
}

/** Writes signature lines, as they stand at the end of a note. */
export function formatSignatures(signatures: readonly NoteSignature[]): string {
  return signatures.map(formatSignature).join('');
}

/** Reads signature lines, each ending in a newline; at least one. The signatures are not verified. */
export function parseSignatures(text: string): Parsed<NoteSignature[]> {
  const lines = text.split('\n');
  if (lines.pop() !== '') return malformed('it does not end in a newline');
  if (lines.length === 0) return malformed('it holds no signature');
  if (lines.length > MAX_NOTE_SIGNATURES)
    return malformed(`it has more than ${MAX_NOTE_SIGNATURES} signatures`);
  const signatures: NoteSignature[] = [];
  for (const line of lines) {
    const signature = parseSignature(line);
    if (signature === undefined) return malformed('a signature line is not "— <name> <base64>"');
    signatures.push(signature);
  }
  if (formatSignatures(signatures) !== text) return malformed('it is not spelled as its content demands');
  return parsed(signatures);
}

/** What {@link verifyNote} finds. The text may be believed if `verified` is not empty and `invalid` is. */
export interface NoteVerification {
  /** Signatures of known keys that are good. */
  verified: NoteSignature[];
  /** Signatures with name and ID of a known key that are not its signatures: the note is to be rejected. */
  invalid: NoteSignature[];
  /** Signatures of keys that are not known; they mean nothing. */
  unknown: NoteSignature[];
}

/** Verifies a note's signatures by the known keys. */
export function verifyNote(note: SignedNote, keys: readonly NoteVerificationKey[]): NoteVerification {
  const result: NoteVerification = { verified: [], invalid: [], unknown: [] };
  const message = encodeUtf8(note.text);
  for (const signature of note.signatures) {
    const key = keys.find(({ name, keyId }) => name === signature.name && keyId === signature.keyId);
    if (key === undefined) result.unknown.push(signature);
    else if (verifyEd25519(signature.signature, message, key.publicKey)) result.verified.push(signature);
    else result.invalid.push(signature);
  }
  return result;
}

function isNoteText(text: string): boolean {
  return text.endsWith('\n') && text.isWellFormed() && !hasControlCharacter(text);
}

function hasControlCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 && unit !== 0x0a) return true;
  }
  return false;
}

function formatSignature({ name, keyId, signature }: NoteSignature): string {
  if (!isKeyName(name)) throw new TypeError(`not a key name: ${JSON.stringify(name)}`);
  return `\u2014 ${name} ${encodeBase64(concatBytes([uint32Bytes(keyId), signature]))}\n`;
}

function parseSignature(line: string): NoteSignature | undefined {
  const [dash, name, encoded, ...rest] = line.split(' ');
  if (dash !== '\u2014' || name === undefined || encoded === undefined || rest.length > 0) return undefined;
  if (!isKeyName(name)) return undefined;
  const bytes = decodeBase64(encoded);
  if (bytes === undefined || bytes.length < 5) return undefined;
  return { name, keyId: readUint32(bytes), signature: bytes.slice(4) };
}

function typedKey(publicKey: Uint8Array, type: NoteKeyType): Uint8Array {
  return concatBytes([Uint8Array.of(NOTE_KEY_TYPES[type]), publicKey]);
}

function describeWrongType(key: Uint8Array, wanted: NoteKeyType): string {
  if (key.length === 33 && key[0] === NOTE_KEY_TYPES.cosignature)
    return 'it is the key of a witness (type 0x04)';
  if (key.length === 33 && key[0] === NOTE_KEY_TYPES.ed25519) return 'it is the key of a log (type 0x01)';
  return wanted === 'ed25519' ? 'its key is not an Ed25519 key' : 'its key is not one of tlog-cosignature v1';
}

function uint32Bytes(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

function readUint32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
}
