import type { OtlpAttributes, OtlpValue } from '@spanledger/record';
import { MAX_ATTRIBUTES, MAX_VALUE_DEPTH } from '../limits.ts';
import { malformed } from '../request-errors.ts';
import type { WireReader } from './wire-reader.ts';

// opentelemetry/proto/common/v1/common.proto, as `number << 3 | wire type`.
const KEY_VALUE_KEY = (1 << 3) | 2;
const KEY_VALUE_VALUE = (2 << 3) | 2;
const VALUE_STRING = (1 << 3) | 2;
const VALUE_BOOL = 2 << 3;
const VALUE_INT = 3 << 3;
const VALUE_DOUBLE = (4 << 3) | 1;
const VALUE_ARRAY = (5 << 3) | 2;
const VALUE_MAP = (6 << 3) | 2;
const VALUE_BYTES = (7 << 3) | 2;
const LIST_ITEM = (1 << 3) | 2;

/**
 * Reads one `KeyValue` message into a map.
 *
 * @param end - offset just past the message
 */
export function readAttribute(reader: WireReader, end: number, into: OtlpAttributes): void {
  const [key, value] = readKeyValue(reader, end, 0);
  into.set(key, value);
  if (into.size > MAX_ATTRIBUTES) throw malformed(`more than ${MAX_ATTRIBUTES} attributes`);
}

function readKeyValue(reader: WireReader, end: number, depth: number): [string, OtlpValue] {
  let key = '';
  let value: OtlpValue = null;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === KEY_VALUE_KEY) key = reader.key(end);
    else if (tag === KEY_VALUE_VALUE) value = readValue(reader, reader.content(end), depth);
    else reader.skip(tag, end, 2);
  }
  return [key, value];
}

/**
 * Reads one `AnyValue` message.
 *
 * @param end - offset just past the message
 * @param depth - how many lists and maps it is nested in
 */
export function readValue(reader: WireReader, end: number, depth: number): OtlpValue {
  if (depth > MAX_VALUE_DEPTH) throw malformed(`value nested deeper than ${MAX_VALUE_DEPTH}`);
  let value: OtlpValue = null;
  while (reader.position < end) {
    const tag = reader.tag(end);
    switch (tag) {
      case VALUE_STRING:
        value = reader.string(end);
        break;
      case VALUE_BOOL:
        value = reader.bool(end);
        break;
      case VALUE_INT:
        value = reader.int64(end);
        break;
      case VALUE_DOUBLE:
        value = reader.double(end);
        break;
      case VALUE_ARRAY:
        value = readList(reader, reader.content(end), depth + 1);
        break;
      case VALUE_MAP:
        value = readMap(reader, reader.content(end), depth + 1);
        break;
      case VALUE_BYTES:
        value = reader.base64(end);
        break;
      default:
        reader.skip(tag, end, 7);
    }
  }
  return value;
}

function readList(reader: WireReader, end: number, depth: number): OtlpValue[] {
  const list: OtlpValue[] = [];
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === LIST_ITEM) list.push(readValue(reader, reader.content(end), depth));
    else reader.skip(tag, end, 1);
    if (list.length > MAX_ATTRIBUTES) throw malformed(`list of more than ${MAX_ATTRIBUTES} values`);
  }
  return list;
}

function readMap(reader: WireReader, end: number, depth: number): { [key: string]: OtlpValue } {
  // Keys come from outside: without a prototype, `__proto__` is a key like any other.
  const map: { [key: string]: OtlpValue } = Object.create(null);
  let count = 0;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag !== LIST_ITEM) {
      reader.skip(tag, end, 1);
      continue;
    }
    if (++count > MAX_ATTRIBUTES) throw malformed(`map of more than ${MAX_ATTRIBUTES} values`);
    const [key, value] = readKeyValue(reader, reader.content(end), depth);
    map[key] = value;
  }
  return map;
}
