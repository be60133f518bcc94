import { createHash } from 'node:crypto';

/** What a span or an event says, as OpenTelemetry attributes. */
export type Attributes = Readonly<Record<string, boolean | number | string | readonly string[]>>;

/** A span of the scripted day. */
export interface DaySpan {
  /** When it began, milliseconds since the day did; before the day where it is negative. */
  at: number;
  service: string;
  kind: 'internal' | 'server';
  name: string;
  durationMs: number;
  attributes: Attributes;
  events?: readonly { name: string; attributes: Attributes }[];
  /** Numbered, and not sent: it is lost on the way. */
  lost?: boolean;
  /** Numbered, and sent a little after the others. */
  late?: boolean;
}

/** A span with its producer and number. */
interface NumberedSpan {
  span: DaySpan;
  stream: string;
  number: number;
}

const KINDS = { internal: 1, server: 2 } as const;
const NANOS_PER_MS = 1_000_000n;

const TOKEN_TIMES: ReadonlySet<string> = new Set(['oidc.token.expires_at', 'oidc.token.issued_at']);

/** Spans of one request. */
const REQUEST_SPANS = 500;

/** How many requests later what is late comes. */
const LATE_BY_REQUESTS = 2;

/** The requests of a day, and its producers. */
export interface DayRequests {
  /** OTLP/JSON bodies, in the order of time. */
  requests: string[];
  /** `audit.sequence.stream_id` of each service's producer; of one that started again, the second with `#2`. */
  streams: ReadonlyMap<string, string>;
}

/**
 * Numbers spans in the order of time, each service's by itself, and writes them as requests. A service named `x#2` is a second
 * process of `x`.
 *
 * @param dayStartMs - milliseconds since the epoch
 */
export function writeRequests(spans: readonly DaySpan[], dayStartMs: number, seed: string): DayRequests {
  const streams = new Map<string, string>();
  const numbers = new Map<string, number>();
  const requests: NumberedSpan[][] = [[]];
  const late = new Map<number, NumberedSpan[]>();
  for (const span of spans.toSorted((a, b) => a.at - b.at)) {
    const { service } = span;
    const stream = streams.get(service) ?? digest(`${seed} stream ${service}`, 32);
    streams.set(service, stream);
    const number = (numbers.get(service) ?? 0) + 1;
    numbers.set(service, number);
    if (span.lost === true) continue;
    const numbered = { span, stream, number };
    if (span.late === true) {
      const due = requests.length - 1 + LATE_BY_REQUESTS;
      late.set(due, [...(late.get(due) ?? []), numbered]);
      continue;
    }
    let request = requests.at(-1) ?? [];
    if (request.length >= REQUEST_SPANS) requests.push((request = []));
    request.push(numbered);
  }
  for (const [at, spansOfIt] of late) (requests[Math.min(at, requests.length - 1)] ?? []).push(...spansOfIt);
  return { requests: requests.map((each) => toJson(each, dayStartMs, seed)), streams };
}

/** The log keeps the order of a request: spans that follow one another of one producer share a resource. */
function toJson(spans: readonly NumberedSpan[], dayStartMs: number, seed: string): string {
  const groups: NumberedSpan[][] = [];
  for (const each of spans) {
    const last = groups.at(-1);
    if (last?.[0]?.stream === each.stream) last.push(each);
    else groups.push([each]);
  }
  return JSON.stringify({
    resourceSpans: groups.map((group) => ({
      resource: {
        attributes: toKeyValues({
          'service.name': (group[0]?.span.service ?? '').replace(/#.*$/, ''),
          'audit.sequence.stream_id': group[0]?.stream ?? '',
        }),
      },
      scopeSpans: [{ scope: { name: 'day' }, spans: group.map((each) => toSpan(each, dayStartMs, seed)) }],
    })),
  });
}

function toSpan({ span, stream, number }: NumberedSpan, dayStartMs: number, seed: string): object {
  const start = BigInt(dayStartMs + span.at) * NANOS_PER_MS;
  const end = start + BigInt(span.durationMs) * NANOS_PER_MS;
  const ids = digest(`${seed} ${stream} ${number}`, 48);
  return {
    traceId: ids.slice(0, 32),
    spanId: ids.slice(32),
    name: span.name,
    kind: KINDS[span.kind],
    startTimeUnixNano: `${start}`,
    endTimeUnixNano: `${end}`,
    attributes: toKeyValues({ ...atTime(span.attributes, dayStartMs), 'audit.sequence.number': number }),
    ...(span.events !== undefined && {
      events: span.events.map(({ name, attributes }) => ({
        name,
        timeUnixNano: `${start}`,
        attributes: toKeyValues(atTime(attributes, dayStartMs)),
      })),
    }),
  };
}

/** Times of tokens are seconds since the day began in the script, and since the epoch in a span. */
function atTime(attributes: Attributes, dayStartMs: number): Attributes {
  const dayStartS = dayStartMs / 1000;
  return Object.fromEntries(
    Object.entries(attributes).map(([key, value]) => [
      key,
      typeof value === 'number' && TOKEN_TIMES.has(key) ? dayStartS + value : value,
    ]),
  );
}

function toKeyValues(attributes: Attributes): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: toAnyValue(value) }));
}

function toAnyValue(value: Attributes[string]): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return { intValue: `${value}` };
  return { arrayValue: { values: value.map((item) => ({ stringValue: item })) } };
}

function digest(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}
