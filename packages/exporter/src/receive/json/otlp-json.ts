import type {
  OtlpAttributes,
  OtlpEvent,
  OtlpLink,
  OtlpNotes,
  OtlpScope,
  OtlpSpan,
  OtlpSpanGroup,
  OtlpValue,
} from '@spanledger/record';
import {
  asBase64,
  asBoolean,
  asDouble,
  asEnum,
  asId,
  asInt64,
  asList,
  asObject,
  asSmallInteger,
  asString,
  asUint64,
  type JsonFields,
} from './json-fields.ts';
import { parseJsonBody } from './json-text.ts';
import {
  MAX_ATTRIBUTES,
  MAX_EVENTS_PER_SPAN,
  MAX_KEY_BYTES,
  MAX_LINKS_PER_SPAN,
  MAX_SCOPES_PER_REQUEST,
  MAX_SPANS_PER_REQUEST,
  MAX_VALUE_DEPTH,
} from '../limits.ts';
import { malformed, tooLarge } from '../request-errors.ts';

/**
 * Decodes an `ExportTraceServiceRequest` from OTLP/JSON: ProtoJSON with hex identifiers, enums as numbers and 64-bit
 * integers as decimal strings (plain numbers are read too). Unknown fields are skipped, as the specification demands.
 *
 * https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 *
 * @param bytes - the inflated body
 * @throws ExporterError `request_malformed` or `request_too_large`
 */
export function decodeJsonTraceRequest(bytes: Uint8Array): OtlpSpanGroup[] {
  const body = parseJsonBody(bytes);
  if (body === null || body === undefined) throw malformed('the body must be an object');
  const groups: OtlpSpanGroup[] = [];
  let spanCount = 0;
  for (const item of asList(asObject(body, 'the body')['resourceSpans'], 'resourceSpans')) {
    const resourceSpans = asObject(item, 'resourceSpans[]');
    const described = asObject(resourceSpans['resource'], 'resource');
    const resource = readAttributes(described['attributes']);
    const resourceNotes = readNotes(described, resourceSpans);
    for (const part of asList(resourceSpans['scopeSpans'], 'scopeSpans')) {
      if (groups.length === MAX_SCOPES_PER_REQUEST) {
        throw tooLarge(`more than ${MAX_SCOPES_PER_REQUEST} scopes`, 'Send smaller batches.');
      }
      const scopeSpans = asObject(part, 'scopeSpans[]');
      const scope = asObject(scopeSpans['scope'], 'scope');
      const spans = asList(scopeSpans['spans'], 'spans');
      spanCount += spans.length;
      if (spanCount > MAX_SPANS_PER_REQUEST) {
        throw tooLarge(`more than ${MAX_SPANS_PER_REQUEST} spans`, 'Send smaller batches.');
      }
      groups.push({
        resource,
        scope: readScope(scope, scopeSpans),
        spans: spans.map(readSpan),
        resourceNotes,
      });
    }
  }
  return groups;
}

function readScope(scope: JsonFields, scopeSpans: JsonFields): OtlpScope {
  const attributes = readAttributes(scope['attributes']);
  return {
    name: asString(scope['name'], 'scope.name'),
    version: asString(scope['version'], 'scope.version'),
    ...(attributes.size > 0 && { attributes }),
    ...readNotes(scope, scopeSpans),
  };
}

function readNotes(described: JsonFields, around: JsonFields): OtlpNotes {
  const schemaUrl = asString(around['schemaUrl'], 'schemaUrl');
  return { ...(schemaUrl !== '' && { schemaUrl }), ...readDropped(described, 'droppedAttributes') };
}

/** Numbers of things that were dropped, each where it is not 0. */
function readDropped<Name extends string>(from: JsonFields, ...names: Name[]): Partial<Record<Name, number>> {
  const dropped: Partial<Record<Name, number>> = {};
  for (const name of names) {
    const count = asSmallInteger(from[`${name}Count`], `${name}Count`);
    if (count > 0) dropped[name] = count;
  }
  return dropped;
}

