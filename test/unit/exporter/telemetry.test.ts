import type { OtlpSpan } from '@spanledger/record';
import { expect, test } from 'vitest';
import { decodeJsonTraceRequest } from '../../../packages/exporter/src/receive/json/otlp-json.ts';
import { KeyTable } from '../../../packages/exporter/src/receive/wire/key-table.ts';
import { decodeTraceRequest } from '../../../packages/exporter/src/receive/wire/trace-request.ts';
import {
  spanDocument,
  spanEventDocument,
  telemetryJson,
} from '../../../packages/exporter/src/telemetry/otel-documents.ts';

import {
  bytesField,
  fixed64Field,
  message,
  stringField,
  varintField,
} from '../../support/exporter/protobuf.ts';

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

const OTHER = { traceId: 'aa'.repeat(16), spanId: 'bb'.repeat(8) };

/** `key: value` as protobuf has attributes. */
function attribute(field: number, key: string, value: string): Uint8Array {
  return bytesField(field, message(stringField(1, key), bytesField(2, stringField(1, value))));
}

const hex = (text: string): Uint8Array => Buffer.from(text, 'hex');

/** One span with everything that few spans have, as protobuf. */
function rarePieces(): Uint8Array {
  const link = message(
    bytesField(1, hex(OTHER.traceId)),
    bytesField(2, hex(OTHER.spanId)),
    stringField(3, 'vendor=1'),
    attribute(4, 'why', 'batch'),
    varintField(5, 6n),
  );
  const event = message(fixed64Field(1, 5n), stringField(2, 'cache.miss'), varintField(4, 4n));
  const span = message(
    bytesField(1, hex(SPAN.traceId)),
    bytesField(2, hex(SPAN.spanId)),
    stringField(3, 'vendor=2'),
    varintField(10, 1n),
    bytesField(11, event),
    varintField(12, 2n),
    bytesField(13, link),
    bytesField(13, message()),
    varintField(14, 3n),
  );
  const scope = message(stringField(1, 'http'), attribute(3, 'short', 'yes'), varintField(4, 7n));
  const scopeSpans = message(
    bytesField(1, scope),
    bytesField(2, span),
    stringField(3, 'https://scope.example'),
  );
  const resource = message(attribute(1, 'service.name', 'shop'), varintField(2, 8n));
  return bytesField(
    1,
    message(bytesField(2, scopeSpans), bytesField(1, resource), stringField(3, 'https://resource.example')),
  );
}

const jsonAttribute = (key: string, stringValue: string): object => ({ key, value: { stringValue } });

const RARE_JSON = {
  resourceSpans: [
    {
      resource: { attributes: [jsonAttribute('service.name', 'shop')], droppedAttributesCount: 8 },
      schemaUrl: 'https://resource.example',
      scopeSpans: [
        {
          scope: { name: 'http', attributes: [jsonAttribute('short', 'yes')], droppedAttributesCount: 7 },
          schemaUrl: 'https://scope.example',
          spans: [
            {
              traceId: SPAN.traceId,
              spanId: SPAN.spanId,
              traceState: 'vendor=2',
              droppedAttributesCount: 1,
              droppedEventsCount: 2,
              droppedLinksCount: 3,
              events: [{ timeUnixNano: '5', name: 'cache.miss', droppedAttributesCount: 4 }],
              links: [
                {
                  ...OTHER,
                  traceState: 'vendor=1',
                  attributes: [jsonAttribute('why', 'batch')],
                  droppedAttributesCount: 6,
                },
                {},
              ],
            },
          ],
        },
      ],
    },
  ],
};

test.each([
  ['protobuf', decodeTraceRequest(rarePieces(), new KeyTable())],
  ['JSON', decodeJsonTraceRequest(Buffer.from(JSON.stringify(RARE_JSON)))],
])('links, trace state, schemas, attributes of scopes and what was dropped, of %s', (_, groups) => {
  const [group] = groups;
  const [span] = group?.spans ?? [];
  const [event] = span?.events ?? [];
  if (group === undefined || span === undefined || event === undefined) throw new Error('nothing was read');
  const source = {
    resource: {
      schema_url: 'https://resource.example',
      attributes: { 'service.name': 'shop' },
      dropped_attributes_count: 8,
    },
    scope: {
      name: 'http',
      schema_url: 'https://scope.example',
      attributes: { short: 'yes' },
      dropped_attributes_count: 7,
    },
  };
  expect(JSON.parse(telemetryJson(spanDocument(span, group, 'shop')))).toEqual({
    '@timestamp': '0.000000',
    data_stream: { type: 'traces', dataset: 'generic.otel', namespace: 'shop' },
    trace_id: SPAN.traceId,
    span_id: SPAN.spanId,
    trace_state: 'vendor=2',
    kind: 'Unspecified',
    duration: 0,
    dropped_attributes_count: 1,
    dropped_events_count: 2,
    dropped_links_count: 3,
    links: [
      {
        trace_id: OTHER.traceId,
        span_id: OTHER.spanId,
        trace_state: 'vendor=1',
        attributes: { why: 'batch' },
        dropped_attributes_count: 6,
      },
      {},
    ],
    status: {},
    ...source,
  });
  expect(JSON.parse(telemetryJson(spanEventDocument(event, span, group, 'shop')))).toMatchObject({
    event_name: 'cache.miss',
    dropped_attributes_count: 4,
    ...source,
  });
});

test('of very many links the first are read, and the others count as dropped', () => {
  const ids = { traceId: SPAN.traceId, spanId: SPAN.spanId };
  const links = Array.from({ length: 1030 }, () => OTHER);
  const json = { resourceSpans: [{ scopeSpans: [{ spans: [{ ...ids, links, droppedLinksCount: 1 }] }] }] };
  const linkField = bytesField(
    13,
    message(bytesField(1, hex(OTHER.traceId)), bytesField(2, hex(OTHER.spanId))),
  );
  const fields = [bytesField(1, hex(SPAN.traceId)), bytesField(2, hex(SPAN.spanId)), varintField(14, 1n)];
  const span = message(...fields, ...links.map(() => linkField));
  for (const groups of [
    decodeJsonTraceRequest(Buffer.from(JSON.stringify(json))),
    decodeTraceRequest(bytesField(1, bytesField(2, bytesField(2, span))), new KeyTable()),
  ]) {
    const [read] = groups[0]?.spans ?? [];
    expect([read?.links?.length, read?.droppedLinks]).toEqual([1024, 7]);
  }
});
