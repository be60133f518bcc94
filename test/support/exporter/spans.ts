import { randomBytes } from 'node:crypto';
import { type Attributes, type HrTime, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

/** What a test says of a span; the rest is made up. */
export interface SpanSketch {
  traceId?: string;
  spanId?: string;
  parentSpanId?: string;
  name?: string;
  kind?: SpanKind;
  start?: HrTime;
  end?: HrTime;
  attributes?: Attributes;
  events?: { name: string; time?: HrTime; attributes?: Attributes }[];
  status?: { code: SpanStatusCode; message?: string };
}

/** A process that sends spans: one resource, numbered from 1 as the instrumentation numbers them. */
export interface Sender {
  streamId: string;
  span(sketch?: SpanSketch): ReadableSpan;
}

const START: HrTime = [1_764_000_000, 123_456_789];
const SCOPE = { name: '@opentelemetry/instrumentation-http', version: '0.1.0' };
const END: HrTime = [1_764_000_000, 223_456_789];

/** @param service - `service.name`; @param numbered - with producer numbers, as on the audit path */
export function createSender(service: string, numbered = true): Sender {
  const streamId = randomBytes(16).toString('hex');
  const attributes: Attributes = { 'service.name': service };
  if (numbered) attributes['audit.sequence.stream_id'] = streamId;
  const resource = resourceOf(attributes);
  let number = 0;
  return {
    streamId,
    span(sketch = {}) {
      number++;
      const own: Attributes = { ...sketch.attributes };
      if (numbered) own['audit.sequence.number'] = number;
      return readableSpan({ ...sketch, attributes: own }, resource);
    },
  };
}

/** The serializer tells resources apart by identity: spans of one process share one. */
export function resourceOf(attributes: Attributes): ReadableSpan['resource'] {
  return {
    attributes,
    merge: () => {
      throw new Error('not merged');
    },
    getRawAttributes: () => Object.entries(attributes),
  };
}

/** A span as the SDK hands it to an exporter. */
export function readableSpan(
  sketch: SpanSketch,
  resource: ReadableSpan['resource'] = resourceOf({}),
): ReadableSpan {
  const traceId = sketch.traceId ?? randomBytes(16).toString('hex');
  const spanId = sketch.spanId ?? randomBytes(8).toString('hex');
  const parent = sketch.parentSpanId;
  return {
    name: sketch.name ?? 'GET /orders/:id',
    kind: sketch.kind ?? SpanKind.SERVER,
    spanContext: () => ({ traceId, spanId, traceFlags: 1 }),
    ...(parent !== undefined && { parentSpanContext: { traceId, spanId: parent, traceFlags: 1 } }),
    startTime: sketch.start ?? START,
    endTime: sketch.end ?? END,
    status: sketch.status ?? { code: SpanStatusCode.UNSET },
    attributes: sketch.attributes ?? {},
    links: [],
    events: (sketch.events ?? []).map((event) => ({ time: START, ...event })),
    duration: [0, 100_000_000],
    ended: true,
    resource,
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** What a session leaves on a span. */
export function sessionAttributes(user: string, session: string): Attributes {
  return {
    'session.id': session,
    'user.id': user,
    'oidc.client_id': 'shop',
    'oidc.issuer': 'https://id.example',
    'http.request.method': 'GET',
    'http.route': '/orders/:id',
    'http.response.status_code': 200,
    'url.path': '/orders/1',
    'client.address': '203.0.113.7',
    'user_agent.original': 'Mozilla/5.0 (X11; Linux x86_64)',
  };
}

/** An `ExportTraceServiceRequest`, by OpenTelemetry's own serializer. */
export function toProtobuf(spans: readonly ReadableSpan[]): Uint8Array {
  const bytes = ProtobufTraceSerializer.serializeRequest([...spans]);
  if (bytes === undefined) throw new Error('nothing serialized');
  return bytes;
}

/** The same as OTLP/JSON. */
export function toJson(spans: readonly ReadableSpan[]): Uint8Array {
  const bytes = JsonTraceSerializer.serializeRequest([...spans]);
  if (bytes === undefined) throw new Error('nothing serialized');
  return bytes;
}
