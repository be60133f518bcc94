/** Bytes of a request body as it arrives, still compressed. */
export const MAX_BODY_BYTES: number = 16 * 1024 * 1024;

/** Bytes of a request body once it is inflated, and of all such bodies that are held. */
export const MAX_INFLATED_BYTES: number = 64 * 1024 * 1024;

/** Bytes of bodies that all requests together may hold as they arrived; beyond, senders are told to come again. */
export const MAX_ARRIVED_BYTES: number = 2 * MAX_BODY_BYTES;

/** What a body of unannounced length is thought to have. */
export const UNANNOUNCED_BODY_BYTES: number = 1024 * 1024;

/** How many bodies are inflated at once. */
export const MAX_INFLATING = 4;

/** Spans of one request. Together with their lifecycle events they must fit into one batch of entries. */
export const MAX_SPANS_PER_REQUEST = 32_768;

/** Scopes of one request: groups of spans, which may be empty. */
export const MAX_SCOPES_PER_REQUEST = 32_768;

/** Attributes of one span, event or resource, and entries of one list or map value. */
export const MAX_ATTRIBUTES = 4096;

/** Events of one span. */
export const MAX_EVENTS_PER_SPAN = 4096;

/** Links of one span that are read; what is beyond counts as dropped. */
export const MAX_LINKS_PER_SPAN = 1024;

/** How deep a list or map value may be nested. */
export const MAX_VALUE_DEPTH = 16;

/** How deep the JSON of a request may be nested; a value within a value takes five levels. */
export const MAX_JSON_DEPTH: number = 16 + 5 * MAX_VALUE_DEPTH;

/** Objects and lists in the JSON of a request: a span with 20 attributes has about 50. */
export const MAX_JSON_CONTAINERS: number = 64 * MAX_SPANS_PER_REQUEST;

/** Bytes of an attribute key. */
export const MAX_KEY_BYTES = 1024;

/** Attributes of a span whose order of keys is learned; spans with more are read the slow way. */
export const MAX_LEARNED_ATTRIBUTES = 128;

/** Places in the learned orders of keys, about 200 bytes each; beyond, all are forgotten. */
export const MAX_SHAPE_NODES = 16_384;

/** Templates of records that are kept, some kilobytes each; beyond, all are forgotten. */
export const MAX_TEMPLATES = 2_048;

/** Bytes of the templates that are kept. */
export const MAX_TEMPLATE_BYTES: number = 32 * 1024 * 1024;

/** Bytes of the values that one template stands for. */
export const MAX_FIXED_BYTES = 4_096;
