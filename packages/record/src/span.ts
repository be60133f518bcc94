/**
 * A decoded OTLP span (opentelemetry-proto `trace/v1/trace.proto`), in the shape both the protobuf and the
 * JSON reader produce. Identifiers are lower-case hex, times are nanoseconds since the epoch.
 */
export interface OtlpSpan {
  /** 32 lower-case hex digits, not all zero. */
  traceId: string;
  /** 16 lower-case hex digits, not all zero. */
  spanId: string;
  /** 16 lower-case hex digits; empty at the root of a trace. */
  parentSpanId: string;
  /** W3C trace flags; bit 0 is "sampled". */
  flags: number;
  name: string;
  /** `SpanKind`: 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number;
  startTimeUnixNano: bigint;
  endTimeUnixNano: bigint;
  attributes: OtlpAttributes;
  events: OtlpEvent[];
  /** `code`: 0 unset, 1 ok, 2 error. */
  status: { code: number; message: string };
  /** W3C trace state; absent if it is empty. */
  traceState?: string;
  /** Absent if there are none. */
  links?: OtlpLink[];
  /** How much the producer left out, where it left out anything. */
  droppedAttributes?: number;
  droppedEvents?: number;
  droppedLinks?: number;
}

/** A link to a span of the same or another trace. */
export interface OtlpLink {
  /** As of {@link OtlpSpan}; empty where the producer gave none. */
  traceId: string;
  spanId: string;
  traceState?: string;
  attributes: OtlpAttributes;
  droppedAttributes?: number;
}

/** A span event; the product's lifecycle events (`oidc.*`) travel as these. */
export interface OtlpEvent {
  timeUnixNano: bigint;
  name: string;
  attributes: OtlpAttributes;
  droppedAttributes?: number;
}

/** Attribute values by key; of duplicate keys the last one counts. */
export type OtlpAttributes = Map<string, OtlpValue>;

/** An OTLP `AnyValue`. Integers outside +-2^53 are bigints; bytes are base64 text; an empty value is null. */
export type OtlpValue =
  string | number | bigint | boolean | null | OtlpValue[] | { [key: string]: OtlpValue };

/** Spans of one instrumentation scope of one resource. */
export interface OtlpSpanGroup {
  resource: OtlpAttributes;
  scope: OtlpScope;
  spans: OtlpSpan[];
  /** What else is said of the resource. */
  resourceNotes?: OtlpNotes;
}

/** What is said of a resource or a scope beside its attributes. */
export interface OtlpNotes {
  schemaUrl?: string;
  droppedAttributes?: number;
}

/** An instrumentation scope. */
export interface OtlpScope extends OtlpNotes {
  name: string;
  version: string;
  /** Absent if there are none. */
  attributes?: OtlpAttributes;
}
