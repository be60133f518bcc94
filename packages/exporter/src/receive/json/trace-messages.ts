import { MAX_ATTRIBUTES, MAX_EVENTS_PER_SPAN, MAX_KEY_BYTES, MAX_LINKS_PER_SPAN } from '../limits.ts';
import { FieldNames } from './field-names.ts';
import { TextPattern } from './text-pattern.ts';

/** What the value of a field is like in JSON, which decides how it is written. */
export type FieldKind =
  | 'text'
  | 'id'
  | 'choice'
  | 'count'
  | 'bits'
  | 'time'
  | 'boolean'
  | 'integer'
  | 'double'
  | 'base64'
  | 'message'
  | 'list';

/** A field of a message. */
export interface Field {
  name: Uint8Array;
  kind: FieldKind;
  /** `number << 3 | wire type`. */
  tag: number;
  /** Bytes of a text at the most, or of an id exactly; items of a list at the most. */
  size: number;
  /** Of a message, or of a list of them. */
  message: Message;
  /** Stands for the field, or for all of which one alone may be there. */
  bit: number;
  /** The name and a colon, as they usually stand. */
  text: TextPattern;
  /** The field that usually comes next. */
  next: Field | undefined;
}

/** A message, as far as OTLP/JSON is read. */
export class Message {
  readonly names: FieldNames<Field> = new FieldNames();
  /** The field that usually comes first. */
  first: Field | undefined;
  /** Bits of the fields that have to be there. */
  required = 0;
  /** Whether what is in it is one level deeper in an attribute's value. */
  readonly isNested: boolean;

  constructor(isNested = false) {
    this.isNested = isNested;
  }

  /** Adds fields of which each may be there, in the order in which they usually come. */
  define(...fields: readonly Field[]): this {
    let last: Field | undefined;
    for (const [i, one] of fields.entries()) {
      one.bit = 1 << i;
      this.names.add(one);
      if (last === undefined) this.first = one;
      else last.next = one;
      last = one;
    }
    return this;
  }

  /** Adds fields of which one may be there, the most likely one first. */
  defineOneOf(...fields: readonly Field[]): this {
    this.first = fields[0];
    for (const one of fields) {
      one.bit = 1;
      this.names.add(one);
    }
    return this;
  }

  /** Says how many of the fields that were defined first have to be there. */
  require(count: number): this {
    this.required = (1 << count) - 1;
    return this;
  }
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

const WIRE_TYPES: Readonly<Record<FieldKind, number>> = {
  text: BYTES,
  id: BYTES,
  choice: VARINT,
  count: VARINT,
  bits: FIXED32,
  time: FIXED64,
  boolean: VARINT,
  integer: VARINT,
  double: FIXED64,
  base64: BYTES,
  message: BYTES,
  list: BYTES,
};

function field(name: string, number: number, kind: FieldKind, size = Infinity, message = NONE): Field {
  return {
    name: Buffer.from(name),
    kind,
    tag: (number << 3) | WIRE_TYPES[kind],
    size,
    message,
    bit: 0,
    text: new TextPattern(`"${name}":`),
    next: undefined,
  };
}

/** Of what is no message. */
const NONE = new Message();

// opentelemetry/proto/common/v1/common.proto
const VALUE = new Message();
/** `KeyValue`. */
export const KEY_VALUE: Message = new Message().define(
  field('key', 1, 'text', MAX_KEY_BYTES),
  field('value', 2, 'message', 1, VALUE),
);
VALUE.defineOneOf(
  field('stringValue', 1, 'text'),
  field('boolValue', 2, 'boolean'),
  field('intValue', 3, 'integer'),
  field('doubleValue', 4, 'double'),
  field('arrayValue', 5, 'message', 1, new Message(true).define(listOf('values', 1, VALUE, MAX_ATTRIBUTES))),
  field(
    'kvlistValue',
    6,
    'message',
    1,
    new Message(true).define(listOf('values', 1, KEY_VALUE, MAX_ATTRIBUTES)),
  ),
  field('bytesValue', 7, 'base64'),
);

function listOf(name: string, number: number, message: Message, size?: number): Field {
  return field(name, number, 'list', size, message);
}

function attributes(number: number): Field {
  return listOf('attributes', number, KEY_VALUE, MAX_ATTRIBUTES);
}

const SCOPE = new Message().define(
  field('name', 1, 'text'),
  field('version', 2, 'text'),
  attributes(3),
  field('droppedAttributesCount', 4, 'count'),
);

// opentelemetry/proto/resource/v1/resource.proto
const RESOURCE = new Message().define(attributes(1), field('droppedAttributesCount', 2, 'count'));

// opentelemetry/proto/trace/v1/trace.proto
const EVENT = new Message().define(
  field('timeUnixNano', 1, 'time'),
  field('name', 2, 'text'),
  attributes(3),
  field('droppedAttributesCount', 4, 'count'),
);
const LINK = new Message().define(
  field('traceId', 1, 'id', 16),
  field('spanId', 2, 'id', 8),
  field('traceState', 3, 'text'),
  attributes(4),
  field('droppedAttributesCount', 5, 'count'),
);
const STATUS = new Message().define(field('code', 3, 'choice'), field('message', 2, 'text'));
const SPAN = new Message()
  .define(
    field('traceId', 1, 'id', 16),
    field('spanId', 2, 'id', 8),
    field('parentSpanId', 4, 'id', 8),
    field('name', 5, 'text'),
    field('kind', 6, 'choice'),
    field('startTimeUnixNano', 7, 'time'),
    field('endTimeUnixNano', 8, 'time'),
    attributes(9),
    field('droppedAttributesCount', 10, 'count'),
    listOf('events', 11, EVENT, MAX_EVENTS_PER_SPAN),
    field('droppedEventsCount', 12, 'count'),
    field('status', 15, 'message', 1, STATUS),
    listOf('links', 13, LINK, MAX_LINKS_PER_SPAN),
    field('droppedLinksCount', 14, 'count'),
    field('flags', 16, 'bits'),
    field('traceState', 3, 'text'),
  )
  .require(2);
const SCOPE_SPANS = new Message().define(
  field('scope', 1, 'message', 1, SCOPE),
  listOf('spans', 2, SPAN),
  field('schemaUrl', 3, 'text'),
);
const RESOURCE_SPANS = new Message().define(
  field('resource', 1, 'message', 1, RESOURCE),
  listOf('scopeSpans', 2, SCOPE_SPANS),
  field('schemaUrl', 3, 'text'),
);

/** `ExportTraceServiceRequest`: opentelemetry/proto/collector/trace/v1/trace_service.proto */
export const TRACE_REQUEST: Message = new Message().define(listOf('resourceSpans', 1, RESOURCE_SPANS));
