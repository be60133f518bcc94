import type { OtlpEvent, OtlpLink, OtlpSpan } from '@spanledger/record';
import { MAX_EVENTS_PER_SPAN, MAX_LINKS_PER_SPAN } from '../limits.ts';
import { malformed } from '../request-errors.ts';
import { readAttribute } from './any-value.ts';
import type { WireReader } from './wire-reader.ts';

// opentelemetry/proto/trace/v1/trace.proto, as `number << 3 | wire type`.
const TRACE_ID = (1 << 3) | 2;
const SPAN_ID = (2 << 3) | 2;
const TRACE_STATE = (3 << 3) | 2;
const PARENT_SPAN_ID = (4 << 3) | 2;
const NAME = (5 << 3) | 2;
const KIND = 6 << 3;
const START_TIME = (7 << 3) | 1;
const END_TIME = (8 << 3) | 1;
const ATTRIBUTE = (9 << 3) | 2;
const DROPPED_ATTRIBUTES = 10 << 3;
const EVENT = (11 << 3) | 2;
const DROPPED_EVENTS = 12 << 3;
const LINK = (13 << 3) | 2;
const DROPPED_LINKS = 14 << 3;
const STATUS = (15 << 3) | 2;
const FLAGS = (16 << 3) | 5;
const LAST_SPAN_FIELD = 16;

const EVENT_TIME = (1 << 3) | 1;
const EVENT_NAME = (2 << 3) | 2;
const EVENT_ATTRIBUTE = (3 << 3) | 2;
const EVENT_DROPPED_ATTRIBUTES = 4 << 3;
const LAST_EVENT_FIELD = 4;

const LINK_TRACE_ID = (1 << 3) | 2;
const LINK_SPAN_ID = (2 << 3) | 2;
const LINK_TRACE_STATE = (3 << 3) | 2;
const LINK_ATTRIBUTE = (4 << 3) | 2;
const LINK_DROPPED_ATTRIBUTES = 5 << 3;
const LINK_FLAGS = (6 << 3) | 5;
const LAST_LINK_FIELD = 6;

const STATUS_DEPRECATED_CODE = 1 << 3;
const STATUS_MESSAGE = (2 << 3) | 2;
const STATUS_CODE = 3 << 3;
const LAST_STATUS_FIELD = 3;

const LARGEST_KIND = 5;
const LARGEST_STATUS_CODE = 2;

/**
 * Reads one `Span` message.
 *
 * @param end - offset just past the message
 */
export function readSpan(reader: WireReader, end: number): OtlpSpan {
  const span: OtlpSpan = {
    traceId: '',
    spanId: '',
    parentSpanId: '',
    flags: 0,
    name: '',
    kind: 0,
    startTimeUnixNano: 0n,
    endTimeUnixNano: 0n,
    attributes: new Map(),
    events: [],
    status: { code: 0, message: '' },
  };
  let unread = 0;
  while (reader.position < end) {
    const tag = reader.tag(end);
    switch (tag) {
      case TRACE_ID:
        span.traceId = reader.id(end, 16, 'trace id');
        break;
      case SPAN_ID:
        span.spanId = reader.id(end, 8, 'span id');
        break;
      case PARENT_SPAN_ID:
        span.parentSpanId = reader.parentId(end, 8, 'parent span id');
        break;
      case NAME:
        span.name = reader.string(end);
        break;
      case KIND:
        span.kind = reader.enum(end, LARGEST_KIND);
        break;
      case START_TIME:
        span.startTimeUnixNano = reader.fixed64(end);
        break;
      case END_TIME:
        span.endTimeUnixNano = reader.fixed64(end);
        break;
      case ATTRIBUTE:
        readAttribute(reader, reader.content(end), span.attributes);
        break;
      case EVENT:
        if (span.events.length === MAX_EVENTS_PER_SPAN) {
          throw malformed(`more than ${MAX_EVENTS_PER_SPAN} events`);
        }
        span.events.push(readEvent(reader, reader.content(end)));
        break;
      case STATUS:
        readStatus(reader, reader.content(end), span.status);
        break;
      case FLAGS:
        span.flags = reader.fixed32(end);
        break;
      case TRACE_STATE:
        setTraceState(span, reader.string(end));
        break;
      case DROPPED_ATTRIBUTES:
        setCount(span, 'droppedAttributes', reader.varint(end));
        break;
      case DROPPED_EVENTS:
        setCount(span, 'droppedEvents', reader.varint(end));
        break;
      case LINK:
        span.links ??= [];
        if (span.links.length < MAX_LINKS_PER_SPAN) span.links.push(readLink(reader, reader.content(end)));
        else {
          reader.ignore(tag, end);
          unread++;
        }
        break;
      case DROPPED_LINKS:
        setCount(span, 'droppedLinks', reader.varint(end));
        break;
      default:
        reader.skip(tag, end, LAST_SPAN_FIELD);
    }
  }
  if (span.traceId === '') throw malformed('span without a trace id');
  if (span.spanId === '') throw malformed('span without a span id');
  if (unread > 0) span.droppedLinks = (span.droppedLinks ?? 0) + unread;
  return span;
}

