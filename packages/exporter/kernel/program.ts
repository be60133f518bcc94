// Runs the programs of templates, as `receive/transcode/span-writer.ts` does.
import {
  ACTOR_AT,
  NUMBER_AT,
  RECORD_ID_AT,
  REFERENCE_BYTES,
  SECOND_AT,
  SECOND_BYTES,
  SESSION_AT,
  SPAN_KEY_AT,
  STEP_BYTES,
  STREAM_AT,
  VALUES_AT,
} from '../src/receive/kernel/layout';
import {
  STEP_ACTOR,
  STEP_ANY,
  STEP_COMMITMENT,
  STEP_DURATION,
  STEP_HOLE,
  STEP_LIST,
  STEP_LITERAL,
  STEP_MESSAGE,
  STEP_NAME,
  STEP_NUMBER,
  STEP_PARENT_ID,
  STEP_RECORD_ID,
  STEP_SESSION,
  STEP_SHORT,
  STEP_SPAN_ID,
  STEP_STREAM_ID,
  STEP_TEXT,
  STEP_TIME,
  STEP_TIMESTAMP,
  STEP_TRACE_ID,
} from '../src/receive/transcode/steps';
import { SECONDS_END, writeSecond } from './calendar';
import { endTime, message, messageEnd, name, nameEnd, parentId, spanId, startTime, traceId } from './scan';
import { copy, writeHex8, writeInteger, writeNineDigits, writeQuoted, writeString } from './text';
import { booleanOf, itemEnd, itemStart, listStart, NO_BOOLEAN, NO_INTEGER, smallInteger, stringStart } from './values';

const MAX_STRING_LENGTH: usize = 16_384;
const MAX_LIST_LENGTH: u32 = 512;
const MAX_SAFE_INTEGER: u64 = 9_007_199_254_740_991;
const MAX_PORT: u64 = 65_535;
const NANOS_PER_SECOND: u64 = 1_000_000_000;
const COMMITMENT_BYTES: usize = 43;
const QUOTE: u8 = 0x22;
const DASH: u8 = 0x2d;
const NO_STREAM: u8 = 0x30;
const POINT: u8 = 0x2e;
const COMMA: u8 = 0x2c;
const OPEN_BRACKET: u8 = 0x5b;
const CLOSE_BRACKET: u8 = 0x5d;
/** `Z"`. */
const Z_QUOTE: u16 = 0x225a;
/** `true` and `fals`. */
const TRUE: u32 = 0x65757274;
const FALS: u32 = 0x736c6166;
const E: u8 = 0x65;

/** Of the stream id that is at STREAM_AT; 0 where there is none. */
let streamBytes: usize = 0;
/** Of the record's id that is at RECORD_ID_AT. */
let recordIdBytes: usize = 0;
/** When the second began that is at SECOND_AT. */
let second: u64 = u64.MAX_VALUE;
/** Where the ledger has its place in the record that was written last. */
export let hole: usize = 0;
/** Where the commitments of the record go that was written last, by the numbers of their groups. */
let content: usize = 0;
let identity: usize = 0;
let network: usize = 0;

export function setStream(bytes: usize): void {
  streamBytes = bytes;
}

export function placeOfCommitment(group: u32): usize {
  return group === 0 ? content : group === 1 ? identity : network;
}

/** Writes the span's key to SPAN_KEY_AT, and the id of its record to RECORD_ID_AT. */
export function identify(): void {
  store<u64>(SPAN_KEY_AT, load<u64>(traceId));
  store<u64>(SPAN_KEY_AT + 8, load<u64>(traceId, 8));
  store<u64>(SPAN_KEY_AT + 16, load<u64>(spanId));
  let at = writeHex8(writeHex8(RECORD_ID_AT, traceId), traceId + 8);
  store<u8>(at, DASH);
  at = writeHex8(at + 1, spanId);
  store<u8>(at++, DASH);
  if (streamBytes === 0) store<u8>(at++, NO_STREAM);
  else at = copy(at, STREAM_AT, streamBytes);
  recordIdBytes = at - RECORD_ID_AT;
}

/** Writes what a program says; returns just past it, or 0 where the span does not fit it. */
export function run(program: usize, out: usize): usize {
  let at = out;
  const end = program + 4 + <usize>load<u32>(program) * STEP_BYTES;
  for (let step = program + 4; step < end; step += STEP_BYTES) {
    const argument = load<u32>(step, 4);
    switch (load<u32>(step)) {
      case STEP_LITERAL:
        at = copy(at, argument, load<u32>(step, 8));
        break;
      case STEP_TIMESTAMP:
        at = writeTimestamp(at);
        break;
      case STEP_DURATION:
        at = writeDuration(at);
        break;
      case STEP_RECORD_ID:
        at = writeQuoted(at, RECORD_ID_AT, recordIdBytes);
        break;
      case STEP_TRACE_ID:
        store<u8>(at, QUOTE);
        at = writeHex8(writeHex8(at + 1, traceId), traceId + 8);
        store<u8>(at++, QUOTE);
        break;
      case STEP_SPAN_ID:
        at = writeId8(at, spanId);
        break;
      case STEP_PARENT_ID:
        at = writeId8(at, parentId);
        break;
      case STEP_STREAM_ID:
        at = writeQuoted(at, STREAM_AT, streamBytes);
        break;
      case STEP_NUMBER:
        at = writeInteger(at, <u64>load<f64>(NUMBER_AT));
        break;
      case STEP_ACTOR:
        at = writeQuoted(at, ACTOR_AT, REFERENCE_BYTES);
        break;
      case STEP_SESSION:
        at = writeQuoted(at, SESSION_AT, REFERENCE_BYTES);
        break;
      case STEP_COMMITMENT:
        at = leaveCommitment(at, argument);
        break;
      case STEP_HOLE:
        hole = at;
        break;
      case STEP_NAME:
        at = writeText(at, name, nameEnd);
        break;
      case STEP_MESSAGE:
        at = writeText(at, message, messageEnd);
        break;
      default: {
        const value = VALUES_AT + (argument << 3);
        at = writeValue(at, load<u32>(step), load<u32>(value), load<u32>(value, 4));
      }
    }
    if (at === 0) return 0;
  }
  return at;
}

