/**
 * The parts of an SDK span that the audit path reads, as SDK 1.x, 2.x and 3.x have them. Nothing of
 * `@opentelemetry/*` is imported for these types: what runs in the application's thread must not pin a version.
 */

/** Seconds and nanoseconds. */
export type HrTime = [number, number];

/** Attribute values by key, as the SDK holds them. */
export type SpanAttributes = Record<string, unknown>;

/** W3C identity of a span. */
export interface SpanIdentity {
  traceId: string;
  spanId: string;
  traceFlags: number;
  isRemote?: boolean | undefined;
  traceState?: { serialize(): string } | undefined;
}

/** An event on a span. */
export interface RecordedEvent {
  name: string;
  time: HrTime;
  attributes?: SpanAttributes | undefined;
  droppedAttributesCount?: number | undefined;
}

/** A link to another span. */
export interface RecordedLink {
  context: SpanIdentity;
  attributes?: SpanAttributes | undefined;
  droppedAttributesCount?: number | undefined;
}

/** What the spans of one provider have in common. */
export interface RecordedResource {
  attributes: SpanAttributes;
  schemaUrl?: string | undefined;
  /** SDK 1.x and later: detectors that have not answered yet. */
  asyncAttributesPending?: boolean | undefined;
  /** SDK 2.x and later: the attributes with the promises still in place; reading it logs nothing. */
  getRawAttributes?(): Iterable<readonly [string, unknown]>;
}

/** Who made the span. */
export interface RecordedScope {
  name: string;
  version?: string | undefined;
  schemaUrl?: string | undefined;
  attributes?: SpanAttributes | undefined;
}

/** A span of the SDK, during its life and after. */
export interface RecordedSpan {
  spanContext(): SpanIdentity;
  /** SDK 2.x and later. */
  parentSpanContext?: SpanIdentity | undefined;
  /** SDK 1.x. */
  parentSpanId?: string | undefined;
  name: string;
  kind: number;
  startTime: HrTime;
  endTime: HrTime;
  attributes: SpanAttributes;
  events: RecordedEvent[];
  links: RecordedLink[];
  status: { code: number; message?: string | undefined };
  resource: RecordedResource;
  /** SDK 2.x and later. */
  instrumentationScope?: RecordedScope | undefined;
  /** SDK 1.x. */
  instrumentationLibrary?: RecordedScope | undefined;
  droppedAttributesCount?: number | undefined;
  droppedEventsCount?: number | undefined;
  droppedLinksCount?: number | undefined;
  ended?: boolean | undefined;
}
