import { ATTR_AUDIT_SEQUENCE_NUMBER, ATTR_AUDIT_SEQUENCE_STREAM_ID } from '@spanledger/record';
import type {
  RecordedEvent,
  RecordedLink,
  RecordedResource,
  RecordedScope,
  RecordedSpan,
  SpanAttributes,
  SpanIdentity,
} from './recorded-span.ts';
import { ReverseWriter } from './reverse-writer.ts';
import { scrubAttribute, scrubText } from './scrub.ts';

/** A span on its way out, with its number in the producer's sequence. */
export interface NumberedSpan {
  readonly span: RecordedSpan;
  /** `audit.sequence.number`, from 1. */
  readonly number: number;
}

/** Longer strings are cut here: an entry of the ledger holds less than this anyway, and says what was cut. */
export const MAX_STRING_CHARS = 65_536;

/** Attributes of one span, event or resource beyond this many are dropped and counted. */
export const MAX_ATTRIBUTES = 1_024;

/** Maps and lists inside attribute values end at this depth, which also ends a value that contains itself. */
export const MAX_VALUE_DEPTH = 12;

/** Items of one list or map inside a value. */
export const MAX_VALUE_ITEMS = 1_024;

/** Events, and links, of one span beyond this many are dropped and counted. */
export const MAX_EVENTS = 1_024;

/**
 * Attributes are dropped and counted once a span takes this many bytes, those of its events once these take half of it:
 * a span that fills a request of its own would be refused by the receiver, and set aside.
 */
export const MAX_SPAN_BYTES: number = 1024 * 1024;

const WRITER_KEEP_BYTES = 4 * 1024 * 1024;

// Tags: field number << 3 | wire type (0 varint, 1 eight bytes, 2 with a length, 5 four bytes).
const TAG_STRING_1 = 0x0a;
const TAG_MESSAGE_1 = 0x0a;
const TAG_MESSAGE_2 = 0x12;
const TAG_MESSAGE_3 = 0x1a;
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/**
 * Serialises spans as one `ExportTraceServiceRequest` (opentelemetry-proto 1.x). It reads the spans of SDK 1.x, 2.x
 * and 3.x alike, adds the sequence attributes, and takes secrets out.
 */
export class TraceEncoder {
  readonly #writer = new ReverseWriter();
  readonly #streamId: string;

  /** @param streamId - `audit.sequence.stream_id`, added to every resource. */
  constructor(streamId: string) {
    this.#streamId = streamId;
  }

  /**
   * @param spans - What goes into the request; at least one.
   * @returns The request's bytes, valid until the next call.
   */
  encode(spans: readonly NumberedSpan[]): Buffer {
    const writer = this.#writer;
    writer.reset(WRITER_KEEP_BYTES);
    for (const [resource, scopes] of groupByOrigin(spans).reverse()) {
      const resourceSpans = writer.length;
      if (resource.schemaUrl) writer.stringField(TAG_MESSAGE_3, resource.schemaUrl);
      for (const [scope, members] of [...scopes].reverse()) {
        const scopeSpans = writer.length;
        if (scope.schemaUrl) writer.stringField(TAG_MESSAGE_3, scope.schemaUrl);
        for (let index = members.length - 1; index >= 0; index--) {
          const member = members[index];
          if (member !== undefined) writeSpan(writer, member);
        }
        writeScope(writer, scope);
        writer.endMessage(TAG_MESSAGE_2, scopeSpans);
      }
      this.#writeResource(resource);
      writer.endMessage(TAG_MESSAGE_1, resourceSpans);
    }
    return writer.view();
  }

  #writeResource(resource: RecordedResource): void {
    const writer = this.#writer;
    const before = writer.length;
    writeAttributes(writer, TAG_MESSAGE_1, settledAttributes(resource));
    const attribute = writer.length;
    writeStringValue(writer, this.#streamId);
    writer.stringField(TAG_STRING_1, ATTR_AUDIT_SEQUENCE_STREAM_ID);
    writer.endMessage(TAG_MESSAGE_1, attribute);
    writer.endMessage(TAG_MESSAGE_1, before);
  }
}

type Origins = [RecordedResource, Map<RecordedScope, NumberedSpan[]>][];

const NO_SCOPE: RecordedScope = { name: '' };

