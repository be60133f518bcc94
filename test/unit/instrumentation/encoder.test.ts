import { ROOT_CONTEXT, trace, createTraceState, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { TracerProvider, type ReadableSpan } from '@opentelemetry/sdk-trace';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  MAX_ATTRIBUTES,
  MAX_STRING_CHARS,
  MAX_VALUE_BYTES,
} from '../../../packages/instrumentation/src/otlp/any-value.ts';
import {
  MAX_EVENTS,
  MAX_SPAN_BYTES,
  TraceEncoder,
} from '../../../packages/instrumentation/src/otlp/encoder.ts';
import type { RecordedSpan } from '../../../packages/instrumentation/src/otlp/recorded-span.ts';
import { decodeTraceRequest, type DecodedSpan } from '../../support/instrumentation/otlp-decoder.ts';
import { makeSpan } from '../../support/instrumentation/spans.ts';

const STREAM = 'f'.repeat(32);

function encode(spans: readonly RecordedSpan[]): DecodedSpan[] {
  const encoder = new TraceEncoder(STREAM);
  return decodeTraceRequest(encoder.encode(spans.map((span, index) => ({ span, number: index + 1 }))));
}

/** What the audit path adds, taken away. */
function withoutSequence(span: DecodedSpan): DecodedSpan {
  const { 'audit.sequence.number': _number, ...attributes } = span.attributes;
  const { 'audit.sequence.stream_id': _stream, ...resource } = span.resource;
  return { ...span, attributes, resource };
}

/** A made span with the real SDK's class behind it. */
function readable(span: RecordedSpan): ReadableSpan {
  const real = sdkSpans().at(-1);
  if (real === undefined) throw new Error('the SDK made no span');
  return Object.create(real, Object.getOwnPropertyDescriptors(span));
}

/** Spans of the real SDK, with everything that a span can have. */
function sdkSpans(): ReadableSpan[] {
  const ended: ReadableSpan[] = [];
  const provider = new TracerProvider({
    spanProcessors: [
      {
        onStart: () => undefined,
        onEnd: (span: ReadableSpan) => ended.push(span),
        forceFlush: () => Promise.resolve(),
        shutdown: () => Promise.resolve(),
      },
    ],
  });
  const remote = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: 1,
    isRemote: true,
    traceState: createTraceState('vendor=1,other=2'),
  };
  const tracer = provider.getTracer('first', '1.2.3', { schemaUrl: 'https://schema.example/1' });
  const other = provider.getTracer('second');
  const parent = trace.setSpanContext(ROOT_CONTEXT, remote);
  const span = tracer.startSpan(
    'GET /orders/{id}',
    {
      kind: SpanKind.SERVER,
      attributes: {
        text: 'grüße 👋 ￿',
        empty: '',
        long: 'ä'.repeat(200),
        yes: true,
        no: false,
        zero: 0,
        negative: -5,
        large: 2 ** 60,
        smallest: -(2 ** 63),
        fraction: 0.1,
        infinite: Infinity,
        list: ['a', 'b', ''],
        numbers: [1, -2, 3.5],
        none: [],
      },
      links: [{ context: remote, attributes: { why: 'batch' } }],
    },
    parent,
  );
  span.addEvent('first', { 'event.attribute': 1 }, new Date(1_700_000_000_123));
  span.addEvent('second');
  span.setStatus({ code: SpanStatusCode.ERROR, message: 'it broke' });
  const child = other.startSpan('child', { kind: SpanKind.CLIENT }, trace.setSpan(ROOT_CONTEXT, span));
  child.setStatus({ code: SpanStatusCode.OK });
  child.end();
  span.end();
  for (const kind of [SpanKind.INTERNAL, SpanKind.PRODUCER, SpanKind.CONSUMER]) {
    tracer.startSpan('root', { kind }, ROOT_CONTEXT).end();
  }
  return ended;
}