function readEvent(reader: WireReader, end: number): OtlpEvent {
  const event: OtlpEvent = { timeUnixNano: 0n, name: '', attributes: new Map() };
  while (reader.position < end) {
    const tag = reader.tag(end);
    switch (tag) {
      case EVENT_TIME:
        event.timeUnixNano = reader.fixed64(end);
        break;
      case EVENT_NAME:
        event.name = reader.string(end);
        break;
      case EVENT_ATTRIBUTE:
        readAttribute(reader, reader.content(end), event.attributes);
        break;
      case EVENT_DROPPED_ATTRIBUTES:
        setCount(event, 'droppedAttributes', reader.varint(end));
        break;
      default:
        reader.skip(tag, end, LAST_EVENT_FIELD);
    }
  }
  return event;
}

function readLink(reader: WireReader, end: number): OtlpLink {
  const link: OtlpLink = { traceId: '', spanId: '', attributes: new Map() };
  while (reader.position < end) {
    const tag = reader.tag(end);
    switch (tag) {
      case LINK_TRACE_ID:
        link.traceId = reader.parentId(end, 16, 'trace id of a link');
        break;
      case LINK_SPAN_ID:
        link.spanId = reader.parentId(end, 8, 'span id of a link');
        break;
      case LINK_TRACE_STATE:
        setTraceState(link, reader.string(end));
        break;
      case LINK_ATTRIBUTE:
        readAttribute(reader, reader.content(end), link.attributes);
        break;
      case LINK_DROPPED_ATTRIBUTES:
        setCount(link, 'droppedAttributes', reader.varint(end));
        break;
      case LINK_FLAGS:
        reader.ignore(tag, end);
        break;
      default:
        reader.skip(tag, end, LAST_LINK_FIELD);
    }
  }
  return link;
}

function setTraceState(of: { traceState?: string }, traceState: string): void {
  if (traceState !== '') of.traceState = traceState;
}

/** What is 0 is as good as absent. */
function setCount<Name extends string>(of: Partial<Record<Name, number>>, name: Name, count: number): void {
  if (count > 0) of[name] = count;
}

function readStatus(reader: WireReader, end: number, status: OtlpSpan['status']): void {
  while (reader.position < end) {
    const tag = reader.tag(end);
    switch (tag) {
      case STATUS_MESSAGE:
        status.message = reader.string(end);
        break;
      case STATUS_CODE:
        status.code = reader.enum(end, LARGEST_STATUS_CODE);
        break;
      case STATUS_DEPRECATED_CODE:
        reader.ignore(tag, end);
        break;
      default:
        reader.skip(tag, end, LAST_STATUS_FIELD);
    }
  }
}
