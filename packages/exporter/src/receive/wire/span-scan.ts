import type { ShapeNode, ShapeTrie } from '../shape/shape-trie.ts';
import { MAX_KEY_BYTES, MAX_LEARNED_ATTRIBUTES } from '../limits.ts';

// opentelemetry/proto/trace/v1/trace.proto, as `number << 3 | wire type`. `span-message.ts` has the same ones: constants
// that were imported made the scan take half as long again.
const TRACE_ID = (1 << 3) | 2;
const SPAN_ID = (2 << 3) | 2;
const TRACE_STATE = (3 << 3) | 2;
const PARENT_SPAN_ID = (4 << 3) | 2;
const NAME = (5 << 3) | 2;
const KIND = 6 << 3;
const START_TIME = (7 << 3) | 1;
const END_TIME = (8 << 3) | 1;
const ATTRIBUTE = (9 << 3) | 2;
const DROPPED_ATTRIBUTES = 10 << 3;
const DROPPED_EVENTS = 12 << 3;
const DROPPED_LINKS = 14 << 3;
const STATUS = (15 << 3) | 2;
/** Field 16: the tag takes two bytes. */
const FLAGS = [(((16 << 3) | 5) & 0x7f) | 0x80, 1] as const;
const KEY = (1 << 3) | 2;
const VALUE = (2 << 3) | 2;
const STATUS_MESSAGE = (2 << 3) | 2;
const STATUS_CODE = 3 << 3;

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;
const LARGEST_KIND = 5;
const LARGEST_STATUS_CODE = 2;

// Of fields that may stand once: seen already.
const SEEN_TRACE = 1;
const SEEN_SPAN = 2;
const SEEN_PARENT = 4;
const SEEN_NAME = 8;
const SEEN_KIND = 16;
const SEEN_START = 32;
const SEEN_END = 64;
const SEEN_STATUS = 128;
const NEEDED = SEEN_TRACE | SEEN_SPAN | SEEN_START | SEEN_END;

/**
 * Where the parts of an ordinary `Span` message are, without any of them being decoded. Ordinary is what
 * instrumentations write: each field once, ids that are whole, no events, no links. Whatever is not ordinary, and
 * whatever may be malformed, is left to `readSpan`, which says what is wrong with it: the scan need not know all that is
 * right, but what it takes, `readSpan` would take too.
 *
 * Of values it notes the place alone: who uses one has to check it.
 */
export class SpanScan<Shape> {
  /** Offset of the first byte of each; 0 for a parent that there is none. */
  traceId = 0;
  spanId = 0;
  parentId = 0;
  startTime = 0;
  endTime = 0;
  /** First byte, and just past the last. */
  name = 0;
  nameEnd = 0;
  message = 0;
  messageEnd = 0;
  kind = 0;
  statusCode = 0;
  /** How many attributes there are. */
  attributes = 0;
  /** Of attribute i, where its `AnyValue` message begins (2 i) and ends (2 i + 1). */
  readonly values: Uint32Array = new Uint32Array(2 * MAX_LEARNED_ATTRIBUTES);

