/**
 * Canonical records read by their shape: what is left of a record's bytes without the characters of its string values
 * and the digits of its numbers. Whether the bytes are RFC 8785 depends on the shape (names, their order, punctuation)
 * and, each for itself, on the values. So a shape that the parser has accepted once need not be parsed again: records
 * of one kind have the same shape, and comparing bytes is ten times faster than parsing them.
 *
 * It never accepts what the parser would refuse. What it cannot judge (a shape that is new, escapes, characters beyond
 * ASCII, numbers that are no plain integers) is for the parser.
 */
import { readEntryFields } from './entry-fields.ts';

/** The fields that a verifier needs of a record, as offsets and numbers. */
export interface ShapedFields {
  /** `audit.ledger.index`; -1 if the record has none. */
  index: number;
  /** `audit.sequence.number`; -1 if the record has none. */
  number: number;
  /** Where each string begins; -1 if the record has none. In the bytes that were read, without quotes. */
  originStart: number;
  originEnd: number;
  previousStart: number;
  previousEnd: number;
  recordIdStart: number;
  recordIdEnd: number;
  streamIdStart: number;
  streamIdEnd: number;
}

/** What {@link RecordShapes} needs past the end of the bytes that it reads: zeros, which end every value. */
export const SHAPE_PADDING_BYTES = 64;

/** The most pieces that are learnt; past that all are forgotten and learnt anew. */
const MAX_PIECES = 8_192;

/** The most pieces that may follow one, of which the oldest leaves: more would take longer to search than to parse. */
export const MAX_FOLLOWERS = 16;

/** The longest piece of a shape: longer ones are not worth keeping, and names come from outside. */
const MAX_PIECE_BYTES = 1_024;

/** Integers up to here are exact whatever their digits are. */
const MAX_DIGITS = 15;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;

/** For each byte: 0 within a string, 1 its end, 2 for the parser. */
const STRING_BYTES: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte === QUOTE ? 1 : byte < 0x20 || byte === BACKSLASH || byte >= 0x80 ? 2 : 0,
);

/** Which field a value is; none is number 0. */
export const SHAPE_ROLES = [
  'none',
  'audit.ledger.index',
  'audit.ledger.origin',
  'audit.ledger.previous',
  'audit.record.id',
  'audit.sequence.number',
  'audit.sequence.stream_id',
] as const;
type Role = (typeof SHAPE_ROLES)[number];
const [NONE, INDEX, ORIGIN, PREVIOUS, RECORD_ID, NUMBER, STREAM_ID] = [0, 1, 2, 3, 4, 5, 6];

/** The bytes between two values, and what kind of value follows. */
export interface ShapePiece {
  bytes: Uint8Array;
  value: 'none' | 'string' | 'number';
  /** Index into {@link SHAPE_ROLES}. */
  role: number;
}

/** A piece, made ready for comparing, and what may come after it. */
interface Piece extends ShapePiece {
  /** The bytes by fours, little-endian; the last word is filled up with zeros. */
  words: Int32Array;
  /** Which bits of the last word count. */
  lastMask: number;
  followers: Piece[];
}

/** Reads records by the shapes that it has learnt. */
export interface ShapeReader {
  readonly fields: ShapedFields;
  /**
   * Reads a record into `fields`.
   *
   * @param bytes hold it; {@link SHAPE_PADDING_BYTES} more have to follow
   * @param view of the same bytes
   * @param end where it ends
   * @returns true if the bytes are a canonical record; false if only the parser can tell
   */
  read(bytes: Uint8Array, view: DataView, start: number, end: number): boolean;
}

/** A {@link ShapeReader} in JavaScript. */
export class RecordShapes implements ShapeReader {
  readonly fields: ShapedFields = noFields();
  #first: Piece[] = [];
  #pieces = 0;

