import {
  CLEAR_LIMITS,
  COMMITTED_LIMITS,
  encodeCanonical,
  type FieldShape,
  MAX_STRING_LENGTH,
  shapeValue,
} from '@spanledger/record';
import { readValue } from '../wire/any-value.ts';
import type { WireReader } from '../wire/wire-reader.ts';
import { STEP_ANY, STEP_INTEGER, STEP_LIST, STEP_SHORT, STEP_TEXT, STEP_TIME } from './steps.ts';
import { writeAscii, writeHex, writeInteger, writePlainString } from './text.ts';
import { smallInteger, stringStart } from './wire-value.ts';

/** Instead of an offset: the value of a step does not fit it, and the span is for the slow way. */
export const DOES_NOT_FIT = -1;

/** Shorter pieces are copied byte by byte: a call costs more. */
const SHORT_PIECE_BYTES = 24;
const MAX_PORT = 65_535;
const QUOTE = 0x22;

const SHAPES = new Map<number, FieldShape>([
  [STEP_ANY, 'any'],
  [STEP_TEXT, 'text'],
  [STEP_SHORT, 'short'],
  [STEP_INTEGER, 'integer'],
  [STEP_TIME, 'time'],
  [STEP_LIST, 'list'],
]);

/**
 * Writes an attribute's value.
 *
 * @param step - the step of a program that it is for, which says what the value must be like
 * @param start - offset of its `AnyValue` message
 * @param end - offset just past it
 * @returns just past what was written, or {@link DOES_NOT_FIT}
 * @throws ExporterError `request_malformed`
 */
export function writeValue(
  out: Uint8Array,
  at: number,
  step: number,
  reader: WireReader,
  start: number,
  end: number,
): number {
  const { bytes } = reader;
  if (step === STEP_ANY || step === STEP_TEXT) {
    const text = stringStart(bytes, start, end);
    if (text >= 0 && end - text <= MAX_STRING_LENGTH) {
      const next = writePlainString(out, at, bytes, text, end);
      if (next >= 0) return next;
    }
  }
  if (step !== STEP_TEXT && step !== STEP_TIME && step !== STEP_LIST) {
    const integer = smallInteger(bytes, start, end);
    if (integer >= 0 && (step !== STEP_SHORT || integer <= MAX_PORT)) return writeInteger(out, at, integer);
  }
  return writeSlowly(out, at, SHAPES.get(step) ?? 'any', reader, start, end);
}

/** Writes a value by way of an object, as the mapping does. */
function writeSlowly(
  out: Uint8Array,
  at: number,
  shape: FieldShape,
  reader: WireReader,
  start: number,
  end: number,
): number {
  reader.position = start;
  const value = readValue(reader, end, 0);
  const limits = shape === 'integer' || shape === 'time' ? CLEAR_LIMITS : COMMITTED_LIMITS;
  let isCut = false;
  const shaped = shapeValue(value, shape, limits, () => {
    isCut = true;
  });
  return shaped === undefined || isCut ? DOES_NOT_FIT : copyBytes(out, at, encodeCanonical(shaped));
}

/**
 * Writes text that is no attribute, which stands between two offsets.
 *
 * @returns just past what was written, or {@link DOES_NOT_FIT}
 * @throws ExporterError `request_malformed`
 */
export function writeText(
  out: Uint8Array,
  at: number,
  reader: WireReader,
  start: number,
  end: number,
): number {
  if (end - start <= MAX_STRING_LENGTH) {
    const next = writePlainString(out, at, reader.bytes, start, end);
    if (next >= 0) return next;
  }
  const text = reader.textAt(start, end);
  return text.length > MAX_STRING_LENGTH ? DOES_NOT_FIT : copyBytes(out, at, encodeCanonical(text));
}

/** Writes ASCII text that needs no escapes, between quotes. */
export function writeQuoted(out: Uint8Array, at: number, text: string): number {
  out[at] = QUOTE;
  const next = writeAscii(out, at + 1, text);
  out[next] = QUOTE;
  return next + 1;
}

/** Writes an identifier as hex, between quotes. */
export function writeId(
  out: Uint8Array,
  at: number,
  bytes: Uint8Array,
  start: number,
  sizeBytes: number,
): number {
  out[at] = QUOTE;
  const next = writeHex(out, at + 1, bytes, start, sizeBytes);
  out[next] = QUOTE;
  return next + 1;
}

/** Copies a piece; returns just past it. */
export function copyBytes(out: Uint8Array, at: number, piece: Uint8Array): number {
  const { length } = piece;
  if (length > SHORT_PIECE_BYTES) out.set(piece, at);
  else for (let i = 0; i < length; i++) out[at + i] = piece[i] ?? 0;
  return at + length;
}
