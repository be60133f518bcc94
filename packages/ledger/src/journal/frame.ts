/**
 * A frame of the journal: one group commit. A segment file is frames, end to end. All integers are big-endian.
 *
 *     offset  bytes
 *          0      4  "SPLJ"
 *          4      2  version, 1
 *          6      2  zero
 *          8      8  index of the first entry
 *         16      4  how many entries, N
 *         20      4  E, bytes of entries
 *         24      4  S, bytes of sealed openings
 *         28     12  initialisation vector of the seal
 *         40      4  CRC-32 of bytes 0 to 39
 *         44      E  entries, each a uint16 length and its bytes: the encoding of tlog-tiles entry bundles
 *       44+E      S  AES-256-GCM of N uint32 lengths and the openings, end to end; bytes 0 to 43 are authenticated
 *     44+E+S     16  its tag
 *     60+E+S      4  CRC-32 of all bytes before
 */
import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { asBuffer } from '../byte-buffer.ts';
import { LedgerError } from '../errors.ts';

/** Bytes of a frame's header. */
export const FRAME_HEADER_BYTES = 44;

/** Bytes of the initialisation vector in a frame's header. */
export const FRAME_IV_BYTES = 12;

/** The first four bytes of a frame. */
export const FRAME_MAGIC: Buffer = Buffer.from('SPLJ', 'latin1');

const VERSION = 1;
const CIPHER = 'aes-256-gcm';
const TAG_BYTES = 16;
const CRC_BYTES = 4;
const LENGTH_BYTES = 4;

/** What a frame's header says. */
export interface FrameHeader {
  /** The first entry's index. */
  first: number;
  /** How many entries; at least 1. */
  count: number;
  /** Bytes of the entries with their lengths. */
  entriesBytes: number;
  /** Bytes of the sealed openings, without the tag. */
  sealedBytes: number;
  /** 12 bytes, never used twice with a key. */
  iv: Uint8Array;
}

/** What a frame is made of. */
export interface FrameContent {
  first: number;
  count: number;
  /** The entries as a tlog-tiles entry bundle has them. */
  entries: Uint8Array;
  /** N uint32 lengths. */
  openingLengths: Uint8Array;
  /** The openings, end to end. */
  openings: Uint8Array;
}

/** Bytes of a whole frame. */
export function frameBytes(header: FrameHeader): number {
  return FRAME_HEADER_BYTES + header.entriesBytes + header.sealedBytes + TAG_BYTES + CRC_BYTES;
}

/**
 * Writes a frame.
 *
 * @param key the segment's epoch key, 32 bytes
 * @param iv 12 random bytes. Not a counter: after a failed write the same index is sealed again with other content.
 * @returns the frame in pieces, to be written one after the other
 */
export function encodeFrame(content: FrameContent, key: KeyObject, iv: Uint8Array): Buffer[] {
  const { first, count, entries, openingLengths, openings } = content;
  const sealedBytes = openingLengths.length + openings.length;
  const header = encodeHeader({ first, count, entriesBytes: entries.length, sealedBytes, iv });
  const cipher = createCipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(header);
  const sealed = [cipher.update(openingLengths), cipher.update(openings), cipher.final()];
  const pieces = [header, asBuffer(entries), ...sealed, cipher.getAuthTag()];
  let checksum = 0;
  for (const piece of pieces) checksum = crc32(piece, checksum);
  const trailer = Buffer.alloc(CRC_BYTES);
  trailer.writeUInt32BE(checksum);
  return [...pieces, trailer];
}

function encodeHeader({ first, count, entriesBytes, sealedBytes, iv }: FrameHeader): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  FRAME_MAGIC.copy(header);
  header.writeUInt16BE(VERSION, 4);
  header.writeBigUInt64BE(BigInt(first), 8);
  header.writeUInt32BE(count, 16);
  header.writeUInt32BE(entriesBytes, 20);
  header.writeUInt32BE(sealedBytes, 24);
  header.set(iv, 28);
  header.writeUInt32BE(crc32(header.subarray(0, 40)), 40);
  return header;
}

