/** Attributes as OTLP `KeyValue` and `AnyValue` (opentelemetry-proto common/v1), written backwards. */
import type { SpanAttributes } from './recorded-span.ts';
import { ReverseWriter } from './reverse-writer.ts';
import { itemPolicy, memberPolicy, scrubPolicy, scrubValue, type ScrubPolicy } from './scrub.ts';

/** Longer strings are cut here: an entry of the ledger holds less than this anyway, and says what was cut. */
export const MAX_STRING_CHARS = 65_536;

/** Attributes of one span, event or resource beyond this many are dropped and counted. */
export const MAX_ATTRIBUTES = 1_024;

/** Maps and lists inside attribute values end at this depth, which also ends a value that contains itself. */
export const MAX_VALUE_DEPTH = 12;

/** Items of one list or map inside a value. */
export const MAX_VALUE_ITEMS = 1_024;

/** Lists and maps end once they take this many bytes: a few that share their items can be endless to write out. */
export const MAX_VALUE_BYTES: number = 256 * 1024;

const KEY_WRITER_BYTES = 1_024;

// Tags: field number << 3 | wire type.
const TAG_STRING_1 = 0x0a;
const TAG_MESSAGE_1 = 0x0a;
const TAG_MESSAGE_2 = 0x12;

/**
 * Writes each attribute, last one first, until the writer's length is `lengthMax`.
 *
 * @returns How many were left out.
 */
export function writeAttributes(
  writer: ReverseWriter,
  tag: number,
  attributes: SpanAttributes,
  lengthMax: number = Number.POSITIVE_INFINITY,
): number {
  const keys = Object.keys(attributes);
  // From the end: what was written there last is the session.
  const first = Math.max(0, keys.length - MAX_ATTRIBUTES);
  for (let index = keys.length - 1; index >= first; index--) {
    if (writer.length > lengthMax) return index + 1;
    const key = keys[index];
    if (key === undefined) continue;
    const value = attributes[key];
    if (value === undefined || value === null) continue;
    const before = writer.length;
    const field = keyField(key);
    if (field.pair !== undefined && field.value === value) {
      writer.raw(field.pair);
    } else {
      writeValue(writer, field.policy, value, 0);
      writer.endMessage(TAG_MESSAGE_2, before);
      writer.raw(field.bytes);
      if (field.policy !== 'secret' && isRememberable(value)) remember(field, value, writer, before);
    }
    writer.endMessage(tag, before);
  }
  return first;
}

/** What is the same each time a key is written. */
interface KeyField {
  /** The `key` field of a `KeyValue`. */
  readonly bytes: Uint8Array;
  readonly policy: ScrubPolicy;
  /** What was written last. */
  value?: number | string;
  /** The content of the `KeyValue`, once a value has come twice in a row: most of a span is as in the one before it. */
  pair?: Uint8Array | undefined;
}

/** Longer strings are written anew each time. */
const MAX_REMEMBERED_VALUE_CHARS = 128;

function isRememberable(value: unknown): value is number | string {
  return typeof value === 'string' ? value.length <= MAX_REMEMBERED_VALUE_CHARS : typeof value === 'number';
}

function remember(field: KeyField, value: number | string, writer: ReverseWriter, before: number): void {
  field.pair = field.value === value ? writer.copySince(before) : undefined;
  field.value = value;
}

/** Keys are few and come again and again; more than this many are written without being remembered. */
const MAX_REMEMBERED_KEYS = 4_096;
const MAX_REMEMBERED_KEY_CHARS = 256;
const keyFields = new Map<string, KeyField>();

function keyField(key: string): KeyField {
  const known = keyFields.get(key);
  if (known !== undefined) return known;
  const writer = new ReverseWriter(KEY_WRITER_BYTES);
  writer.stringField(TAG_STRING_1, cut(key));
  const field: KeyField = {
    bytes: Uint8Array.from(writer.view()),
    policy: scrubPolicy(key),
  };
  if (key.length <= MAX_REMEMBERED_KEY_CHARS && keyFields.size < MAX_REMEMBERED_KEYS)
    keyFields.set(key, field);
  return field;
}

/** Writes one attribute with a string value, as it is. */
export function writeStringAttribute(writer: ReverseWriter, tag: number, key: string, value: string): void {
  const before = writer.length;
  writer.stringField(TAG_STRING_1, value);
  writer.endMessage(TAG_MESSAGE_2, before);
  writer.stringField(TAG_STRING_1, key);
  writer.endMessage(tag, before);
}

/** Writes one attribute with a value that is a whole number from 0 on. */
export function writeIntegerAttribute(writer: ReverseWriter, tag: number, key: string, value: number): void {
  const before = writer.length;
  writer.varint(value);
  writer.byte(0x18);
  writer.endMessage(TAG_MESSAGE_2, before);
  writer.stringField(TAG_STRING_1, key);
  writer.endMessage(tag, before);
}

const INT64_LIMIT = 2 ** 63;

/** The content of an `AnyValue`; what it cannot express becomes an empty one. */
function writeValue(writer: ReverseWriter, policy: ScrubPolicy, value: unknown, depth: number): void {
  switch (typeof value) {
    case 'string':
      writer.stringField(TAG_STRING_1, scrubValue(policy, cut(value)));
      return;
    case 'boolean':
      writer.byte(value ? 1 : 0);
      writer.byte(0x10);
      return;
    case 'number':
      writeNumber(writer, value);
      return;
    case 'object':
      if (value !== null && depth < MAX_VALUE_DEPTH) writeComposite(writer, policy, value, depth + 1);
      return;
    default:
  }
}

function writeNumber(writer: ReverseWriter, value: number): void {
  if (Number.isInteger(value) && value >= -INT64_LIMIT && value < INT64_LIMIT) {
    writer.int64(value);
    writer.byte(0x18);
    return;
  }
  writer.double(value);
  writer.byte(0x21);
}

function writeComposite(writer: ReverseWriter, policy: ScrubPolicy, value: object, depth: number): void {
  const before = writer.length;
  if (value instanceof Uint8Array) {
    writer.raw(value.subarray(0, MAX_STRING_CHARS));
    writer.endMessage(0x3a, before);
    return;
  }
  if (Array.isArray(value)) {
    const items: unknown[] = value;
    for (let index = Math.min(items.length, MAX_VALUE_ITEMS) - 1; index >= 0; index--) {
      if (writer.length - before > MAX_VALUE_BYTES) break;
      const item = writer.length;
      writeValue(writer, itemPolicy(policy, items[index - 1]), items[index], depth);
      writer.endMessage(TAG_MESSAGE_1, item);
    }
    writer.endMessage(0x2a, before);
    return;
  }
  for (const [name, member] of Object.entries(value).slice(0, MAX_VALUE_ITEMS).reverse()) {
    if (writer.length - before > MAX_VALUE_BYTES) break;
    const entry = writer.length;
    writeMember(writer, policy, name, member, depth);
    writer.endMessage(TAG_MESSAGE_1, entry);
  }
  writer.endMessage(0x32, before);
}

function writeMember(
  writer: ReverseWriter,
  policy: ScrubPolicy,
  name: string,
  value: unknown,
  depth: number,
): void {
  const before = writer.length;
  writeValue(writer, memberPolicy(policy, name), value, depth);
  writer.endMessage(TAG_MESSAGE_2, before);
  writer.stringField(TAG_STRING_1, cut(name));
}

/** Text as long as it may be. */
export function cut(text: string): string {
  return text.length > MAX_STRING_CHARS ? text.slice(0, MAX_STRING_CHARS) : text;
}