describe('against the serializer of OpenTelemetry', () => {
  test('spans of the SDK come out the same', () => {
    const spans = sdkSpans();
    const theirs = decodeTraceRequest(ProtobufTraceSerializer.serializeRequest(spans) ?? new Uint8Array());
    expect(theirs).toHaveLength(5);
    expect(encode(spans).map(withoutSequence)).toEqual(theirs);
  });

  test('generated values come out the same', () => {
    const scalar = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 300 }),
      fc.boolean(),
      fc.double(),
      fc.maxSafeInteger(),
      fc.integer(),
    );
    const value = fc.oneof(
      scalar,
      fc.array(scalar, { maxLength: 5 }),
      fc.dictionary(fc.string(), scalar, { maxKeys: 4 }),
    );
    const key = fc.string({ minLength: 1, maxLength: 100 }).filter((name) => !name.startsWith('http.'));
    fc.assert(
      fc.property(
        fc.dictionary(key, value, { maxKeys: 8 }),
        fc.string(),
        fc.nat(4_000_000_000),
        fc.nat(999_999_999),
        (attributes, name, seconds, nanoseconds) => {
          const span = makeSpan({
            name,
            attributes,
            startTime: [seconds, nanoseconds],
            endTime: [seconds, 0],
            droppedAttributesCount: 3,
            droppedEventsCount: 0,
            droppedLinksCount: 300,
          });
          const theirs = decodeTraceRequest(
            ProtobufTraceSerializer.serializeRequest([readable(span)]) ?? new Uint8Array(),
          );
          expect(encode([span]).map(withoutSequence)).toEqual(theirs);
        },
      ),
      { numRuns: 300 },
    );
  });
});

test('spans and their stream are numbered', () => {
  const spans = encode([makeSpan(), makeSpan(), makeSpan()]);
  expect(spans.map(({ attributes }) => attributes['audit.sequence.number'])).toEqual([1, 2, 3]);
  expect(spans[0]?.resource).toEqual({ 'service.name': 'test', 'audit.sequence.stream_id': STREAM });
});

test('the spans of SDK 1.x have other names for the same', () => {
  const [span] = encode([
    makeSpan({
      instrumentationScope: undefined,
      instrumentationLibrary: { name: 'old', version: '1.0.0' },
      parentSpanId: '00f067aa0ba902b7',
    }),
  ]);
  expect(span).toMatchObject({ scope: { name: 'old', version: '1.0.0' }, parentSpanId: '00f067aa0ba902b7' });
});

test('a resource that is still being detected is taken as far as it is known, without asking the SDK', () => {
  const [span] = encode([
    makeSpan({
      resource: {
        asyncAttributesPending: true,
        get attributes(): never {
          throw new Error('logs an error in the real SDK');
        },
        getRawAttributes: () => [
          ['service.name', 'known'],
          ['host.id', new Promise(() => undefined)],
          ['service.name', 'overridden'],
        ],
      },
    }),
  ]);
  expect(span?.resource).toMatchObject({ 'service.name': 'known' });
  expect(span?.resource).not.toHaveProperty('host.id');
});

test('one encoder writes the same resource and scope each time, and a resource anew until it is settled', () => {
  const encoder = new TraceEncoder(STREAM);
  const resource = { attributes: { 'service.name': 'first' }, asyncAttributesPending: true };
  const encodeOne = (): DecodedSpan | undefined =>
    decodeTraceRequest(encoder.encode([{ span: makeSpan({ resource }), number: 1 }]))[0];
  expect(encodeOne()?.resource).toMatchObject({ 'service.name': 'first' });
  resource.attributes = { 'service.name': 'settled' };
  resource.asyncAttributesPending = false;
  const settled = encodeOne();
  expect(settled?.resource).toEqual({ 'service.name': 'settled', 'audit.sequence.stream_id': STREAM });
  expect(encodeOne()).toEqual(settled);
  expect(settled?.scope).toMatchObject({ name: 'test', version: '1' });
});

