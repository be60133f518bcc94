import { Buffer } from 'node:buffer';
import type { JsonKernel } from '../kernel/json-kernel.ts';
import { MAX_JSON_CONTAINERS, MAX_VALUE_DEPTH } from '../limits.ts';
import { isBase64 } from './json-fields.ts';
import { type Halves, takeCount, takeDouble, takeInt64, takeUint64 } from './json-numbers.ts';
import { JsonScan } from './json-scan.ts';
import { skipValue, takeBoolean, takeNull } from './json-skip.ts';
import { copyHex, copyText } from './json-strings.ts';
import { MessageWriter } from './message-writer.ts';
import { takePlainAttribute } from './plain-attribute.ts';
import { type Field, KEY_VALUE, type Message, TRACE_REQUEST } from './trace-messages.ts';
import { UnusualJson } from './unusual-json.ts';

const QUOTE = 0x22;
const MAX_BITS = 2 ** 32 - 1;

/**
 * Writes an `ExportTraceServiceRequest` of OTLP/JSON as protobuf, without building anything of it. Decoded, both are the
 * same; what is malformed, and what may be, is not written.
 *
 * @param bytes - text that is valid UTF-8
 * @param out - of as many bytes at the least: JSON says nothing in fewer than protobuf
 * @param kernel - takes attributes, where the text and what is written are in its memory
 * @returns how many bytes were written; undefined for a request that `decodeJsonTraceRequest` has to look at
 */
export function transcodeJson(
  bytes: Uint8Array,
  out: Uint8Array,
  kernel?: Pick<JsonKernel, 'takeAttributes'>,
): number | undefined {
  const writer = new MessageWriter(out);
  try {
    new RequestTranscoding(new JsonScan(bytes), writer, kernel).run();
  } catch (error) {
    if (error instanceof UnusualJson) return undefined;
    throw error;
  }
  return writer.length <= out.length ? writer.length : undefined;
}

class RequestTranscoding {
  readonly #scan: JsonScan;
  readonly #writer: MessageWriter;
  readonly #kernel: Pick<JsonKernel, 'takeAttributes'> | undefined;
  readonly #time: Halves = { high: 0, low: 0 };

  constructor(scan: JsonScan, writer: MessageWriter, kernel: Pick<JsonKernel, 'takeAttributes'> | undefined) {
    this.#scan = scan;
    this.#writer = writer;
    this.#kernel = kernel;
  }

  run(): void {
    this.#message(TRACE_REQUEST, 0);
    if (!this.#scan.isAtEnd() || this.#scan.containers > MAX_JSON_CONTAINERS) throw new UnusualJson();
  }

  /** @param depth - how many lists and maps of an attribute's value it is in */
  #message(message: Message, depth: number): void {
    const scan = this.#scan;
    let seen = 0;
    let present = 0;
    let choice: Field | undefined;
    let chosen = 0;
    let guess = message.first;
    for (let isMore = scan.openObject(); isMore; isMore = scan.nextMember()) {
      const field = scan.member(message.names, guess);
      guess = field?.next;
      if (field === undefined) {
        skipValue(scan);
        continue;
      }
      // Of two members with one name the last one counts; of two alternatives not always the first.
      if ((seen & field.bit) !== 0) throw new UnusualJson();
      seen |= field.bit;
      if (takeNull(scan)) continue;
      if (field.kind === 'choice') {
        choice = field;
        chosen = takeCount(scan);
      } else if (this.#field(field, depth)) present |= field.bit;
    }
    if ((present & message.required) !== message.required) throw new UnusualJson();
    if (choice !== undefined) {
      // After all else: that is where templates look for the code of a status.
      this.#writer.tag(choice.tag);
      this.#writer.varint(chosen);
    }
  }

  /** Takes a field's value; returns whether that is anything. */
  #field(field: Field, depth: number): boolean {
    const scan = this.#scan;
    const writer = this.#writer;
    const { kind, tag, size } = field;
    switch (kind) {
      case 'list':
        this.#list(field, depth);
        return true;
      case 'message':
        this.#within(field, depth);
        return true;
      case 'text':
        scan.expect(QUOTE);
        this.#text(tag, size);
        return true;
      case 'id':
        return this.#id(tag, size);
      case 'choice':
      case 'count':
        writer.tag(tag);
        writer.varint(takeCount(scan));
        return true;
      case 'bits': {
        const bits = takeCount(scan);
        if (bits > MAX_BITS) throw new UnusualJson();
        writer.tag(tag);
        writer.fixed32(bits);
        return true;
      }
      case 'time':
        takeUint64(scan, this.#time);
        writer.tag(tag);
        writer.fixed64(this.#time.high, this.#time.low);
        return true;
      case 'boolean':
        writer.tag(tag);
        writer.varint(takeBoolean(scan) ? 1 : 0);
        return true;
      case 'integer': {
        const value = takeInt64(scan);
        writer.tag(tag);
        if (typeof value === 'number') writer.varint(value);
        else writer.int64(value);
        return true;
      }
      case 'double':
        writer.tag(tag);
        writer.double(takeDouble(scan));
        return true;
      case 'base64':
        this.#base64(tag);
        return true;
    }
  }

  #within({ tag, message }: Field, depth: number): void {
    const inner = message.isNested ? depth + 1 : depth;
    if (inner > MAX_VALUE_DEPTH) throw new UnusualJson();
    const start = this.#writer.open(tag);
    this.#message(message, inner);
    this.#writer.close(start);
  }

  #list(field: Field, depth: number): void {
    const scan = this.#scan;
    const { message, size } = field;
    let count = 0;
    for (let isMore = scan.openList(); isMore; isMore = scan.nextItem()) {
      const taken = message === KEY_VALUE ? this.#plainAttributes(field.tag) : 0;
      if (taken === 0) this.#within(field, depth);
      count += taken || 1;
      if (count > size) throw new UnusualJson();
    }
  }

  /** Takes the attributes that come next, if they are plain; returns how many they are. */
  #plainAttributes(tag: number): number {
    if (this.#kernel !== undefined) return this.#kernel.takeAttributes(this.#scan, this.#writer, tag);
    return takePlainAttribute(this.#scan, this.#writer, tag) ? 1 : 0;
  }

  /** Takes a string from the byte after its quote on. */
  #text(tag: number, maxBytes: number): void {
    const writer = this.#writer;
    const start = writer.open(tag);
    copyText(this.#scan, writer);
    if (writer.length - start > maxBytes) throw new UnusualJson();
    writer.close(start);
  }

  #id(tag: number, sizeBytes: number): boolean {
    const writer = this.#writer;
    const { length } = writer;
    this.#scan.expect(QUOTE);
    const start = writer.open(tag);
    const isThere = copyHex(this.#scan, writer, sizeBytes);
    if (isThere) writer.close(start);
    else writer.length = length;
    return isThere;
  }

  #base64(tag: number): void {
    const scan = this.#scan;
    const writer = this.#writer;
    scan.expect(QUOTE);
    const { at, bytes } = scan;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + at, scan.plainText() - at).toString('latin1');
    if (!isBase64(text)) throw new UnusualJson();
    const start = writer.open(tag);
    writer.push(Buffer.from(text, 'base64'));
    writer.close(start);
  }
}
