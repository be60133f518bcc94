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

/** Where a span comes from. */
export type SpanSource = Pick<OtlpSpanGroup, 'resource' | 'scope' | 'resourceNotes'>;

/** The document of a span in the otel mapping of the collector's Elasticsearch exporter. */
export function spanDocument(span: OtlpSpan, source: SpanSource, namespace: string): TelemetryDocument {
  const duration = span.endTimeUnixNano - span.startTimeUnixNano;
  const code = STATUS_CODES[span.status.code];
  return {
    '@timestamp': describeTime(span.startTimeUnixNano),
    data_stream: { type: 'traces', dataset: 'generic.otel', namespace },
    trace_id: span.traceId,
    span_id: span.spanId,
    ...describeTraceState(span),
    ...(span.parentSpanId !== '' && { parent_span_id: span.parentSpanId }),
    ...(span.name !== '' && { name: span.name }),
    kind: KINDS[span.kind] ?? KINDS[0],
    duration: duration < 0n ? 0n : duration,
    ...describeAttributes(span.attributes),
    ...describeCount('dropped_attributes_count', span.droppedAttributes),
    ...describeCount('dropped_events_count', span.droppedEvents),
    links: (span.links ?? []).map(describeLink),
    ...describeCount('dropped_links_count', span.droppedLinks),
    status: {
      ...(span.status.message !== '' && { message: span.status.message }),
      ...(code !== undefined && { code }),
    },
    ...describeSource(source),
  };
}

/** The document of a span event, a log record of the span. */
export function spanEventDocument(
  event: OtlpEvent,
  span: OtlpSpan,
  source: SpanSource,
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
    ...describeCount('dropped_attributes_count', event.droppedAttributes),
    ...(event.name !== '' && { event_name: event.name }),
    ...describeAttributes(attributes),
    ...describeSource(source),
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

function describeSource({ resource, scope, resourceNotes = {} }: SpanSource): TelemetryDocument {
  return { resource: describeSide(resource, resourceNotes), scope: describeScope(scope) };
}

function describeScope(scope: OtlpScope): TelemetryDocument {
  const { name, version, attributes = new Map() } = scope;
  return {
    ...(name !== '' && { name }),
    ...(version !== '' && { version }),
    ...describeSide(attributes, scope),
  };
}

function describeSide(
  attributes: OtlpAttributes,
  { schemaUrl, droppedAttributes }: OtlpNotes,
): TelemetryDocument {
  return {
    ...(schemaUrl !== undefined && schemaUrl !== '' && { schema_url: schemaUrl }),
    ...describeAttributes(attributes),
    ...describeCount('dropped_attributes_count', droppedAttributes),
  };
}

function describeLink(link: OtlpLink): TelemetryDocument {
  const { traceId, spanId, attributes, droppedAttributes } = link;
  return {
    ...(traceId !== '' && { trace_id: traceId }),
    ...(spanId !== '' && { span_id: spanId }),
    ...describeTraceState(link),
    ...describeAttributes(attributes),
    ...describeCount('dropped_attributes_count', droppedAttributes),
  };
}

function describeTraceState({ traceState = '' }: { traceState?: string }): TelemetryDocument {
  return traceState === '' ? {} : { trace_state: traceState };
}

/** What is 0 is left out, as the exporter does. */
function describeCount(name: string, count = 0): TelemetryDocument {
  return count === 0 ? {} : { [name]: count };
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
