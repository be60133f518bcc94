import type { OtlpSpan } from '@spanledger/record';
import { expect, test } from 'vitest';
import {
  spanDocument,
  spanEventDocument,
  telemetryJson,
} from '../../../packages/exporter/src/telemetry/otel-documents.ts';

const SPAN: OtlpSpan = {
  traceId: '0102030405060708090a0b0c0d0e0f10',
  spanId: '0102030405060708',
  parentSpanId: '1112131415161718',
  flags: 1,
  name: 'GET /orders',
  kind: 2,
  startTimeUnixNano: 1_721_314_113_467_654_123n,
  endTimeUnixNano: 1_721_314_113_469_654_123n,
  attributes: new Map<string, string | number | bigint>([
    ['http.route', '/orders'],
    ['http', 'a name that begins another'],
    ['big', 9_223_372_036_854_775_807n],
    ['data_stream.namespace', 'elsewhere'],
  ]),
  events: [
    { timeUnixNano: 1_721_314_113_468_000_005n, name: 'cache.miss', attributes: new Map([['key', 'k']]) },
  ],
  status: { code: 2, message: 'out of stock' },
};
const AROUND = { resource: new Map([['service.name', 'shop']]), scope: { name: 'http', version: '1.2.3' } };
const RESOURCE = { attributes: { 'service.name': 'shop' } };
const SCOPE = { name: 'http', version: '1.2.3' };

test('a span is the document that the otel mapping documents', () => {
  expect(JSON.parse(telemetryJson(spanDocument(SPAN, AROUND, 'shop')))).toEqual({
    '@timestamp': '1721314113467.654123',
    data_stream: { type: 'traces', dataset: 'generic.otel', namespace: 'shop' },
    trace_id: SPAN.traceId,
    span_id: SPAN.spanId,
    parent_span_id: SPAN.parentSpanId,
    name: 'GET /orders',
    kind: 'Server',
    duration: 2_000_000,
    attributes: {
      'http.route': '/orders',
      http: 'a name that begins another',
      big: Number(9_223_372_036_854_775_807n),
    },
    links: [],
    status: { code: 'Error', message: 'out of stock' },
    resource: RESOURCE,
    scope: SCOPE,
  });
});

test('what is empty is left out, as the otel mapping has it', () => {
  const bare: OtlpSpan = {
    ...SPAN,
    parentSpanId: '',
    name: '',
    kind: 0,
    startTimeUnixNano: 0n,
    endTimeUnixNano: 0n,
    attributes: new Map(),
    status: { code: 0, message: '' },
  };
  const around = { resource: new Map(), scope: { name: '', version: '' } };
  expect(JSON.parse(telemetryJson(spanDocument(bare, around, 'default')))).toEqual({
    '@timestamp': '0.000000',
    data_stream: { type: 'traces', dataset: 'generic.otel', namespace: 'default' },
    trace_id: SPAN.traceId,
    span_id: SPAN.spanId,
    kind: 'Unspecified',
    duration: 0,
    links: [],
    status: {},
    resource: {},
    scope: {},
  });
});

test('an event of a span is a log record with the name of the event as an attribute too', () => {
  const [event] = SPAN.events;
  if (event === undefined) throw new Error('no event');
  expect(JSON.parse(telemetryJson(spanEventDocument(event, SPAN, AROUND, 'shop')))).toEqual({
    '@timestamp': '1721314113468.000005',
    data_stream: { type: 'logs', dataset: 'generic.otel', namespace: 'shop' },
    trace_id: SPAN.traceId,
    span_id: SPAN.spanId,
    event_name: 'cache.miss',
    attributes: { key: 'k', 'event.name': 'cache.miss' },
    resource: RESOURCE,
    scope: SCOPE,
  });
});

test('whole numbers beyond 2^53 keep their digits', () => {
  expect(telemetryJson({ big: 9_223_372_036_854_775_807n, none: undefined, list: [1n, 'a', null] })).toBe(
    '{"big":9223372036854775807,"list":[1,"a",null]}',
  );
});