  read(bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
    if (this.#match(bytes, view, start, end)) return true;
    return this.#learn(bytes, start, end) && this.#match(bytes, view, start, end);
  }

  #match(bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
    const { fields } = this;
    fields.index = -1;
    fields.number = -1;
    fields.originStart = -1;
    fields.previousStart = -1;
    fields.recordIdStart = -1;
    fields.streamIdStart = -1;
    let at = start;
    let choices = this.#first;
    for (;;) {
      const piece = findPiece(choices, view, at);
      if (piece === undefined) return false;
      at += piece.bytes.length;
      if (piece.value === 'none') return at === end;
      const valueStart = at;
      if (piece.value === 'string') {
        at = endOfString(bytes, view, at);
        if (at < 0 || at >= end) return false;
      } else {
        const digit = bytes[at] ?? 0;
        let value = 0;
        for (let byte = digit; byte >= ZERO && byte <= NINE; byte = bytes[++at] ?? 0)
          value = value * 10 + (byte - ZERO);
        const digits = at - valueStart;
        if (digits === 0 || digits > MAX_DIGITS || (digit === ZERO && digits > 1) || at >= end) return false;
        if (piece.role === INDEX) fields.index = value;
        else if (piece.role === NUMBER) fields.number = value;
      }
      if (piece.role !== NONE) this.#note(piece.role, valueStart, at);
      choices = piece.followers;
    }
  }

  #note(role: number, start: number, end: number): void {
    const { fields } = this;
    if (role === ORIGIN) {
      fields.originStart = start;
      fields.originEnd = end;
    } else if (role === PREVIOUS) {
      fields.previousStart = start;
      fields.previousEnd = end;
    } else if (role === RECORD_ID) {
      fields.recordIdStart = start;
      fields.recordIdEnd = end;
    } else if (role === STREAM_ID) {
      fields.streamIdStart = start;
      fields.streamIdEnd = end;
    }
  }

  /** Takes note of a record's shape if the parser accepts the record. */
  #learn(bytes: Uint8Array, start: number, end: number): boolean {
    const pieces = shapeOf(bytes.subarray(start, end));
    if (pieces === undefined) return false;
    if (this.#pieces + pieces.length > MAX_PIECES) {
      this.#first = [];
      this.#pieces = 0;
    }
    let choices = this.#first;
    for (const piece of pieces) {
      let known = choices.find((other) => isSamePiece(other, piece));
      if (known === undefined) {
        if (choices.length >= MAX_FOLLOWERS) choices.shift();
        known = { ...piece, ...toWords(piece.bytes), followers: [] };
        choices.push(known);
        this.#pieces += 1;
      }
      choices = known.followers;
    }
    return true;
  }
}

/** The fields of a record that has none. */
export function noFields(): ShapedFields {
  return {
    index: -1,
    number: -1,
    originStart: -1,
    originEnd: -1,
    previousStart: -1,
    previousEnd: -1,
    recordIdStart: -1,
    recordIdEnd: -1,
    streamIdStart: -1,
    streamIdEnd: -1,
  };
}

/** The piece that stands at an offset. */
function findPiece(choices: readonly Piece[], view: DataView, at: number): Piece | undefined {
  for (let choice = 0; choice < choices.length; choice++) {
    const piece = choices[choice];
    if (piece !== undefined && standsAt(piece, view, at)) return piece;
  }
  return undefined;
}

function standsAt({ words, lastMask }: Piece, view: DataView, at: number): boolean {
  const last = words.length - 1;
  if (at + 4 * words.length > view.byteLength) return false;
  for (let i = 0; i < last; i++) if (view.getInt32(at + 4 * i, true) !== words[i]) return false;
  return (view.getInt32(at + 4 * last, true) & lastMask) === words[last];
}

/** Where the string ends whose characters begin at an offset; -1 if only the parser can tell. */
function endOfString(bytes: Uint8Array, view: DataView, start: number): number {
  let at = start;
  const last = view.byteLength - 4;
  while (at <= last) {
    // Four bytes at once: the highest bit of a byte is set if it is a quote, a backslash, a control or not ASCII.
    const word = view.getInt32(at, true);
    const quote = word ^ 0x22222222;
    const backslash = word ^ 0x5c5c5c5c;
    const special =
      word |
      ((word - 0x20202020) & ~word) |
      ((quote - 0x01010101) & ~quote) |
      ((backslash - 0x01010101) & ~backslash);
    if ((special & 0x80808080) !== 0) break;
    at += 4;
  }
  for (;;) {
    const kind = STRING_BYTES[bytes[at] ?? 0];
    if (kind === 1) return at;
    if (kind === 2) return -1;
    at += 1;
  }
}