/** Reads a frame's header; undefined if the bytes are not one. */
export function decodeHeader(bytes: Buffer): FrameHeader | undefined {
  if (bytes.length < FRAME_HEADER_BYTES || !FRAME_MAGIC.equals(bytes.subarray(0, 4))) return undefined;
  if (bytes.readUInt32BE(40) !== crc32(bytes.subarray(0, 40))) return undefined;
  const first = Number(bytes.readBigUInt64BE(8));
  const count = bytes.readUInt32BE(16);
  if (bytes.readUInt16BE(4) !== VERSION || !Number.isSafeInteger(first) || count === 0) return undefined;
  return {
    first,
    count,
    entriesBytes: bytes.readUInt32BE(20),
    sealedBytes: bytes.readUInt32BE(24),
    iv: Uint8Array.from(bytes.subarray(28, 28 + FRAME_IV_BYTES)),
  };
}

/** Whether a whole frame is what was written: its checksum fits, and its entries fill their place exactly. */
export function isIntact(header: FrameHeader, frame: Buffer): boolean {
  const end = frameBytes(header) - CRC_BYTES;
  if (frame.length !== end + CRC_BYTES || frame.readUInt32BE(end) !== crc32(frame.subarray(0, end)))
    return false;
  const entries = entriesOf(header, frame);
  let at = 0;
  for (let i = 0; i < header.count; i++) {
    if (at + 2 > entries.length) return false;
    at += 2 + entries.readUInt16BE(at);
  }
  return at === entries.length;
}

/** The entries of a frame as they stand in it, each behind its uint16 length. */
export function entriesOf(header: FrameHeader, frame: Buffer): Buffer {
  return frame.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + header.entriesBytes);
}

/** Takes apart entries that stand behind their uint16 lengths, as views. */
export function splitEntries(bytes: Buffer): Buffer[] {
  const entries: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 2 + bytes.readUInt16BE(at);
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return entries;
}

/** Where in a frame the sealed openings stand, their tag included. */
export function sealOf({ entriesBytes, sealedBytes }: FrameHeader): { start: number; end: number } {
  const start = FRAME_HEADER_BYTES + entriesBytes;
  return { start, end: start + sealedBytes + TAG_BYTES };
}

/**
 * Opens the seal of a frame.
 *
 * @param sealed what stands at {@link sealOf}; no more of the frame is needed, for the seal vouches for the header too
 * @returns the openings, one for each entry
 * @throws LedgerError `journal_damaged` if key and frame do not belong together or a byte was changed
 */
export function decryptOpenings(header: FrameHeader, sealed: Buffer, key: KeyObject): Uint8Array[] {
  const decipher = createDecipheriv(CIPHER, key, header.iv, { authTagLength: TAG_BYTES });
  let plain: Buffer;
  try {
    decipher.setAAD(encodeHeader(header));
    decipher.setAuthTag(sealed.subarray(header.sealedBytes));
    plain = decipher.update(sealed.subarray(0, header.sealedBytes));
    // Of GCM nothing comes at the end but the verdict.
    decipher.final();
  } catch (cause) {
    throw new LedgerError('journal_damaged', `the openings from entry ${header.first} on cannot be opened`, {
      cause,
      hint: 'The epoch key is not the one that sealed them, or the file was changed.',
    });
  }
  return splitOpenings(plain, header);
}

function splitOpenings(plain: Buffer, { count, first }: FrameHeader): Uint8Array[] {
  const openings: Uint8Array[] = [];
  let at = count * LENGTH_BYTES;
  for (let i = 0; i < count && at <= plain.length; i++) {
    const end = at + plain.readUInt32BE(i * LENGTH_BYTES);
    openings.push(plain.subarray(at, end));
    at = end;
  }
  if (at !== plain.length || openings.length !== count) {
    throw new LedgerError('journal_damaged', `the openings from entry ${first} on do not fill their place`);
  }
  return openings;
}
