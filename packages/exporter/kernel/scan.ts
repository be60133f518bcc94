// The scan of `receive/wire/span-scan.ts`, condition by condition: what one of them takes, the other takes too.
import { KEYS_AT, VALUES_AT } from '../src/receive/kernel/layout';

const MAX_KEY_BYTES: usize = 1024;
const MAX_LEARNED_ATTRIBUTES: u32 = 128;

const TRACE_ID: u32 = 10;
const SPAN_ID: u32 = 18;
const TRACE_STATE: u32 = 26;
const PARENT_SPAN_ID: u32 = 34;
const NAME: u32 = 42;
const KIND: u32 = 48;
const START_TIME: u32 = 57;
const END_TIME: u32 = 65;
const ATTRIBUTE: u32 = 74;
const DROPPED_ATTRIBUTES: u32 = 80;
const DROPPED_EVENTS: u32 = 96;
const DROPPED_LINKS: u32 = 112;
const STATUS: u32 = 122;
const FLAGS: u32 = 0x85;
const KEY: u32 = 10;
const VALUE: u32 = 18;
const STATUS_MESSAGE: u32 = 18;
const STATUS_CODE: u32 = 24;

const SEEN_TRACE: u32 = 1;
const SEEN_SPAN: u32 = 2;
const SEEN_PARENT: u32 = 4;
const SEEN_NAME: u32 = 8;
const SEEN_KIND: u32 = 16;
const SEEN_START: u32 = 32;
const SEEN_END: u32 = 64;
const SEEN_STATUS: u32 = 128;
const NEEDED: u32 = SEEN_TRACE | SEEN_SPAN | SEEN_START | SEEN_END;

const PRIME: u32 = 0x01000193;

/** Where the parts of the span are that was scanned last; 0 for a parent that there is none. */
export let traceId: usize = 0;
export let spanId: usize = 0;
export let parentId: usize = 0;
export let startTime: usize = 0;
export let endTime: usize = 0;
export let name: usize = 0;
export let nameEnd: usize = 0;
export let message: usize = 0;
export let messageEnd: usize = 0;
export let kind: u32 = 0;
export let statusCode: u32 = 0;
export let attributes: u32 = 0;
/** Of its kind and keys. */
export let hash: u32 = 0;

