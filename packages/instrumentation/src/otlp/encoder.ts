import { ATTR_AUDIT_SEQUENCE_NUMBER, ATTR_AUDIT_SEQUENCE_STREAM_ID } from '@spanledger/record';
import { cut, writeAttributes, writeIntegerAttribute, writeStringAttribute } from './any-value.ts';
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
import { scrubText } from './scrub.ts';

/** A span on its way out, with its number in the producer's sequence. */
export interface NumberedSpan {
  readonly span: RecordedSpan;
  /** `audit.sequence.number`, from 1. */
  readonly number: number;
}

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
  readonly #resources = new WeakMap<RecordedResource, Uint8Array>();
  readonly #scopes = new WeakMap<RecordedScope, Uint8Array>();

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
        this.#writeScope(scope);
        writer.endMessage(TAG_MESSAGE_2, scopeSpans);
      }
      this.#writeResource(resource);
      writer.endMessage(TAG_MESSAGE_1, resourceSpans);
    }
    return writer.view();
  }

  /** A resource and a scope are the same in every request: encoding them anew took half of the time of a small one. */
  #writeResource(resource: RecordedResource): void {
    const writer = this.#writer;
    const known = this.#resources.get(resource);
    if (known !== undefined) {
      writer.raw(known);
      return;
    }
    const before = writer.length;
    this.#encodeResource(resource);
    if (resource.asyncAttributesPending !== true) this.#resources.set(resource, writer.copySince(before));
  }

  #writeScope(scope: RecordedScope): void {
    const writer = this.#writer;
    const known = this.#scopes.get(scope);
    if (known !== undefined) {
      writer.raw(known);
      return;
    }
    const before = writer.length;
    writeScope(writer, scope);
    this.#scopes.set(scope, writer.copySince(before));
  }

  #encodeResource(resource: RecordedResource): void {
    const writer = this.#writer;
    const before = writer.length;
    writeAttributes(writer, TAG_MESSAGE_1, settledAttributes(resource));
    writeStringAttribute(writer, TAG_MESSAGE_1, ATTR_AUDIT_SEQUENCE_STREAM_ID, this.#streamId);
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
  if (scope.version) writer.stringField(0x12, textOf(scope.version));
  writer.stringField(TAG_STRING_1, textOf(scope.name));
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
    if (isLink(link)) writeLink(writer, link, eventsEnd);
  }
  writeCount(writer, 0x60, (span.droppedEventsCount ?? 0) + excess(span.events));
  for (let index = Math.min(span.events.length, MAX_EVENTS) - 1; index >= 0; index--) {
    const event = span.events[index];
    if (event !== undefined) writeEvent(writer, event, eventsEnd);
  }
  writeIntegerAttribute(writer, 0x4a, ATTR_AUDIT_SEQUENCE_NUMBER, number);
  const dropped = writeAttributes(writer, 0x4a, span.attributes, before + MAX_SPAN_BYTES);
  writeCount(writer, 0x50, (span.droppedAttributesCount ?? 0) + dropped);
  writer.time(span.endTime[0], span.endTime[1]);
  writer.byte(0x41);
  writer.time(span.startTime[0], span.startTime[1]);
  writer.byte(0x39);
  // The API counts kinds from 0 (internal), the protocol from 1.
  writer.varint(span.kind + 1);
  writer.byte(0x30);
  writer.stringField(0x2a, scrubText(cut(textOf(span.name))));
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
  if (status.message) writer.stringField(0x12, scrubText(cut(textOf(status.message))));
  writer.endMessage(0x7a, before);
}

/** Types do not hold an application back: `startSpan(42)`, `getTracer('x', 1)`. That costs the text, not the span. */
function textOf(text: unknown): string {
  if (typeof text === 'string') return text;
  return typeof text === 'number' || typeof text === 'bigint' || typeof text === 'boolean'
    ? String(text)
    : '';
}

/** `addLink({ context: trace.getActiveSpan()?.spanContext() })`, where there is none. */
function isLink(link: RecordedLink | undefined): link is RecordedLink {
  const context: unknown = link?.context;
  return (
    typeof context === 'object' &&
    context !== null &&
    'traceId' in context &&
    typeof context.traceId === 'string' &&
    'spanId' in context &&
    typeof context.spanId === 'string'
  );
}

function excess(list: readonly unknown[]): number {
  return Math.max(0, list.length - MAX_EVENTS);
}

function writeEvent(writer: ReverseWriter, event: RecordedEvent, lengthMax: number): void {
  const before = writer.length;
  const dropped = event.attributes ? writeAttributes(writer, TAG_MESSAGE_3, event.attributes, lengthMax) : 0;
  writeCount(writer, 0x20, (event.droppedAttributesCount ?? 0) + dropped);
  writer.stringField(0x12, scrubText(cut(textOf(event.name))));
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