function groupByOrigin(spans: readonly NumberedSpan[]): Origins {
  const resources = new Map<RecordedResource, Map<RecordedScope, NumberedSpan[]>>();
  for (const entry of spans) {
    const { resource } = entry.span;
    const scope = entry.span.instrumentationScope ?? entry.span.instrumentationLibrary ?? NO_SCOPE;
    let scopes = resources.get(resource);
    if (scopes === undefined) resources.set(resource, (scopes = new Map()));
    const members = scopes.get(scope);
    if (members === undefined) scopes.set(scope, [entry]);
    else members.push(entry);
  }
  return [...resources];
}

/** The attributes without those still being detected: asking the SDK for them makes it log an error. */
function settledAttributes(resource: RecordedResource): SpanAttributes {
  if (resource.asyncAttributesPending !== true || resource.getRawAttributes === undefined) {
    return resource.attributes;
  }
  const settled: SpanAttributes = {};
  for (const [key, value] of resource.getRawAttributes()) {
    if (!Object.hasOwn(settled, key) && !(value instanceof Promise)) settled[key] = value;
  }
  return settled;
}

function writeScope(writer: ReverseWriter, scope: RecordedScope): void {
  const before = writer.length;
  if (scope.attributes) writeAttributes(writer, TAG_MESSAGE_3, scope.attributes);
  if (scope.version) writer.stringField(0x12, scope.version);
  writer.stringField(TAG_STRING_1, scope.name);
  writer.endMessage(TAG_MESSAGE_1, before);
}

function writeSpan(writer: ReverseWriter, { span, number }: NumberedSpan): void {
  const before = writer.length;
  const identity = span.spanContext();
  writer.fixed32(flagsOf(identity.traceFlags, span.parentSpanContext?.isRemote));
  writer.varint(0x85);
  writeStatus(writer, span.status);
  writeCount(writer, 0x70, (span.droppedLinksCount ?? 0) + excess(span.links));
  const eventsEnd = before + MAX_SPAN_BYTES / 2;
  for (let index = Math.min(span.links.length, MAX_EVENTS) - 1; index >= 0; index--) {
    const link = span.links[index];
    if (link !== undefined) writeLink(writer, link, eventsEnd);
  }
  writeCount(writer, 0x60, (span.droppedEventsCount ?? 0) + excess(span.events));
  for (let index = Math.min(span.events.length, MAX_EVENTS) - 1; index >= 0; index--) {
    const event = span.events[index];
    if (event !== undefined) writeEvent(writer, event, eventsEnd);
  }
  const attributes = writer.length;
  writeIntegerAttribute(writer, ATTR_AUDIT_SEQUENCE_NUMBER, number);
  writer.endMessage(0x4a, attributes);
  const dropped = writeAttributes(writer, 0x4a, span.attributes, before + MAX_SPAN_BYTES);
  writeCount(writer, 0x50, (span.droppedAttributesCount ?? 0) + dropped);
  writer.time(span.endTime[0], span.endTime[1]);
  writer.byte(0x41);
  writer.time(span.startTime[0], span.startTime[1]);
  writer.byte(0x39);
  // The API counts kinds from 0 (internal), the protocol from 1.
  writer.varint(span.kind + 1);
  writer.byte(0x30);
  writer.stringField(0x2a, scrubText(cut(span.name)));
  const parentId = span.parentSpanContext?.spanId ?? span.parentSpanId;
  if (parentId) writeId(writer, 0x22, parentId);
  writeTraceState(writer, identity);
  writeId(writer, 0x12, identity.spanId);
  writeId(writer, 0x0a, identity.traceId);
  writer.endMessage(TAG_MESSAGE_2, before);
}

function flagsOf(traceFlags: number, parentIsRemote: boolean | undefined): number {
  return (traceFlags & 0xff) | HAS_IS_REMOTE | (parentIsRemote === true ? IS_REMOTE : 0);
}

function writeStatus(writer: ReverseWriter, status: RecordedSpan['status']): void {
  const before = writer.length;
  writer.varint(status.code);
  writer.byte(0x18);
  if (status.message) writer.stringField(0x12, scrubText(cut(status.message)));
  writer.endMessage(0x7a, before);
}

function excess(list: readonly unknown[]): number {
  return Math.max(0, list.length - MAX_EVENTS);
}