/** Scans one span; false for one that is not ordinary. */
export function scan(start: usize, end: usize): bool {
  let at = start;
  let seen: u32 = 0;
  let count: u32 = 0;
  let keys: u32 = 0;
  parentId = name = nameEnd = message = messageEnd = 0;
  kind = statusCode = 0;
  while (at < end) {
    const tag = <u32>load<u8>(at++);
    if (tag === ATTRIBUTE) {
      const stop = lengthEnd(at, end);
      const keyAt = contentAt(at);
      if (stop === 0 || load<u8>(keyAt) !== KEY) return false;
      const keyEnd = lengthEnd(keyAt + 1, stop);
      const key = contentAt(keyAt + 1);
      if (keyEnd === 0 || keyEnd - key > MAX_KEY_BYTES || load<u8>(keyEnd) !== VALUE) return false;
      if (keyEnd >= stop || lengthEnd(keyEnd + 1, stop) !== stop) return false;
      if (count === MAX_LEARNED_ATTRIBUTES) return false;
      keys = addToHash(keys, key, keyEnd - key);
      const place = count << 3;
      store<u32>(KEYS_AT + place, <u32>key);
      store<u32>(KEYS_AT + place + 4, <u32>(keyEnd - key));
      store<u32>(VALUES_AT + place, <u32>contentAt(keyEnd + 1));
      store<u32>(VALUES_AT + place + 4, <u32>stop);
      count++;
      at = stop;
      continue;
    }
    switch (tag) {
      case TRACE_ID:
        if ((seen & SEEN_TRACE) !== 0 || !isId(at, end, 16)) return false;
        seen |= SEEN_TRACE;
        traceId = at + 1;
        at += 17;
        break;
      case SPAN_ID:
        if ((seen & SEEN_SPAN) !== 0 || !isId(at, end, 8)) return false;
        seen |= SEEN_SPAN;
        spanId = at + 1;
        at += 9;
        break;
      case PARENT_SPAN_ID:
        if ((seen & SEEN_PARENT) !== 0) return false;
        seen |= SEEN_PARENT;
        if (at < end && load<u8>(at) === 0) {
          at++;
          break;
        }
        if (!isId(at, end, 8)) return false;
        parentId = at + 1;
        at += 9;
        break;
      case NAME: {
        const stop = lengthEnd(at, end);
        if ((seen & SEEN_NAME) !== 0 || stop === 0) return false;
        seen |= SEEN_NAME;
        name = contentAt(at);
        nameEnd = stop;
        at = stop;
        break;
      }
      case KIND: {
        const value = <u32>load<u8>(at++);
        if ((seen & SEEN_KIND) !== 0 || at > end || value > 0x7f) return false;
        seen |= SEEN_KIND;
        kind = value <= 5 ? value : 0;
        break;
      }
      case START_TIME:
        if ((seen & SEEN_START) !== 0) return false;
        seen |= SEEN_START;
        startTime = at;
        at += 8;
        break;
      case END_TIME:
        if ((seen & SEEN_END) !== 0) return false;
        seen |= SEEN_END;
        endTime = at;
        at += 8;
        break;
      case STATUS: {
        const stop = lengthEnd(at, end);
        if ((seen & SEEN_STATUS) !== 0 || stop === 0) return false;
        seen |= SEEN_STATUS;
        if (!scanStatus(contentAt(at), stop)) return false;
        at = stop;
        break;
      }
      case TRACE_STATE: {
        const stop = lengthEnd(at, end);
        if (stop === 0 || !isAscii(contentAt(at), stop)) return false;
        at = stop;
        break;
      }
      case DROPPED_ATTRIBUTES:
      case DROPPED_EVENTS:
      case DROPPED_LINKS:
        if (at >= end || load<u8>(at++) > 0x7f) return false;
        break;
      case FLAGS:
        if (load<u8>(at++) !== 1) return false;
        at += 4;
        break;
      default:
        return false;
    }
  }
  attributes = count;
  hash = keys ^ kind;
  return at === end && (seen & NEEDED) === NEEDED;
}

/** Takes a key into a hash: its length, its first byte and its last. */
export function addToHash(hash: u32, key: usize, length: usize): u32 {
  if (length === 0) return hash * PRIME;
  const two = (<u32>load<u8>(key) << 8) | (<u32>load<u8>(key + length - 1) << 16);
  return (hash ^ <u32>length ^ two) * PRIME;
}

function scanStatus(start: usize, end: usize): bool {
  let at = start;
  if (at < end && load<u8>(at) === STATUS_MESSAGE) {
    const stop = lengthEnd(at + 1, end);
    if (stop === 0) return false;
    message = contentAt(at + 1);
    messageEnd = stop;
    at = stop;
  }
  if (at + 1 < end && load<u8>(at) === STATUS_CODE) {
    const code = <u32>load<u8>(at + 1);
    if (code > 0x7f) return false;
    statusCode = code <= 2 ? code : 0;
    at += 2;
  }
  return at === end;
}

/** Just past the content of a field whose length stands here; 0 where it is longer than 2^14, or overruns `end`. */
function lengthEnd(at: usize, end: usize): usize {
  const first = <usize>load<u8>(at);
  if (first < 0x80) {
    const stop = at + 1 + first;
    return stop > end ? 0 : stop;
  }
  const second = <usize>load<u8>(at, 1);
  const stop = at + 2 + (first & 0x7f) + second * 0x80;
  return stop > end || second >= 0x80 ? 0 : stop;
}

@inline
function contentAt(at: usize): usize {
  return load<u8>(at) < 0x80 ? at + 1 : at + 2;
}

function isId(at: usize, end: usize, sizeBytes: usize): bool {
  if (load<u8>(at) !== sizeBytes || at + 1 + sizeBytes > end) return false;
  return sizeBytes === 8 ? load<u64>(at + 1) !== 0 : (load<u64>(at + 1) | load<u64>(at + 9)) !== 0;
}

function isAscii(start: usize, end: usize): bool {
  for (let i = start; i < end; i++) if (load<u8>(i) > 0x7f) return false;
  return true;
}
