/**
 * Shapes of records in the memory of a {@link Kernel}, which reads by them. A piece is
 *
 *     0   how many bytes it has           12  what kind of value follows: 0 none, 1 a string, 2 a number
 *     4   another piece for its place     16  where to note the value's place; 0 if nowhere
 *     8   the first piece that may follow 32  its bytes, filled up to sixteen
 *
 * in little-endian numbers of four bytes, addresses of other pieces among them; 0 is none.
 */
import {
  MAX_FOLLOWERS,
  noFields,
  SHAPE_ROLES,
  shapeOf,
  type ShapedFields,
  type ShapePiece,
  type ShapeReader,
} from '../record-shapes.ts';
import { BUNDLE_AT, FIELDS_AT, PIECES_AT, type Kernel } from './kernel.ts';

const [LENGTH, CHOICE, FOLLOWERS, KIND, FIELD, BYTES] = [0, 4, 8, 12, 16, 32];
const KINDS: readonly ShapePiece['value'][] = ['none', 'string', 'number'];
const ALIGNMENT = 16;
const ZERO = 0x30;

/** A {@link ShapeReader} by a kernel. The bytes that it reads are those at {@link BUNDLE_AT}. */
export class KernelShapes implements ShapeReader {
  readonly fields: ShapedFields = noFields();
  readonly #kernel: Kernel;
  #buffer: ArrayBuffer;
  #view: DataView;
  /** For each role where its value begins and ends. */
  #places: Int32Array;
  /** The first of the pieces with which a record can begin. */
  #first = 0;
  /** Where the next piece goes. */
  #next: number = PIECES_AT;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#buffer = kernel.bytes.buffer;
    this.#view = new DataView(this.#buffer);
    this.#places = new Int32Array(this.#buffer, FIELDS_AT, 2 * SHAPE_ROLES.length);
  }

  read(bytes: Uint8Array, _view: DataView, start: number, end: number): boolean {
    if (this.#kernel.bytes.buffer !== this.#buffer) this.#follow();
    if (!this.#match(start, end) && !(this.#learn(bytes.subarray(start, end)) && this.#match(start, end)))
      return false;
    this.#note(bytes);
    return true;
  }

  #match(start: number, end: number): boolean {
    return this.#kernel.readShape(BUNDLE_AT + start, BUNDLE_AT + end, this.#first);
  }

  #note(bytes: Uint8Array): void {
    const { fields } = this;
    const places = this.#places;
    fields.index = numberAt(bytes, (places[2] ?? -1) - BUNDLE_AT, (places[3] ?? -1) - BUNDLE_AT);
    fields.originStart = (places[4] ?? -1) - BUNDLE_AT;
    fields.originEnd = (places[5] ?? -1) - BUNDLE_AT;
    fields.previousStart = (places[6] ?? -1) - BUNDLE_AT;
    fields.previousEnd = (places[7] ?? -1) - BUNDLE_AT;
    fields.recordIdStart = (places[8] ?? -1) - BUNDLE_AT;
    fields.recordIdEnd = (places[9] ?? -1) - BUNDLE_AT;
    fields.number = numberAt(bytes, (places[10] ?? -1) - BUNDLE_AT, (places[11] ?? -1) - BUNDLE_AT);
    fields.streamIdStart = (places[12] ?? -1) - BUNDLE_AT;
    fields.streamIdEnd = (places[13] ?? -1) - BUNDLE_AT;
  }

  #learn(record: Uint8Array): boolean {
    const pieces = shapeOf(record);
    if (pieces === undefined) return false;
    const sizeBytes = pieces.reduce((sum, { bytes }) => sum + pieceSize(bytes.length), 0);
    if (this.#next + sizeBytes > BUNDLE_AT) {
      this.#first = 0;
      this.#next = PIECES_AT;
    }
    let parent = 0;
    for (const piece of pieces) parent = this.#find(parent, piece) ?? this.#add(parent, piece);
    return true;
  }

  /** The piece like this one among those that may follow `parent`. */
  #find(parent: number, { bytes, value, role }: ShapePiece): number | undefined {
    for (let at = this.#firstAfter(parent); at !== 0; at = this.#get(at, CHOICE)) {
      const isSame =
        this.#get(at, LENGTH) === bytes.length &&
        this.#get(at, KIND) === KINDS.indexOf(value) &&
        this.#get(at, FIELD) === fieldOf(role) &&
        bytes.every((byte, i) => byte === this.#view.getUint8(at + BYTES + i));
      if (isSame) return at;
    }
    return undefined;
  }

  #add(parent: number, { bytes, value, role }: ShapePiece): number {
    const piece = this.#next;
    this.#next += pieceSize(bytes.length);
    this.#kernel.bytes.fill(0, piece, this.#next);
    this.#kernel.bytes.set(bytes, piece + BYTES);
    this.#set(piece, LENGTH, bytes.length);
    this.#set(piece, KIND, KINDS.indexOf(value));
    this.#set(piece, FIELD, fieldOf(role));
    let count = 1;
    let last = 0;
    for (let at = this.#firstAfter(parent); at !== 0; at = this.#get(at, CHOICE)) {
      last = at;
      count += 1;
    }
    if (last === 0) this.#setFirstAfter(parent, piece);
    else this.#set(last, CHOICE, piece);
    // The oldest leaves.
    if (count > MAX_FOLLOWERS) this.#setFirstAfter(parent, this.#get(this.#firstAfter(parent), CHOICE));
    return piece;
  }

  #firstAfter(parent: number): number {
    return parent === 0 ? this.#first : this.#get(parent, FOLLOWERS);
  }

  #setFirstAfter(parent: number, piece: number): void {
    if (parent === 0) this.#first = piece;
    else this.#set(parent, FOLLOWERS, piece);
  }

  #get(piece: number, member: number): number {
    return this.#view.getUint32(piece + member, true);
  }

  #set(piece: number, member: number, value: number): void {
    this.#view.setUint32(piece + member, value, true);
  }

  /** Memory that has grown is another buffer. */
  #follow(): void {
    this.#buffer = this.#kernel.bytes.buffer;
    this.#view = new DataView(this.#buffer);
    this.#places = new Int32Array(this.#buffer, FIELDS_AT, 2 * SHAPE_ROLES.length);
  }
}

function fieldOf(role: number): number {
  return role === 0 ? 0 : FIELDS_AT + 8 * role;
}

function pieceSize(length: number): number {
  return BYTES + Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}

/** The number in some digits; -1 if there are none. */
function numberAt(bytes: Uint8Array, start: number, end: number): number {
  if (start < 0) return -1;
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + ((bytes[at] ?? 0) - ZERO);
  return value;
}
