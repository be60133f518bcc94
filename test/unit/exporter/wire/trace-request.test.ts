import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { describe, expect, test } from 'vitest';
import { ExporterError } from '../../../../packages/exporter/src/errors.ts';
import { KeyTable } from '../../../../packages/exporter/src/receive/wire/key-table.ts';
import { decodeTraceRequest } from '../../../../packages/exporter/src/receive/wire/trace-request.ts';
import { createSender, readableSpan, toProtobuf } from '../../../support/exporter/spans.ts';
import {
  bytesField,
  fixed64Field,
  message,
  stringField,
  varintField,
} from '../../../support/exporter/protobuf.ts';

const TRACE_ID = Buffer.from('0af7651916cd43dd8448eb211c80319c', 'hex');
const SPAN_ID = Buffer.from('b7ad6b7169203331', 'hex');

function decode(bytes: Uint8Array): ReturnType<typeof decodeTraceRequest> {
  return decodeTraceRequest(bytes, new KeyTable());
}

/** A request with one span of these fields. */
function requestOf(...span: Uint8Array[]): Uint8Array {
  return message(bytesField(1, message(bytesField(2, message(bytesField(2, message(...span)))))));
}

function ids(): Uint8Array[] {
  return [bytesField(1, TRACE_ID), bytesField(2, SPAN_ID)];
}

function refusal(bytes: Uint8Array): string {
  try {
    decode(bytes);
  } catch (error) {
    if (error instanceof ExporterError) return error.code;
    throw error;
  }
  return 'decoded';
}

describe('what the serializer of OpenTelemetry writes', () => {
  test('comes back field by field', () => {
    const sender = createSender('shop');
    const span = sender.span({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      parentSpanId: '00f067aa0ba902b7',
      name: 'GET /grüße/😀',
      kind: SpanKind.SERVER,
      attributes: {
        text: 'grüße 😀',
        yes: true,
        no: false,
        small: 42,
        negative: -7,
        large: 2 ** 52,
        half: 0.5,
        list: ['a', 'b'],
        numbers: [1, 2.5],
      },
      events: [{ name: 'oidc.token.refreshed', attributes: { 'oidc.token.type': 'access' } }],
      status: { code: SpanStatusCode.ERROR, message: 'nope' },
    });
    const [group] = decode(toProtobuf([span]));
    const [decoded] = group?.spans ?? [];
    expect(group?.resource.get('service.name')).toBe('shop');
    expect(group?.scope).toEqual({ name: '@opentelemetry/instrumentation-http', version: '0.1.0' });
    expect(decoded).toMatchObject({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      parentSpanId: '00f067aa0ba902b7',
      name: 'GET /grüße/😀',
      kind: 2,
      startTimeUnixNano: 1_764_000_000_123_456_789n,
      endTimeUnixNano: 1_764_000_000_223_456_789n,
      status: { code: SpanStatusCode.ERROR, message: 'nope' },
    });
    expect(Object.fromEntries(decoded?.attributes ?? [])).toEqual({
      text: 'grüße 😀',
      yes: true,
      no: false,
      small: 42,
      negative: -7,
      large: 2 ** 52,
      half: 0.5,
      list: ['a', 'b'],
      numbers: [1, 2.5],
      'audit.sequence.number': 1,
    });
    expect(decoded?.events[0]?.name).toBe('oidc.token.refreshed');
    expect(decoded?.events[0]?.attributes.get('oidc.token.type')).toBe('access');
  });

  test('groups by resource and scope', () => {
    const one = createSender('one');
    const two = createSender('two');
    const groups = decode(toProtobuf([one.span(), two.span(), one.span()]));
    expect(groups.map((group) => [group.resource.get('service.name'), group.spans.length])).toEqual([
      ['one', 2],
      ['two', 1],
    ]);
  });

  test('an empty request has no spans', () => {
    expect(decode(new Uint8Array())).toEqual([]);
  });

  test('a thousand times the same keys are the same strings', () => {
    const keys = new KeyTable();
    for (let i = 0; i < 1000; i++) {
      const bytes = toProtobuf([readableSpan({ attributes: { [`key.${i}`]: i, 'http.route': '/x' } })]);
      const [group] = decodeTraceRequest(bytes, keys);
      expect(group?.spans[0]?.attributes.get(`key.${i}`)).toBe(i);
      expect(group?.spans[0]?.attributes.get('http.route')).toBe('/x');
    }
  });
});