/** Leaves room for a commitment, which is not known yet. */
function leaveCommitment(out: usize, group: u32): usize {
  store<u8>(out, QUOTE);
  store<u8>(out + 1 + COMMITMENT_BYTES, QUOTE);
  if (group === 0) content = out + 1;
  else if (group === 1) identity = out + 1;
  else network = out + 1;
  return out + 2 + COMMITMENT_BYTES;
}

function writeId8(out: usize, id: usize): usize {
  store<u8>(out, QUOTE);
  const at = writeHex8(out + 1, id);
  store<u8>(at, QUOTE);
  return at + 1;
}

function writeTimestamp(out: usize): usize {
  const time = load<u64>(startTime);
  let fraction = time - second;
  if (time < second || fraction >= NANOS_PER_SECOND) {
    const seconds = time / NANOS_PER_SECOND;
    second = seconds * NANOS_PER_SECOND;
    fraction = time - second;
    store<u8>(writeSecond(SECOND_AT, seconds), POINT);
  }
  store<u8>(out, QUOTE);
  const at = writeNineDigits(copy(out + 1, SECOND_AT, SECOND_BYTES), <u32>fraction);
  store<u16>(at, Z_QUOTE);
  return at + 2;
}

function writeDuration(out: usize): usize {
  const start = load<u64>(startTime);
  const end = load<u64>(endTime);
  return end < start || end - start > MAX_SAFE_INTEGER ? 0 : writeInteger(out, end - start);
}

function writeText(out: usize, start: usize, end: usize): usize {
  return end - start > MAX_STRING_LENGTH ? 0 : writeString(out, start, end - start);
}

/** Writes an ordinary value of what a step takes. */
function writeValue(out: usize, step: u32, start: usize, end: usize): usize {
  if (step === STEP_LIST) return writeList(out, start, end);
  if (step === STEP_TIME) return writeTime(out, start, end);
  if (step === STEP_ANY || step === STEP_TEXT) {
    const text = stringStart(start, end);
    if (text !== 0) return writeText(out, text, end);
  }
  if (step === STEP_TEXT) return 0;
  const integer = smallInteger(start, end);
  if (integer !== NO_INTEGER)
    return step === STEP_SHORT && integer > MAX_PORT ? 0 : writeInteger(out, integer);
  return step === STEP_ANY ? writeAny(out, start, end) : 0;
}

/** Writes a value that is neither text nor number. */
function writeAny(out: usize, start: usize, end: usize): usize {
  const boolean = booleanOf(start, end);
  if (boolean === NO_BOOLEAN) return listStart(start, end) === 0 ? 0 : writeList(out, start, end);
  store<u32>(out, boolean === 1 ? TRUE : FALS);
  store<u8>(out, E, 4);
  return out + (boolean === 1 ? 4 : 5);
}

/** Writes a list of texts; one text that is in no list is a list of it. */
function writeList(out: usize, start: usize, end: usize): usize {
  store<u8>(out, OPEN_BRACKET);
  let at = out + 1;
  const text = stringStart(start, end);
  if (text !== 0) {
    at = writeText(at, text, end);
    if (at === 0) return 0;
  } else {
    let item = listStart(start, end);
    if (item === 0) return 0;
    for (let count: u32 = 0; item < end; count++) {
      const stop = itemEnd(item, end);
      const itemText = stop === 0 || count === MAX_LIST_LENGTH ? 0 : stringStart(itemStart(item), stop);
      if (itemText === 0) return 0;
      if (count > 0) store<u8>(at++, COMMA);
      at = writeText(at, itemText, stop);
      if (at === 0) return 0;
      item = stop;
    }
  }
  store<u8>(at, CLOSE_BRACKET);
  return at + 1;
}

/** Writes seconds since 1970 (a JWT's NumericDate) as RFC 3339. */
function writeTime(out: usize, start: usize, end: usize): usize {
  const seconds = smallInteger(start, end);
  if (seconds === NO_INTEGER || seconds >= SECONDS_END) return 0;
  store<u8>(out, QUOTE);
  const at = writeSecond(out + 1, seconds);
  store<u16>(at, Z_QUOTE);
  return at + 2;
}
