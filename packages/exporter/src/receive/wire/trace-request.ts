import type { OtlpAttributes, OtlpNotes, OtlpScope, OtlpSpanGroup } from '@spanledger/record';
import { MAX_SCOPES_PER_REQUEST, MAX_SPANS_PER_REQUEST } from '../limits.ts';
import { tooLarge } from '../request-errors.ts';
import { readAttribute } from './any-value.ts';
import type { KeyTable } from './key-table.ts';
import { readSpan } from './span-message.ts';
import { WireReader } from './wire-reader.ts';

/** A group of which the spans are still as their sender wrote them. */
export interface WireSpanGroup extends Omit<OtlpSpanGroup, 'spans'> {
  reader: WireReader;
  /** Where each `Span` message begins and ends in the request: `[start, end, start, end, …]`. */
  ranges: readonly number[];
}

/** Spans of a request, decoded or not. */
export type SpanGroup = OtlpSpanGroup | WireSpanGroup;

// opentelemetry/proto/collector/trace/v1/trace_service.proto and trace.proto, as `number << 3 | wire type`.
const REQUEST_RESOURCE_SPANS = (1 << 3) | 2;
const RESOURCE_SPANS_RESOURCE = (1 << 3) | 2;
const RESOURCE_SPANS_SCOPE_SPANS = (2 << 3) | 2;
const RESOURCE_SPANS_SCHEMA_URL = (3 << 3) | 2;
const RESOURCE_ATTRIBUTE = (1 << 3) | 2;
const RESOURCE_DROPPED_ATTRIBUTES = 2 << 3;
const SCOPE_SPANS_SCOPE = (1 << 3) | 2;
const SCOPE_SPANS_SPAN = (2 << 3) | 2;
const SCOPE_SPANS_SCHEMA_URL = (3 << 3) | 2;
const SCOPE_NAME = (1 << 3) | 2;
const SCOPE_VERSION = (2 << 3) | 2;
const SCOPE_ATTRIBUTE = (3 << 3) | 2;
const SCOPE_DROPPED_ATTRIBUTES = 4 << 3;

/**
 * Reads everything of an `ExportTraceServiceRequest` but its spans, of which it notes where they are.
 *
 * Fields it does not know are skipped, as protobuf demands of a reader; everything else is checked: bounds, wire
 * types, UTF-8, identifiers, depth and numbers of things.
 *
 * @param bytes - the inflated body
 * @param keys - kept between requests by the caller
 * @throws ExporterError `request_malformed` or `request_too_large`
 */
export function outlineTraceRequest(bytes: Uint8Array, keys: KeyTable): WireSpanGroup[] {
  const reader = new WireReader(bytes, keys);
  const end = bytes.byteLength;
  const groups: WireSpanGroup[] = [];
  const budget = { spans: MAX_SPANS_PER_REQUEST };
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === REQUEST_RESOURCE_SPANS) readResourceSpans(reader, reader.content(end), groups, budget);
    else reader.skip(tag, end, 1);
  }
  return groups;
}

/**
 * Decodes an `ExportTraceServiceRequest` from protobuf.
 *
 * @throws as {@link outlineTraceRequest}
 */
export function decodeTraceRequest(bytes: Uint8Array, keys: KeyTable): OtlpSpanGroup[] {
  return outlineTraceRequest(bytes, keys).map(decodeGroup);
}

/**
 * Decodes the spans of a group, unless they are.
 *
 * @throws ExporterError `request_malformed`
 */
export function decodeGroup(group: SpanGroup): OtlpSpanGroup {
  if (!('reader' in group)) return group;
  const { reader, ranges, ...around } = group;
  const spans = [];
  for (let at = 0; at < ranges.length; at += 2) {
    reader.position = ranges[at] ?? 0;
    spans.push(readSpan(reader, ranges[at + 1] ?? 0));
  }
  return { ...around, spans };
}

function readResourceSpans(
  reader: WireReader,
  end: number,
  groups: WireSpanGroup[],
  budget: { spans: number },
): void {
  // The resource may stand after the spans that it belongs to: all groups share the one map.
  const resource: OtlpAttributes = new Map();
  const notes: OtlpNotes = {};
  while (reader.position < end) {
    const tag = reader.tag(end);
    switch (tag) {
      case RESOURCE_SPANS_RESOURCE:
        readResource(reader, reader.content(end), resource, notes);
        break;
      case RESOURCE_SPANS_SCOPE_SPANS:
        if (groups.length === MAX_SCOPES_PER_REQUEST) {
          throw tooLarge(`more than ${MAX_SCOPES_PER_REQUEST} scopes`, 'Send smaller batches.');
        }
        groups.push({
          ...readScopeSpans(reader, reader.content(end), resource, budget),
          resourceNotes: notes,
        });
        break;
      case RESOURCE_SPANS_SCHEMA_URL:
        setSchema(notes, reader.string(end));
        break;
      default:
        reader.skip(tag, end, 3);
    }
  }
}

function readResource(reader: WireReader, end: number, resource: OtlpAttributes, notes: OtlpNotes): void {
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === RESOURCE_ATTRIBUTE) readAttribute(reader, reader.content(end), resource);
    else if (tag === RESOURCE_DROPPED_ATTRIBUTES) setDropped(notes, reader.varint(end));
    else reader.skip(tag, end, 2);
  }
}

function readScopeSpans(
  reader: WireReader,
  end: number,
  resource: OtlpAttributes,
  budget: { spans: number },
): WireSpanGroup {
  const scope: OtlpScope = { name: '', version: '' };
  const ranges: number[] = [];
  while (reader.position < end) {
    const tag = reader.tag(end);
    switch (tag) {
      case SCOPE_SPANS_SCOPE:
        readScope(reader, reader.content(end), scope);
        break;
      case SCOPE_SPANS_SPAN:
        if (--budget.spans < 0) {
          throw tooLarge(`more than ${MAX_SPANS_PER_REQUEST} spans`, 'Send smaller batches.');
        }
        readRange(reader, reader.content(end), ranges);
        break;
      case SCOPE_SPANS_SCHEMA_URL:
        setSchema(scope, reader.string(end));
        break;
      default:
        reader.skip(tag, end, 3);
    }
  }
  return { resource, scope, reader, ranges };
}

function readRange(reader: WireReader, end: number, ranges: number[]): void {
  ranges.push(reader.position, end);
  reader.position = end;
}

function readScope(reader: WireReader, end: number, scope: OtlpScope): void {
  while (reader.position < end) {
    const tag = reader.tag(end);
    switch (tag) {
      case SCOPE_NAME:
        scope.name = reader.string(end);
        break;
      case SCOPE_VERSION:
        scope.version = reader.string(end);
        break;
      case SCOPE_ATTRIBUTE:
        readAttribute(reader, reader.content(end), (scope.attributes ??= new Map()));
        break;
      case SCOPE_DROPPED_ATTRIBUTES:
        setDropped(scope, reader.varint(end));
        break;
      default:
        reader.skip(tag, end, 4);
    }
  }
}

function setSchema(notes: OtlpNotes, schemaUrl: string): void {
  if (schemaUrl !== '') notes.schemaUrl = schemaUrl;
}

function setDropped(notes: OtlpNotes, count: number): void {
  if (count > 0) notes.droppedAttributes = count;
}
