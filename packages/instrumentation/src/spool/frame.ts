/**
 * A spool segment is a sequence of frames; this is a frame's layout, all integers little-endian:
 *
 *     0   u32  magic "SPL1"; a later format has another last character
 *     4   u8   kind: 1 final, 2 provisional
 *     5   u8   0 plain, 1 sealed (spool-seal.ts); what a later format may say here, it says in the first frame of a segment
 *     6   u16  how many sequence numbers follow the header
 *     8   u32  length of the body: the numbers and the payload
 *     12  u32  CRC-32 of the header without this field, then of the body
 *     16  f64  sequence numbers, eight bytes each
 *     …        payload: one ExportTraceServiceRequest; sealed, its context is the kind and the numbers
 *
 * A **provisional** frame holds one span that has ended, but may yet be bound to a session; its number says which. A
 * **final** frame is what is sent; its numbers name the provisional spans that it settles. Only when a process died
 * are provisional spans sent that no final frame settled.
 */
import { crc32 } from 'node:zlib';

/** The kinds of frames. */
export type FrameKind = 'final' | 'provisional';

/** A frame as read. `payload` is a view of the segment's bytes. */
export interface Frame {
  readonly kind: FrameKind;
  readonly numbers: readonly number[];
  readonly payload: Buffer;
  /** Whether the payload is sealed. */
  readonly sealed: boolean;
  /** Offset just past the frame. */
  readonly end: number;
}

/** What stands at an offset of a segment: a frame, the start of one (or nothing), or bytes that are none. */
export type FrameReading = Frame | 'incomplete' | 'damaged';

/** The bytes before the sequence numbers. */
export const FRAME_HEADER_BYTES = 16;

/** A frame's body is never longer; a longer one on disk is damage. */
export const MAX_FRAME_BODY_BYTES: number = 64 * 1024 * 1024;

/** What fits the field; one write never settles more. */
export const MAX_FRAME_NUMBERS = 0xffff;

const NUMBER_BYTES = 8;
const MAGIC = Buffer.from('SPL1', 'latin1');
const SEALED = 1;
const KINDS: Readonly<Record<FrameKind, number>> = { final: 1, provisional: 2 };

/**
 * The bytes that stand before a payload.
 *
 * @param kind - The kind of the frame.
 * @param numbers - Sequence numbers, at most {@link MAX_FRAME_NUMBERS}.
 * @param payload - What will follow.
 * @param sealed - Whether that is sealed.
 */
export function encodeFrameHead(
  kind: FrameKind,
  numbers: readonly number[],
  payload: Uint8Array,
  sealed: boolean = false,
): Buffer {
  if (numbers.length > MAX_FRAME_NUMBERS) throw new TypeError('A frame settles at most 65,535 spans.');
  const head = Buffer.alloc(FRAME_HEADER_BYTES + numbers.length * NUMBER_BYTES);
  MAGIC.copy(head);
  head.writeUInt8(KINDS[kind], 4);
  head.writeUInt8(sealed ? SEALED : 0, 5);
  head.writeUInt16LE(numbers.length, 6);
  head.writeUInt32LE(numbers.length * NUMBER_BYTES + payload.length, 8);
  for (const [index, number] of numbers.entries()) {
    head.writeDoubleLE(number, FRAME_HEADER_BYTES + index * NUMBER_BYTES);
  }
  head.writeUInt32LE(checksum(head, payload), 12);
  return head;
}

/** What a frame's payload is sealed as: it is of no use under another head. */
export function sealContext(kind: FrameKind, numbers: readonly number[]): Uint8Array {
  return Buffer.from(JSON.stringify(['spool frame', kind, numbers]));
}

/**
 * Reads the frame at `offset`.
 *
 * @param bytes - What there is of the segment, from its start.
 * @param offset - Where the frame should begin.
 */
export function decodeFrame(bytes: Buffer, offset: number): FrameReading {
  const rest = bytes.length - offset;
  if (
    !bytes.subarray(offset, offset + MAGIC.length).equals(MAGIC.subarray(0, Math.min(rest, MAGIC.length)))
  ) {
    return 'damaged';
  }
  if (rest < FRAME_HEADER_BYTES) return 'incomplete';
  const kind = kindOf(bytes.readUInt8(offset + 4));
  const count = bytes.readUInt16LE(offset + 6);
  const bodyBytes = bytes.readUInt32LE(offset + 8);
  if (kind === undefined || bodyBytes > MAX_FRAME_BODY_BYTES || bodyBytes < count * NUMBER_BYTES)
    return 'damaged';
  if (rest < FRAME_HEADER_BYTES + bodyBytes) return 'incomplete';
  const end = offset + FRAME_HEADER_BYTES + bodyBytes;
  const payloadStart = offset + FRAME_HEADER_BYTES + count * NUMBER_BYTES;
  const payload = bytes.subarray(payloadStart, end);
  const head = bytes.subarray(offset, payloadStart);
  if (checksum(head, payload) !== head.readUInt32LE(12)) return 'damaged';
  const numbers: number[] = [];
  for (let index = 0; index < count; index++) {
    numbers.push(head.readDoubleLE(FRAME_HEADER_BYTES + index * NUMBER_BYTES));
  }
  return { kind, numbers, payload, sealed: head.readUInt8(5) === SEALED, end };
}

/**
 * Whether a segment that begins with these bytes was written by a version after this one: what is unknown may not be
 * judged damaged, sent or removed.
 *
 * @param head - The first bytes of the segment; fewer than a header's say nothing.
 */
export function isNewerFrame(head: Buffer): boolean {
  if (head.length < FRAME_HEADER_BYTES || !head.subarray(0, 3).equals(MAGIC.subarray(0, 3))) return false;
  const version = head.readUInt8(3);
  if (version !== MAGIC[3]) return version > (MAGIC[3] ?? 0);
  return head.readUInt8(5) > SEALED || kindOf(head.readUInt8(4)) === undefined;
}

/**
 * Finds the next readable frame after damage.
 *
 * @returns Its offset, or undefined when there is none.
 */
export function findNextFrame(bytes: Buffer, from: number): number | undefined {
  for (let at = bytes.indexOf(MAGIC, from); at !== -1; at = bytes.indexOf(MAGIC, at + 1)) {
    const reading = decodeFrame(bytes, at);
    if (reading !== 'damaged' && reading !== 'incomplete') return at;
  }
  return undefined;
}

function kindOf(code: number): FrameKind | undefined {
  if (code === KINDS.final) return 'final';
  return code === KINDS.provisional ? 'provisional' : undefined;
}

function checksum(head: Buffer, payload: Uint8Array): number {
  const header = crc32(head.subarray(0, 12));
  const hasNumbers = head.length > FRAME_HEADER_BYTES;
  return crc32(payload, hasNumbers ? crc32(head.subarray(FRAME_HEADER_BYTES), header) : header);
}
