import { SpanStatusCode } from '@opentelemetry/api';
import { describe, expect, test } from 'vitest';
import { ExporterError } from '../../../../packages/exporter/src/errors.ts';
import { decodeJsonTraceRequest } from '../../../../packages/exporter/src/receive/json/otlp-json.ts';
import { KeyTable } from '../../../../packages/exporter/src/receive/wire/key-table.ts';
import { decodeTraceRequest } from '../../../../packages/exporter/src/receive/wire/trace-request.ts';
import { createSender, sessionAttributes, toJson, toProtobuf } from '../../../support/exporter/spans.ts';

const IDS = '"traceId":"0AF7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331"';

function decodeText(text: string): ReturnType<typeof decodeJsonTraceRequest> {
  return decodeJsonTraceRequest(Buffer.from(text));
}

function spanText(fields: string): string {
  return `{"resourceSpans":[{"scopeSpans":[{"spans":[{${fields}}]}]}]}`;
}

function attribute(value: string): unknown {
  const text = spanText(`${IDS},"attributes":[{"key":"k","value":${value}}]`);
  return decodeText(text)[0]?.spans[0]?.attributes.get('k');
}

function refusal(text: string): string {
  try {
    decodeText(text);
  } catch (error) {
    if (error instanceof ExporterError) return error.code;
    throw error;
  }
  return 'decoded';
}

test('JSON and protobuf of the same spans decode to the same', () => {
  const sender = createSender('shop');
  const spans = [
    sender.span({
      attributes: { ...sessionAttributes('alice', 's1'), list: ['a', 'b'], half: 0.5, yes: true },
    }),
    sender.span({
      name: 'grüße 😀',
      parentSpanId: '00f067aa0ba902b7',
      status: { code: SpanStatusCode.ERROR, message: 'nope' },
      events: [{ name: 'oidc.token.refreshed', attributes: { 'oidc.token.type': 'access' } }],
    }),
  ].map((span) => ({ ...span, spanContext: fixed(span.spanContext()) }));
  expect(decodeJsonTraceRequest(toJson(spans))).toEqual(
    decodeTraceRequest(toProtobuf(spans), new KeyTable()),
  );
});

function fixed<T>(value: T): () => T {
  return () => value;
}

describe('what OTLP/JSON may write', () => {
  test('identifiers in either case, times as strings or numbers', () => {
    const times = '"startTimeUnixNano":"1764000000123456789","endTimeUnixNano":1764000000123456789';
    expect(decodeText(spanText(`${IDS},${times}`))[0]?.spans[0]).toMatchObject({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      startTimeUnixNano: 1_764_000_000_123_456_789n,
      endTimeUnixNano: 1_764_000_000_123_456_789n,
    });
  });

  test.each([
    ['{"stringValue":""}', ''],
    ['{"boolValue":false}', false],
    ['{"intValue":"42"}', 42],
    ['{"intValue":42}', 42],
    ['{"intValue":"9223372036854775807"}', 2n ** 63n - 1n],
    ['{"intValue":-9223372036854775808}', -(2n ** 63n)],
    ['{"doubleValue":0.5}', 0.5],
    ['{"doubleValue":"NaN"}', Number.NaN],
    ['{"doubleValue":"-Infinity"}', Number.NEGATIVE_INFINITY],
    ['{"bytesValue":"-_8="}', '+/8='],
    ['{"arrayValue":{"values":[{"intValue":"1"},{}]}}', [1, null]],
    ['{"arrayValue":{}}', []],
    ['{}', null],
    ['{"stringValue":null}', null],
    ['{"laterValue":1}', null],
  ])('the value %s', (text, value) => {
    expect(attribute(text)).toEqual(value);
  });

  test('a map keeps foreign keys', () => {
    const map = attribute('{"kvlistValue":{"values":[{"key":"__proto__","value":{"intValue":"1"}}]}}');
    expect(Object.entries(map ?? {})).toEqual([['__proto__', 1]]);
  });

  test('absent, null and unknown fields', () => {
    expect(decodeText('{}')).toEqual([]);
    expect(decodeText('{"resourceSpans":null,"later":{"a":[1]}}')).toEqual([]);
    expect(decodeText(spanText(`${IDS},"kind":null,"attributes":null,"later":7`))[0]?.spans).toHaveLength(1);
  });
});

describe('what is refused', () => {
  test.each([
    ['nothing', ''],
    ['no object', '[]'],
    ['null', 'null'],
    ['a string', '"spans"'],
    ['no JSON', '{"resourceSpans":'],
    ['an object for a list', '{"resourceSpans":{}}'],
    ['no ids', spanText('"name":"x"')],
    [
      'an id with a dash',
      spanText('"traceId":"0af76519-16cd-43dd-8448-eb211c80","spanId":"b7ad6b7169203331"'),
    ],
    ['a short id', spanText('"traceId":"0af7","spanId":"b7ad6b7169203331"')],
    [
      'a trace id of zeros',
      spanText('"traceId":"00000000000000000000000000000000","spanId":"b7ad6b7169203331"'),
    ],
    ['a kind by name', spanText(`${IDS},"kind":"SPAN_KIND_SERVER"`)],
    ['a negative time', spanText(`${IDS},"startTimeUnixNano":"-1"`)],
    ['a time beyond uint64', spanText(`${IDS},"startTimeUnixNano":"18446744073709551616"`)],
    ['a time with a fraction', spanText(`${IDS},"startTimeUnixNano":1.5`)],
    ['half a surrogate pair', spanText(`${IDS},"name":"\\ud800"`)],
    ['a number for a name', spanText(`${IDS},"name":7`)],
    [
      'an integer beyond int64',
      spanText(`${IDS},"attributes":[{"key":"k","value":{"intValue":"9223372036854775808"}}]`),
    ],
    ['a boolean as text', spanText(`${IDS},"attributes":[{"key":"k","value":{"boolValue":"yes"}}]`)],
    ['bytes that are no base64', spanText(`${IDS},"attributes":[{"key":"k","value":{"bytesValue":"*"}}]`)],
    ['brackets beyond the depth', '['.repeat(1_000_000)],
    ['a deep value', spanText(`${IDS},"attributes":[{"key":"k","value":${deep(40)}}]`)],
  ])('%s', (_what, text) => {
    expect(refusal(text)).toBe('request_malformed');
  });

  test('bytes that are not UTF-8', () => {
    expect(() => decodeJsonTraceRequest(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(/UTF-8/);
  });

  test('brackets within strings do not count', () => {
    expect(attribute(`{"stringValue":"${'[{\\"'.repeat(1000)}"}`)).toHaveLength(3000);
  });

  test('the message never quotes the text', () => {
    expect(() => decodeText('{"resourceSpans": alice@example.com}')).toThrow('JSON does not parse');
    expect(() => decodeText('{"resourceSpans": alice@example.com}')).not.toThrow(/alice/);
  });
});

function deep(levels: number): string {
  return levels === 0 ? '{"intValue":"1"}' : `{"arrayValue":{"values":[${deep(levels - 1)}]}}`;
}
