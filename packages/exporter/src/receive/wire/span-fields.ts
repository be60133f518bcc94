// The fields of a span in opentelemetry/proto/trace/v1/trace.proto, as `number << 3 | wire type`.

/** `Span.trace_id` */
export const TRACE_ID: number = (1 << 3) | 2;
/** `Span.span_id` */
export const SPAN_ID: number = (2 << 3) | 2;
/** `Span.trace_state` */
export const TRACE_STATE: number = (3 << 3) | 2;
/** `Span.parent_span_id` */
export const PARENT_SPAN_ID: number = (4 << 3) | 2;
/** `Span.name` */
export const NAME: number = (5 << 3) | 2;
/** `Span.kind` */
export const KIND: number = 6 << 3;
/** `Span.start_time_unix_nano` */
export const START_TIME: number = (7 << 3) | 1;
/** `Span.end_time_unix_nano` */
export const END_TIME: number = (8 << 3) | 1;
/** `Span.attributes` */
export const ATTRIBUTE: number = (9 << 3) | 2;
/** `Span.dropped_attributes_count` */
export const DROPPED_ATTRIBUTES: number = 10 << 3;
/** `Span.events` */
export const EVENT: number = (11 << 3) | 2;
/** `Span.dropped_events_count` */
export const DROPPED_EVENTS: number = 12 << 3;
/** `Span.links` */
export const LINK: number = (13 << 3) | 2;
/** `Span.dropped_links_count` */
export const DROPPED_LINKS: number = 14 << 3;
/** `Span.status` */
export const STATUS: number = (15 << 3) | 2;