  /**
   * Scans one span.
   *
   * @param bytes - the whole request
   * @param start - offset of the message's first byte
   * @param end - offset just past its last
   * @returns the place of its attribute keys in the trie; undefined for a span that is not ordinary
   */
  scan(bytes: Uint8Array, start: number, end: number, trie: ShapeTrie<Shape>): ShapeNode<Shape> | undefined {
    let node = trie.root;
    let seen = 0;
    let at = start;
    this.attributes = 0;
    this.parentId = this.name = this.nameEnd = this.message = this.messageEnd = 0;
    this.kind = this.statusCode = 0;
    while (at < end) {
      const tag = bytes[at++] ?? 0;
      if (tag === ATTRIBUTE) {
        const stop = lengthEnd(bytes, at, end);
        const keyAt = contentAt(bytes, at);
        if (stop === 0 || bytes[keyAt] !== KEY) return undefined;
        const keyEnd = lengthEnd(bytes, keyAt + 1, stop);
        const key = contentAt(bytes, keyAt + 1);
        if (keyEnd === 0 || keyEnd - key > MAX_KEY_BYTES || bytes[keyEnd] !== VALUE) return undefined;
        // The value is all the rest.
        if (keyEnd >= stop || lengthEnd(bytes, keyEnd + 1, stop) !== stop) return undefined;
        const following = trie.follow(node, bytes, key, keyEnd);
        if (following === undefined || this.attributes === MAX_LEARNED_ATTRIBUTES) return undefined;
        node = following;
        this.values[2 * this.attributes] = contentAt(bytes, keyEnd + 1);
        this.values[2 * this.attributes++ + 1] = stop;
        at = stop;
        continue;
      }
      switch (tag) {
        case TRACE_ID:
          if ((seen & SEEN_TRACE) !== 0 || !isId(bytes, at, end, TRACE_ID_BYTES)) return undefined;
          seen |= SEEN_TRACE;
          this.traceId = at + 1;
          at += 1 + TRACE_ID_BYTES;
          break;
        case SPAN_ID:
          if ((seen & SEEN_SPAN) !== 0 || !isId(bytes, at, end, SPAN_ID_BYTES)) return undefined;
          seen |= SEEN_SPAN;
          this.spanId = at + 1;
          at += 1 + SPAN_ID_BYTES;
          break;
        case PARENT_SPAN_ID:
          if ((seen & SEEN_PARENT) !== 0) return undefined;
          seen |= SEEN_PARENT;
          if (bytes[at] === 0 && at < end) {
            at++;
            break;
          }
          if (!isId(bytes, at, end, SPAN_ID_BYTES)) return undefined;
          this.parentId = at + 1;
          at += 1 + SPAN_ID_BYTES;
          break;
        case NAME: {
          const stop = lengthEnd(bytes, at, end);
          if ((seen & SEEN_NAME) !== 0 || stop === 0) return undefined;
          seen |= SEEN_NAME;
          this.name = contentAt(bytes, at);
          this.nameEnd = stop;
          at = stop;
          break;
        }
        case KIND: {
          const kind = bytes[at++] ?? 0;
          if ((seen & SEEN_KIND) !== 0 || at > end || kind > 0x7f) return undefined;
          seen |= SEEN_KIND;
          this.kind = kind <= LARGEST_KIND ? kind : 0;
          break;
        }
        case START_TIME:
          if ((seen & SEEN_START) !== 0) return undefined;
          seen |= SEEN_START;
          this.startTime = at;
          at += 8;
          break;
        case END_TIME:
          if ((seen & SEEN_END) !== 0) return undefined;
          seen |= SEEN_END;
          this.endTime = at;
          at += 8;
          break;
        case STATUS: {
          const stop = lengthEnd(bytes, at, end);
          if ((seen & SEEN_STATUS) !== 0 || stop === 0) return undefined;
          seen |= SEEN_STATUS;
          if (!this.#scanStatus(bytes, contentAt(bytes, at), stop)) return undefined;
          at = stop;
          break;
        }
        case TRACE_STATE: {
          const stop = lengthEnd(bytes, at, end);
          if (stop === 0 || !isAscii(bytes, at, stop)) return undefined;
          at = stop;
          break;
        }
        case DROPPED_ATTRIBUTES:
        case DROPPED_EVENTS:
        case DROPPED_LINKS:
          if (at >= end || (bytes[at++] ?? 0) > 0x7f) return undefined;
          break;
        case FLAGS[0]:
          if (bytes[at++] !== FLAGS[1]) return undefined;
          at += 4;
          break;
        default:
          return undefined;
      }
    }
    return at === end && (seen & NEEDED) === NEEDED ? node : undefined;
  }

  #scanStatus(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start;
    if (bytes[at] === STATUS_MESSAGE && at < end) {
      const stop = lengthEnd(bytes, at + 1, end);
      if (stop === 0) return false;
      this.message = contentAt(bytes, at + 1);
      this.messageEnd = stop;
      at = stop;
    }
    if (bytes[at] === STATUS_CODE && at + 1 < end) {
      const code = bytes[at + 1] ?? 0;
      if (code > 0x7f) return false;
      this.statusCode = code <= LARGEST_STATUS_CODE ? code : 0;
      at += 2;
    }
    return at === end;
  }
}

/** Just past the content of a field whose length stands at an offset; 0 where it is longer than 2^14, or overruns `end`. */
function lengthEnd(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at] ?? 0;
  const second = bytes[at + 1] ?? 0;
  const stop = first < 0x80 ? at + 1 + first : at + 2 + (first & 0x7f) + second * 0x80;
  return stop > end || (first >= 0x80 && second >= 0x80) ? 0 : stop;
}

/** Where the content begins of a field whose length {@link lengthEnd} understood. */
function contentAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) < 0x80 ? at + 1 : at + 2;
}

/** Whether an id of a size stands here with its length before it, and is not all zero. */
function isId(bytes: Uint8Array, at: number, end: number, sizeBytes: number): boolean {
  if (bytes[at] !== sizeBytes || at + 1 + sizeBytes > end) return false;
  let bits = 0;
  for (let i = at + 1; i <= at + sizeBytes; i++) bits |= bytes[i] ?? 0;
  return bits !== 0;
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = contentAt(bytes, start); i < end; i++) if ((bytes[i] ?? 0) > 0x7f) return false;
  return true;
}