describe('values of protobuf that the serializer does not write', () => {
  const value = (...fields: Uint8Array[]): unknown => {
    const attribute = message(stringField(1, 'k'), bytesField(2, message(...fields)));
    return decode(requestOf(...ids(), bytesField(9, attribute)))[0]?.spans[0]?.attributes.get('k');
  };

  test('integers beyond 2^53 are bigints, both signs', () => {
    expect(value(varintField(3, 2n ** 63n - 1n))).toBe(2n ** 63n - 1n);
    expect(value(varintField(3, 2n ** 64n - 1n))).toBe(-1);
    expect(value(varintField(3, 2n ** 63n))).toBe(-(2n ** 63n));
    expect(value(varintField(3, 2n ** 53n - 1n))).toBe(2 ** 53 - 1);
  });

  test('bytes are base64, a map with a foreign key is a map, nothing at all is null', () => {
    expect(value(bytesField(7, Uint8Array.of(0xfb, 0xff)))).toBe('+/8=');
    const entry = message(stringField(1, '__proto__'), bytesField(2, message(stringField(1, 'x'))));
    const map = value(bytesField(6, message(bytesField(1, entry))));
    expect(Object.entries(map ?? {})).toEqual([['__proto__', 'x']]);
    expect(value()).toBeNull();
  });

  test('unknown fields are skipped, whatever their wire type', () => {
    const unknown = [
      varintField(900, 7n),
      fixed64Field(901, 1n),
      bytesField(902, Buffer.from('later')),
      Uint8Array.of(0xbd, 0x38, 1, 2, 3, 4),
    ];
    expect(decode(requestOf(...ids(), ...unknown))[0]?.spans).toHaveLength(1);
  });

  test('of a singular field the last one counts', () => {
    const span = decode(requestOf(...ids(), stringField(5, 'one'), stringField(5, 'two')))[0]?.spans[0];
    expect(span?.name).toBe('two');
  });

  test('an all-zero parent is none', () => {
    const span = decode(requestOf(...ids(), bytesField(4, new Uint8Array(8))))[0]?.spans[0];
    expect(span?.parentSpanId).toBe('');
  });

  test('kinds and codes of a later version are unspecified', () => {
    const status = message(varintField(3, 9n));
    const span = decode(requestOf(...ids(), varintField(6, 77n), bytesField(15, status)))[0]?.spans[0];
    expect(span).toMatchObject({ kind: 0, status: { code: 0 } });
  });
});

describe('what is refused', () => {
  const refused: [string, Uint8Array][] = [
    ['no trace id', requestOf(bytesField(2, SPAN_ID))],
    ['no span id', requestOf(bytesField(1, TRACE_ID))],
    ['a trace id of 15 bytes', requestOf(bytesField(1, TRACE_ID.subarray(1)), bytesField(2, SPAN_ID))],
    [
      'a trace id of 17 bytes',
      requestOf(bytesField(1, Buffer.concat([TRACE_ID, SPAN_ID])), bytesField(2, SPAN_ID)),
    ],
    ['a trace id of zeros', requestOf(bytesField(1, new Uint8Array(16)), bytesField(2, SPAN_ID))],
    ['a span id of zeros', requestOf(bytesField(1, TRACE_ID), bytesField(2, new Uint8Array(8)))],
    ['a parent of 7 bytes', requestOf(...ids(), bytesField(4, new Uint8Array(7)))],
    ['a name as a varint', requestOf(...ids(), varintField(5, 1n))],
    ['a kind as a string', requestOf(...ids(), stringField(6, 'server'))],
    ['a name that is not UTF-8', requestOf(...ids(), bytesField(5, Uint8Array.of(0xc3, 0x28)))],
    ['a surrogate in UTF-8', requestOf(...ids(), bytesField(5, Uint8Array.of(0xed, 0xa0, 0x80)))],
    ['a group', requestOf(...ids(), Uint8Array.of(0x9b, 0x06))],
    ['field number 0', requestOf(...ids(), Uint8Array.of(0x02, 0x00))],
    [
      'a varint of eleven bytes',
      requestOf(...ids(), varintField(900, 1n).subarray(0, 2), new Uint8Array(11).fill(0xff)),
    ],
    ['a length beyond the message', requestOf(...ids(), Uint8Array.of(0x2a, 0x7f, 0x41))],
    [
      'a length beyond 2^53',
      requestOf(...ids(), Uint8Array.of(0x2a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)),
    ],
    ['resource spans as a varint', varintField(1, 1n)],
  ];
  test.each(refused)('%s', (_what, bytes) => {
    expect(refusal(bytes)).toBe('request_malformed');
  });

  test('a value nested too deep', () => {
    let value: Uint8Array = message(stringField(1, 'x'));
    for (let i = 0; i < 40; i++) value = message(bytesField(5, message(bytesField(1, value))));
    const attribute = message(stringField(1, 'k'), bytesField(2, value));
    expect(refusal(requestOf(...ids(), bytesField(9, attribute)))).toBe('request_malformed');
  });

  test('more attributes than the limit', () => {
    const attributes = Array.from({ length: 4097 }, (_, i) =>
      bytesField(9, message(stringField(1, `k${i}`))),
    );
    expect(refusal(requestOf(...ids(), ...attributes))).toBe('request_malformed');
  });

  test('more spans than the limit', () => {
    const spans = Array.from({ length: 32_769 }, () => bytesField(2, message(...ids())));
    expect(refusal(message(bytesField(1, message(bytesField(2, message(...spans))))))).toBe(
      'request_too_large',
    );
  });

  test('the message never quotes a value', () => {
    const bytes = requestOf(
      ...ids(),
      bytesField(5, Buffer.concat([Buffer.from('alice@example.com'), Uint8Array.of(0xff)])),
    );
    expect(() => decode(bytes)).toThrow(/not valid UTF-8/);
    expect(() => decode(bytes)).not.toThrow(/alice/);
  });
});