function writeEvent(writer: ReverseWriter, event: RecordedEvent, lengthMax: number): void {
  const before = writer.length;
  const dropped = event.attributes ? writeAttributes(writer, TAG_MESSAGE_3, event.attributes, lengthMax) : 0;
  writeCount(writer, 0x20, (event.droppedAttributesCount ?? 0) + dropped);
  writer.stringField(0x12, scrubText(cut(event.name)));
  writer.time(event.time[0], event.time[1]);
  writer.byte(0x09);
  writer.endMessage(0x5a, before);
}

function writeLink(writer: ReverseWriter, link: RecordedLink, lengthMax: number): void {
  const before = writer.length;
  writer.fixed32(flagsOf(link.context.traceFlags, link.context.isRemote));
  writer.byte(0x35);
  const dropped = link.attributes ? writeAttributes(writer, 0x22, link.attributes, lengthMax) : 0;
  writeCount(writer, 0x28, (link.droppedAttributesCount ?? 0) + dropped);
  writeTraceState(writer, link.context);
  writeId(writer, 0x12, link.context.spanId);
  writeId(writer, 0x0a, link.context.traceId);
  writer.endMessage(0x6a, before);
}

function writeId(writer: ReverseWriter, tag: number, digits: string): void {
  writer.byte(writer.hex(digits));
  writer.byte(tag);
}

function writeTraceState(writer: ReverseWriter, identity: SpanIdentity): void {
  const state = identity.traceState?.serialize();
  if (state) writer.stringField(TAG_MESSAGE_3, state);
}

function writeCount(writer: ReverseWriter, tag: number, count: number | undefined): void {
  if (!count) return;
  writer.varint(count);
  writer.byte(tag);
}

/**
 * Writes each attribute, last one first, until the writer's length is `lengthMax`.
 *
 * @returns How many were left out.
 */
function writeAttributes(
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
    writeKeyedValue(writer, key, value, 0);
    writer.endMessage(tag, before);
  }
  return first;
}

function writeKeyedValue(writer: ReverseWriter, key: string, value: unknown, depth: number): void {
  const before = writer.length;
  writeValue(writer, key, value, depth);
  writer.endMessage(TAG_MESSAGE_2, before);
  writer.stringField(TAG_STRING_1, cut(key));
}

function writeStringValue(writer: ReverseWriter, value: string): void {
  const before = writer.length;
  writer.stringField(TAG_STRING_1, value);
  writer.endMessage(TAG_MESSAGE_2, before);
}

function writeIntegerAttribute(writer: ReverseWriter, key: string, value: number): void {
  const before = writer.length;
  writer.varint(value);
  writer.byte(0x18);
  writer.endMessage(TAG_MESSAGE_2, before);
  writer.stringField(TAG_STRING_1, key);
}

const INT64_LIMIT = 2 ** 63;

/** The content of an `AnyValue`; what it cannot express becomes an empty one. */
function writeValue(writer: ReverseWriter, key: string, value: unknown, depth: number): void {
  switch (typeof value) {
    case 'string':
      writer.stringField(TAG_STRING_1, scrubAttribute(key, cut(value)));
      return;
    case 'boolean':
      writer.byte(value ? 1 : 0);
      writer.byte(0x10);
      return;
    case 'number':
      writeNumber(writer, value);
      return;
    case 'object':
      if (value !== null && depth < MAX_VALUE_DEPTH) writeComposite(writer, key, value, depth + 1);
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

function writeComposite(writer: ReverseWriter, key: string, value: object, depth: number): void {
  const before = writer.length;
  if (value instanceof Uint8Array) {
    writer.raw(value.subarray(0, MAX_STRING_CHARS));
    writer.endMessage(0x3a, before);
    return;
  }
  if (Array.isArray(value)) {
    const items: unknown[] = value;
    for (let index = Math.min(items.length, MAX_VALUE_ITEMS) - 1; index >= 0; index--) {
      const item = writer.length;
      writeValue(writer, key, items[index], depth);
      writer.endMessage(TAG_MESSAGE_1, item);
    }
    writer.endMessage(0x2a, before);
    return;
  }
  for (const [name, member] of Object.entries(value).slice(0, MAX_VALUE_ITEMS).reverse()) {
    const entry = writer.length;
    writeKeyedValue(writer, name, member, depth);
    writer.endMessage(TAG_MESSAGE_1, entry);
  }
  writer.endMessage(0x32, before);
}

function cut(text: string): string {
  return text.length > MAX_STRING_CHARS ? text.slice(0, MAX_STRING_CHARS) : text;
}