function readSpan(item: unknown): OtlpSpan {
  const span = asObject(item, 'span');
  const traceId = asId(span['traceId'], 32, 'traceId');
  const spanId = asId(span['spanId'], 16, 'spanId');
  if (traceId === '') throw malformed('traceId is empty or all zero');
  if (spanId === '') throw malformed('spanId is empty or all zero');
  const status = asObject(span['status'], 'status');
  const events = asList(span['events'], 'events');
  if (events.length > MAX_EVENTS_PER_SPAN) throw malformed(`more than ${MAX_EVENTS_PER_SPAN} events`);
  const links = asList(span['links'], 'links');
  const dropped = readDropped(span, 'droppedAttributes', 'droppedEvents', 'droppedLinks');
  const unread = links.length - MAX_LINKS_PER_SPAN;
  if (unread > 0) dropped.droppedLinks = (dropped.droppedLinks ?? 0) + unread;
  return {
    traceId,
    spanId,
    parentSpanId: asId(span['parentSpanId'], 16, 'parentSpanId'),
    flags: asSmallInteger(span['flags'], 'flags'),
    name: asString(span['name'], 'name'),
    kind: asEnum(span['kind'], 5, 'kind'),
    startTimeUnixNano: asUint64(span['startTimeUnixNano'], 'startTimeUnixNano'),
    endTimeUnixNano: asUint64(span['endTimeUnixNano'], 'endTimeUnixNano'),
    attributes: readAttributes(span['attributes']),
    events: events.map(readEvent),
    status: {
      code: asEnum(status['code'], 2, 'status.code'),
      message: asString(status['message'], 'status.message'),
    },
    ...readTraceState(span),
    ...(links.length > 0 && { links: links.slice(0, MAX_LINKS_PER_SPAN).map(readLink) }),
    ...dropped,
  };
}

function readLink(item: unknown): OtlpLink {
  const link = asObject(item, 'link');
  return {
    traceId: asId(link['traceId'], 32, 'link.traceId'),
    spanId: asId(link['spanId'], 16, 'link.spanId'),
    attributes: readAttributes(link['attributes']),
    ...readTraceState(link),
    ...readDropped(link, 'droppedAttributes'),
  };
}

function readTraceState(from: JsonFields): { traceState?: string } {
  const traceState = asString(from['traceState'], 'traceState');
  return traceState === '' ? {} : { traceState };
}

function readEvent(item: unknown): OtlpEvent {
  const event = asObject(item, 'event');
  return {
    timeUnixNano: asUint64(event['timeUnixNano'], 'event.timeUnixNano'),
    name: asString(event['name'], 'event.name'),
    attributes: readAttributes(event['attributes']),
    ...readDropped(event, 'droppedAttributes'),
  };
}

function readAttributes(value: unknown): OtlpAttributes {
  const attributes: OtlpAttributes = new Map();
  for (const [key, entry] of readKeyValues(value, 0)) attributes.set(key, entry);
  return attributes;
}

function readKeyValues(value: unknown, depth: number): [string, OtlpValue][] {
  const items = asList(value, 'attributes');
  if (items.length > MAX_ATTRIBUTES) throw malformed(`more than ${MAX_ATTRIBUTES} attributes`);
  return items.map((item) => {
    const pair = asObject(item, 'attribute');
    const key = asString(pair['key'], 'attribute key');
    if (key.length > MAX_KEY_BYTES) throw malformed(`attribute key over ${MAX_KEY_BYTES} bytes`);
    return [key, readValue(pair['value'], depth)];
  });
}

function readValue(item: unknown, depth: number): OtlpValue {
  if (depth > MAX_VALUE_DEPTH) throw malformed(`value nested deeper than ${MAX_VALUE_DEPTH}`);
  const value = asObject(item, 'attribute value');
  const place = 'attribute value';
  if (isPresent(value['stringValue'])) return asString(value['stringValue'], place);
  if (isPresent(value['boolValue'])) return asBoolean(value['boolValue'], place);
  if (isPresent(value['intValue'])) return asInt64(value['intValue'], place);
  if (isPresent(value['doubleValue'])) return asDouble(value['doubleValue'], place);
  if (isPresent(value['bytesValue'])) return asBase64(value['bytesValue'], place);
  if (isPresent(value['arrayValue'])) {
    const items = asList(asObject(value['arrayValue'], place)['values'], place);
    if (items.length > MAX_ATTRIBUTES) throw malformed(`list of more than ${MAX_ATTRIBUTES} values`);
    return items.map((entry) => readValue(entry, depth + 1));
  }
  if (isPresent(value['kvlistValue'])) {
    const map: { [key: string]: OtlpValue } = Object.create(null);
    for (const [key, entry] of readKeyValues(asObject(value['kvlistValue'], place)['values'], depth + 1)) {
      map[key] = entry;
    }
    return map;
  }
  return null;
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}
