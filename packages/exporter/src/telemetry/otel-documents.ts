import type { OtlpAttributes, OtlpEvent, OtlpSpan, OtlpSpanGroup, OtlpValue } from '@spanledger/record';

/** Of `SpanKind`, as the collector names them. */
const KINDS = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'] as const;

/** Of the status code; unset is not written. */
const STATUS_CODES = [undefined, 'Ok', 'Error'] as const;

/** Attributes that say where a document goes; the collector's exporter leaves them out as well. */
const ROUTING: ReadonlySet<string> = new Set([
  'data_stream.type',
  'data_stream.dataset',
  'data_stream.namespace',
  'elasticsearch.index',
  'elasticsearch.document_id',
  'elasticsearch.document_pipeline',
  'elasticsearch.mapping.hints',
  'elastic.mapping.mode',
]);

const NANOS_PER_MILLI = 1_000_000n;

/** JSON with whole numbers that may be beyond 2^53, which Elasticsearch keeps. */
export type TelemetryValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly TelemetryValue[]
  | { readonly [key: string]: TelemetryValue | undefined };

/** A document of normal telemetry. */
export type TelemetryDocument = { readonly [key: string]: TelemetryValue | undefined };

/** The data streams of normal telemetry, of one namespace. */
export interface TelemetryStreams {
  /** Spans. */
  traces: string;
  /** Span events. */
  logs: string;
  namespace: string;
}

/** Names the streams as the collector's exporter does. */
export function telemetryStreams(namespace: string): TelemetryStreams {
  return { traces: `traces-generic.otel-${namespace}`, logs: `logs-generic.otel-${namespace}`, namespace };
}

/**
 * The document of a span in the otel mapping of the collector's Elasticsearch exporter. What our receiver does not read
 * (links, trace state, numbers of dropped things, attributes of scopes) is absent; `links` is an empty list then.
 */
export function spanDocument(
  span: OtlpSpan,
  { resource, scope }: Pick<OtlpSpanGroup, 'resource' | 'scope'>,
  namespace: string,
): TelemetryDocument {
  const duration = span.endTimeUnixNano - span.startTimeUnixNano;
  const code = STATUS_CODES[span.status.code];
  return {
    '@timestamp': describeTime(span.startTimeUnixNano),
    data_stream: { type: 'traces', dataset: 'generic.otel', namespace },
    trace_id: span.traceId,
    span_id: span.spanId,
    ...(span.parentSpanId !== '' && { parent_span_id: span.parentSpanId }),
    ...(span.name !== '' && { name: span.name }),
    kind: KINDS[span.kind] ?? KINDS[0],
    duration: duration < 0n ? 0n : duration,
    ...describeAttributes(span.attributes),
    links: [],
    status: {
      ...(span.status.message !== '' && { message: span.status.message }),
      ...(code !== undefined && { code }),
    },
    resource: describeAttributes(resource),
    scope: describeScope(scope),
  };
}

/** The document of a span event, a log record of the span. */
export function spanEventDocument(
  event: OtlpEvent,
  span: OtlpSpan,
  { resource, scope }: Pick<OtlpSpanGroup, 'resource' | 'scope'>,
  namespace: string,
): TelemetryDocument {
  const attributes =
    event.name === ''
      ? event.attributes
      : new Map([...event.attributes, ['event.name', event.name] as const]);
  return {
    '@timestamp': describeTime(event.timeUnixNano),
    data_stream: { type: 'logs', dataset: 'generic.otel', namespace },
    trace_id: span.traceId,
    span_id: span.spanId,
    ...(event.name !== '' && { event_name: event.name }),
    ...describeAttributes(attributes),
    resource: describeAttributes(resource),
    scope: describeScope(scope),
  };
}

/** A document as JSON, with whole numbers as they are, however large. */
export function telemetryJson(value: TelemetryValue | undefined): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  if (Array.isArray(value)) return `[${value.map(telemetryJson).join(',')}]`;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${telemetryJson(member)}`).join(',')}}`;
}

function describeScope({ name, version }: OtlpSpanGroup['scope']): TelemetryDocument {
  return { ...(name !== '' && { name }), ...(version !== '' && { version }) };
}

/** Flat, by the attributes' own names: `a` and `a.b` both fit, and no name can be there twice. */
function describeAttributes(attributes: OtlpAttributes): { attributes?: TelemetryDocument } {
  const described = new Map<string, OtlpValue>();
  for (const [key, value] of attributes) if (!ROUTING.has(key)) described.set(key, value);
  return described.size === 0 ? {} : { attributes: Object.fromEntries(described) };
}

/** Milliseconds since the epoch with six fraction digits. */
function describeTime(nanos: bigint): string {
  return `${nanos / NANOS_PER_MILLI}.${String(nanos % NANOS_PER_MILLI).padStart(6, '0')}`;
}