/**
 * The shape of a record; undefined if the parser does not accept it, or it is one that has to be parsed every time.
 *
 * @param record alone
 */
export function shapeOf(record: Uint8Array): ShapePiece[] | undefined {
  const parsed = readEntryFields(record);
  if (!parsed.ok) return undefined;
  const { hasPrevious, previous, keyStatement, hasSkipped, gap, minimumIndex } = parsed.value;
  // No sound record has a `previous` of another type than a string; statements about keys, about numbers that were
  // left out or are missing, and about entries that were pruned, are looked at one by one.
  const isStatement =
    keyStatement !== undefined || hasSkipped === true || gap !== undefined || minimumIndex !== undefined;
  if ((hasPrevious && previous === undefined) || isStatement) return undefined;
  const pieces = cutIntoPieces(record);
  return pieces.some(({ bytes }) => bytes.length > MAX_PIECE_BYTES) ? undefined : pieces;
}

/** The pieces of a canonical record, up to the end of it. */
function cutIntoPieces(record: Uint8Array): ShapePiece[] {
  const pieces: ShapePiece[] = [];
  /** The names on the way to where we are; undefined for an array. */
  const path: (string | undefined)[] = [];
  let pieceStart = 0;
  let at = 0;
  const add = (value: ShapePiece['value']): void => {
    const bytes = new Uint8Array(record.subarray(pieceStart, at));
    const role = value === 'none' ? 'none' : roleOf(path, value);
    pieces.push({ bytes, value, role: SHAPE_ROLES.indexOf(role) });
  };
  while (at < record.length) {
    const byte = record[at] ?? 0;
    if (byte === QUOTE) {
      const end = skipString(record, at + 1);
      if (record[end + 1] === COLON) {
        path[path.length - 1] = String.fromCharCode(...record.subarray(at + 1, end));
        at = end + 2;
      } else {
        at += 1;
        add('string');
        pieceStart = end;
        at = end + 1;
      }
    } else if (byte === MINUS || (byte >= ZERO && byte <= NINE)) {
      add('number');
      while (/[-+.0-9eE]/.test(String.fromCharCode(record[at] ?? 0))) at += 1;
      pieceStart = at;
    } else {
      if (byte === 0x7b || byte === 0x5b) path.push(undefined);
      else if (byte === 0x7d || byte === 0x5d) path.pop();
      at += 1;
    }
  }
  add('none');
  return pieces;
}

function toWords(bytes: Uint8Array): { words: Int32Array; lastMask: number } {
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  const words = Int32Array.from({ length: padded.length / 4 }, (_, i) => view.getInt32(4 * i, true));
  const lastBytes = bytes.length - 4 * (words.length - 1);
  return { words, lastMask: lastBytes === 4 ? -1 : (1 << (8 * lastBytes)) - 1 };
}

function skipString(record: Uint8Array, start: number): number {
  let at = start;
  while (at < record.length && record[at] !== QUOTE) at += record[at] === BACKSLASH ? 2 : 1;
  return at;
}

function roleOf(path: readonly (string | undefined)[], value: 'string' | 'number'): Role {
  const isAtDepth = path.length === 3 && !path.includes(undefined);
  const name = path.join('.');
  const role = isAtDepth ? SHAPE_ROLES.find((known) => known === name) : undefined;
  if (role === undefined) return 'none';
  const isNumber = role === 'audit.ledger.index' || role === 'audit.sequence.number';
  return isNumber === (value === 'number') ? role : 'none';
}

function isSamePiece(a: ShapePiece, b: ShapePiece): boolean {
  return (
    a.value === b.value &&
    a.role === b.role &&
    a.bytes.length === b.bytes.length &&
    a.bytes.every((byte, i) => byte === b.bytes[i])
  );
}