describe('hostile values', () => {
  test('unpaired surrogates become U+FFFD', () => {
    const [span] = encode([
      makeSpan({ name: 'a\ud800b', attributes: { '\udc00': 'x'.repeat(100) + '\ud83d' } }),
    ]);
    expect(span?.name).toBe('a\ufffdb');
    expect(span?.attributes).toHaveProperty('\ufffd', `${'x'.repeat(100)}\ufffd`);
  });

  test('what contains itself ends at a depth', () => {
    const loop: Record<string, unknown> = { name: 'loop' };
    loop['self'] = loop;
    const list: unknown[] = [];
    list.push(list);
    const [span] = encode([makeSpan({ attributes: { loop, list } })]);
    expect(span?.attributes['loop']).toMatchObject({
      map: { name: 'loop', self: { map: { name: 'loop' } } },
    });
    expect(span?.attributes).toHaveProperty('list');
  });

  test('what is endless to write out ends', () => {
    let shared: unknown = 'leaf';
    for (let level = 0; level < 10; level++) shared = Array.from({ length: 100 }, () => shared);
    const bytes = new TraceEncoder(STREAM).encode([
      { span: makeSpan({ attributes: { shared } }), number: 1 },
    ]);
    expect(bytes.length).toBeLessThan(2 * MAX_VALUE_BYTES);
  });

  test('too many attributes are dropped and counted, too long strings are cut', () => {
    const attributes = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`k${index}`, index]));
    const [many] = encode([makeSpan({ attributes })]);
    expect(Object.keys(many?.attributes ?? {})).toHaveLength(MAX_ATTRIBUTES + 1);
    expect(many?.droppedAttributesCount).toBe(10_000 - MAX_ATTRIBUTES);
    const [long] = encode([makeSpan({ attributes: { text: 'x'.repeat(5_000_000) } })]);
    expect(String(long?.attributes['text'])).toHaveLength(MAX_STRING_CHARS);
  });

  test('a span never fills a request by itself; its session comes through', () => {
    const attributes: Record<string, unknown> = Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [`k${index}`, 'x'.repeat(60_000)]),
    );
    attributes['session.id'] = 's1';
    const event = { name: 'e', time: [1, 0] as [number, number], attributes: { text: 'y'.repeat(60_000) } };
    const encoder = new TraceEncoder(STREAM);
    const span = makeSpan({ attributes, events: Array.from({ length: 3_000 }, () => event) });
    const bytes = encoder.encode([{ span, number: 1 }]);
    expect(bytes.length).toBeLessThan(MAX_SPAN_BYTES + 200_000);
    const [decoded] = decodeTraceRequest(bytes);
    expect(decoded?.attributes).toMatchObject({ 'session.id': 's1', 'audit.sequence.number': 1 });
    expect(decoded?.droppedAttributesCount).toBeGreaterThan(400);
    expect(decoded?.events).toHaveLength(MAX_EVENTS);
    expect(decoded?.droppedEventsCount).toBe(3_000 - MAX_EVENTS);
  });

  test('functions, symbols and empty values are left out or empty; __proto__ is a name like any other', () => {
    const attributes: Record<string, unknown> = JSON.parse('{"__proto__": "x", "constructor": 1}');
    Object.assign(attributes, { f: () => 1, s: Symbol('s'), u: undefined, n: null, big: 10n });
    const [span] = encode([makeSpan({ attributes })]);
    expect(Object.keys(span?.attributes ?? {}).toSorted()).toEqual(
      ['audit.sequence.number', 'big', 'constructor', 'f', 's', '__proto__']
        .filter((key) => Object.keys(span?.attributes ?? {}).includes(key))
        .toSorted(),
    );
    expect(span?.attributes['constructor']).toBe(1);
  });
});

test('the buffer is reused: what was encoded before does not shine through', () => {
  const encoder = new TraceEncoder(STREAM);
  const first = Buffer.from(encoder.encode([{ span: makeSpan({ name: 'long'.repeat(50_000) }), number: 1 }]));
  const second = Buffer.from(encoder.encode([{ span: makeSpan({ name: 'short' }), number: 2 }]));
  expect(decodeTraceRequest(first)[0]?.name).toHaveLength(MAX_STRING_CHARS);
  expect(decodeTraceRequest(second)).toMatchObject([
    { name: 'short', attributes: { 'audit.sequence.number': 2 } },
  ]);
});

test('what is remembered of a repeated attribute stands for that very value only', () => {
  const values = [
    'a',
    'a',
    'a',
    'b',
    'a',
    'a',
    1,
    1,
    1,
    '1',
    '1',
    1,
    'x'.repeat(200),
    'x'.repeat(200),
    true,
    true,
  ];
  const spans = values.map((value) =>
    makeSpan({
      attributes: { repeated: value },
      events: [{ name: 'e', time: [1, 2], attributes: { repeated: value } }],
    }),
  );
  const decoded = encode(spans);
  expect(decoded.map(({ attributes }) => attributes['repeated'])).toEqual(values);
  expect(decoded.map(({ events }) => events[0]?.attributes['repeated'])).toEqual(values);
});

test('secrets in the items of lists and the members of maps do not leave', () => {
  const [span] = encode([
    makeSpan({
      attributes: {
        'process.command_args': [
          'node',
          'x',
          '--client-secret',
          'SECRET',
          '--db-password=SECRET',
          '--port',
          '1',
        ],
        body: { password: 'SECRET', nested: { accessToken: 'SECRET', name: 'alice' } },
        'url.query': ['code=SECRET'],
      },
    }),
  ]);
  expect(span?.attributes['process.command_args']).toEqual([
    'node',
    'x',
    '--client-secret',
    'REDACTED',
    '--db-password=REDACTED',
    '--port',
    '1',
  ]);
  expect(JSON.stringify(span)).not.toContain('SECRET');
  expect(JSON.stringify(span)).toContain('alice');
});
