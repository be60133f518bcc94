import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { ExporterError } from '../../../../packages/exporter/src/errors.ts';
import { JsonRequests } from '../../../../packages/exporter/src/receive/json/json-requests.ts';
import { decodeJsonTraceRequest } from '../../../../packages/exporter/src/receive/json/otlp-json.ts';
import { JsonKernel } from '../../../../packages/exporter/src/receive/kernel/json-kernel.ts';
import { REQUEST_BYTES } from '../../../../packages/exporter/src/receive/kernel/layout.ts';
import {
  MAX_ATTRIBUTES,
  MAX_EVENTS_PER_SPAN,
  MAX_JSON_CONTAINERS,
  MAX_KEY_BYTES,
  MAX_LINKS_PER_SPAN,
  MAX_SCOPES_PER_REQUEST,
  MAX_SPANS_PER_REQUEST,
} from '../../../../packages/exporter/src/receive/limits.ts';
import { KeyTable } from '../../../../packages/exporter/src/receive/wire/key-table.ts';
import {
  decodeGroup,
  decodeTraceRequest,
} from '../../../../packages/exporter/src/receive/wire/trace-request.ts';
import { bytesField } from '../../../support/exporter/protobuf.ts';
import { makeIntakeWay } from './intake-way.ts';
import { deepValue, insert, ODD_VALUES, partsOf, put, textAt } from './json-damage.ts';

const requests = new JsonRequests(new KeyTable());
const withoutKernel = new JsonRequests(new KeyTable(), () => undefined);

const IDS = '"traceId":"0AF7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331"';

/** A request with everything in it that is read. */
const WHOLE = `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"läden"}}],
"droppedAttributesCount":1},"schemaUrl":"https://a","scopeSpans":[{"scope":{"name":"s","version":"1",
"attributes":[{"key":"a","value":{"boolValue":true}}],"droppedAttributesCount":2},"schemaUrl":"https://b","spans":[{${IDS},
"parentSpanId":"00f067aa0ba902b7","traceState":"v=1","flags":257,"name":"n","kind":2,
"startTimeUnixNano":"1764000000123456789","endTimeUnixNano":1764000000223456789,"attributes":[
{"key":"text","value":{"stringValue":"v"}},{"key":"integer","value":{"intValue":"-7"}},{"key":"double","value":{"doubleValue":0.5}},
{"key":"bytes","value":{"bytesValue":"+/8="}},{"key":"list","value":{"arrayValue":{"values":[{"intValue":1},{}]}}},
{ "key" : "map" , "value" : { "kvlistValue" : { "values" : [ {"key":"x","value":{"stringValue":"y"}} ] } } }],
"droppedAttributesCount":3,"events":[{"timeUnixNano":"5","name":"e","attributes":[{"key":"k","value":{"stringValue":"v"}}],
"droppedAttributesCount":4}],"droppedEventsCount":5,"links":[{"traceId":"0af7651916cd43dd8448eb211c80319c",
"spanId":"b7ad6b7169203332","traceState":"w=2","attributes":[],"droppedAttributesCount":6}],"droppedLinksCount":7,
"status":{"code":2,"message":"m"}}]}]}]}`;
const PARTS = partsOf(WHOLE);

/** What a request decodes to; its refusal, word for word. */
function outcome(decode: () => readonly unknown[]): unknown {
  try {
    return ordered(decode());
  } catch (error) {
    if (error instanceof ExporterError) return { code: error.code, message: error.message, hint: error.hint };
    throw error;
  }
}

/** Maps as lists, so that their order counts. */
function ordered(value: unknown): unknown {
  if (value instanceof Map) return ['a map', ...Array.from(value, ordered)];
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, ordered(inner)]));
}

/** Whether it was read without objects. */
function expectSame(body: string | Uint8Array): boolean {
  const bytes = Buffer.from(body);
  let isTranscoded = false;
  const one = outcome(() => {
    const groups = requests.read(bytes);
    isTranscoded = groups.some((group) => 'reader' in group);
    return groups.map(decodeGroup);
  });
  for (const read of [decodeJsonTraceRequest, (text: Buffer) => withoutKernel.read(text).map(decodeGroup)]) {
    const other = outcome(() => read(bytes));
    if (!isDeepStrictEqual(one, other)) expect({ one, body: bytes.toString() }).toEqual({ other });
  }
  return isTranscoded;
}

function withSpan(fields: string): string {
  return `{"resourceSpans":[{"scopeSpans":[{"spans":[{${fields}}]}]}]}`;
}

function withValue(value: string): string {
  return withSpan(`${IDS},"attributes":[{"key":"k","value":${value}}]`);
}

/** How often a body came through without objects. */
function countTranscoded(bodies: Iterable<string | Uint8Array>): number {
  let count = 0;
  for (const body of bodies) if (expectSame(body)) count++;
  return count;
}

/** How many attributes the kernel takes of a list of them. */
function takenByKernel(attributes: readonly string[]): number {
  const kernel = JsonKernel.create();
  if (kernel === undefined) throw new Error('there is no kernel');
  const spy = vi.spyOn(kernel, 'takeAttributes');
  const read = new JsonRequests(new KeyTable(), () => kernel);
  const body = withSpan(`${IDS},"attributes":[${attributes.join()}]`);
  const one = outcome(() => read.read(Buffer.from(body)).map(decodeGroup));
  expect(one).toEqual(outcome(() => decodeJsonTraceRequest(Buffer.from(body))));
  return spy.mock.results.reduce((sum, { value }) => sum + Number(value), 0);
}

function attributeOf(key: string, value: string): string {
  return `{"key":"${key}","value":{${value}}}`;
}

test('attributes with keys and texts of every length are taken by the kernel', () => {
  const lengths = [...Array.from({ length: 300 }, (_, length) => length), 1_000, 8_191, 15_000];
  const attributes = lengths.flatMap((length) => [
    attributeOf(`t${length}`, `"stringValue":"${'x'.repeat(length)}"`),
    attributeOf(`ä${length}`, `"stringValue":"${'ä'.repeat(Math.floor(length / 2))}"`),
    attributeOf('k'.repeat(Math.min(length, MAX_KEY_BYTES)), '"stringValue":"v"'),
  ]);
  expect(takenByKernel(attributes)).toBe(attributes.length);
});

test('integers of up to fifteen digits are taken by the kernel, in quotes and without', () => {
  const powers = Array.from({ length: 15 }, (_, digits) => 10 ** digits);
  const numbers = [
    0,
    127,
    128,
    16_383,
    16_384,
    2 ** 28,
    2 ** 49,
    ...powers,
    ...powers.map((power) => power * 10 - 1),
  ];
  const attributes = numbers.flatMap((number, at) => [
    attributeOf(`a${at}`, `"intValue":${number}`),
    attributeOf(`b${at}`, `"intValue":"${number}"`),
  ]);
  expect(takenByKernel(attributes)).toBe(attributes.length);
});

test('what is no plain attribute is left to TypeScript', () => {
  const odd = [
    attributeOf('o', '"stringValue":"a\\"b"'),
    attributeOf('o\\u0041', '"stringValue":"a"'),
    attributeOf('o', '"intValue":-1'),
    attributeOf('o', '"intValue":"12345678901234567"'),
    attributeOf('o', '"intValue":1e3'),
    attributeOf('o', '"boolValue":true'),
    attributeOf('o', '"stringValue":"a","x":1'),
    attributeOf('o', `"stringValue":"${'x'.repeat(20_000)}"`),
    '{"value":{"stringValue":"a"},"key":"o"}',
    ' {"key":"o","value":{"stringValue":"a"}}',
    '{"key": "o","value":{"stringValue":"a"}}',
    '{}',
  ];
  const around = ['a', 'b'].map((key) => attributeOf(key, '"stringValue":"p"'));
  for (const one of odd) {
    const taken = takenByKernel([...around, one, ...around]);
    // Those behind it too, unless the whole request is one for objects.
    expect([2, 4]).toContain(taken);
  }
});

test.each([
  ...['01', '1.0', '"1', '', '" 1"', '"-0"', '٣'].map((number) => attributeOf('k', `"intValue":${number}`)),
  attributeOf('k', '"stringValue":"a'),
  attributeOf('k', '"stringValue":"a\u0001"'),
  attributeOf('k'.repeat(MAX_KEY_BYTES + 1), '"stringValue":"a"'),
  '{"key":"k","value":{"stringValue":"a"}',
  '{"key":"k","value":{"intValue":1',
  '{"key":"',
])('an attribute that is not right (%s) is refused as ever', (attribute) => {
  for (const after of ['', `,${attributeOf('a', '"stringValue":"b"')}`]) {
    const whole = withSpan(`${IDS},"attributes":[${attribute}${after}]`);
    expectSame(whole);
    // Also where the text ends with it.
    expectSame(whole.slice(0, whole.lastIndexOf(attribute) + attribute.length));
  }
});

test('a request that the kernel cannot hold is read without it', () => {
  const value = attributeOf('k', `"stringValue":"${'x'.repeat(10_000)}"`);
  const attributes = Array.from({ length: Math.ceil(REQUEST_BYTES / value.length) }, () => value);
  expect(expectSame(withSpan(`${IDS},"attributes":[${attributes.join()}]`))).toBe(true);
  expect(takenByKernel(attributes)).toBe(0);
});

describe('with objects and without, the same comes of', () => {
  test('a request with everything in it', () => {
    expect(expectSame(WHOLE)).toBe(true);
    expect(expectSame(JSON.stringify(JSON.parse(WHOLE)))).toBe(true);
    expect(expectSame(JSON.stringify(JSON.parse(WHOLE), undefined, '\t\r\n '))).toBe(true);
  });

  test('every value in every third place', () => {
    const bodies = PARTS.values.flatMap((place, i) =>
      ODD_VALUES.filter((_value, j) => (i + j) % 3 === 0).map((value) => put(WHOLE, place, value)),
    );
    expect(countTranscoded(bodies)).toBeGreaterThan(bodies.length / 10);
  });

  test('every member twice, the other time with one of five values', () => {
    const bodies = PARTS.members.flatMap(({ start, name }, i) =>
      ODD_VALUES.filter((_value, j) => (i + j) % 5 === 0).map((value) =>
        insert(WHOLE, start, `${name}:${value},`),
      ),
    );
    expect(countTranscoded(bodies)).toBe(0);
  });

  test('every name in the place of every other', () => {
    const names = [...new Set(PARTS.names.map((place) => textAt(WHOLE, place)))];
    const bodies = PARTS.names.flatMap((place) =>
      [...names, '"later"', '"__proto__"', '""', '"x"', 'x', '"\\u006bey"', '"a\\"b"', '"\u0000"'].map(
        (name) => put(WHOLE, place, name),
      ),
    );
    expect(countTranscoded(bodies)).toBeGreaterThan(bodies.length / 10);
  });

  test('what is cut off, and what has a byte too much', () => {
    const bytes = Buffer.from(WHOLE);
    const others = Buffer.from('"\\{}[],: 0\u000b\ufeff');
    for (let at = 0; at <= bytes.length; at++) {
      expectSame(bytes.subarray(0, at));
      const other = others.subarray(at % others.length).subarray(0, 1);
      expectSame(Buffer.concat([bytes.subarray(0, at), other, bytes.subarray(at)]));
    }
  });

  test('a byte order mark, and bytes that are no UTF-8', () => {
    expect(expectSame(`\ufeff${WHOLE}`)).toBe(false);
    for (const bad of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf4, 0x90, 0x80, 0x80]]) {
      const at = WHOLE.indexOf('"v"') + 1;
      const body = Buffer.concat([
        Buffer.from(WHOLE.slice(0, at)),
        Buffer.from(bad),
        Buffer.from(WHOLE.slice(at)),
      ]);
      expect(expectSame(body)).toBe(false);
    }
  });

  test.each([
    ['values', MAX_ATTRIBUTES, (n: number) => withValue(`{"arrayValue":{"values":[${many(n, '{}')}]}}`)],
    ['entries', MAX_ATTRIBUTES, (n: number) => withValue(`{"kvlistValue":{"values":[${many(n, '{}')}]}}`)],
    ['attributes', MAX_ATTRIBUTES, (n: number) => withSpan(`${IDS},"attributes":[${many(n, '{}')}]`)],
    ['events', MAX_EVENTS_PER_SPAN, (n: number) => withSpan(`${IDS},"events":[${many(n, '{}')}]`)],
    ['links', MAX_LINKS_PER_SPAN, (n: number) => withSpan(`${IDS},"links":[${many(n, '{}')}]`)],
    [
      'bytes of a key',
      MAX_KEY_BYTES,
      (n: number) => withSpan(`${IDS},"attributes":[{"key":"${'k'.repeat(n)}"}]`),
    ],
    ['levels', 16, (n: number) => withValue(deepValue(n, (level) => level % 2 === 0))],
    [
      'levels of what nobody reads',
      16,
      (n: number) => withSpan(`${IDS},"later":${'['.repeat(n)}${']'.repeat(n)}`),
    ],
  ])('%s up to the limit, and more', (_what, limit, body) => {
    expect(expectSame(body(limit))).toBe(true);
    expect(expectSame(body(limit + 1))).toBe(false);
    expect(expectSame(body(limit * 3))).toBe(false);
  });

  test('what nobody reads in the deepest place of all', () => {
    const later = `{"later":${'['.repeat(16)}${']'.repeat(16)}}`;
    const value = deepValue(16, () => false).replace('{"intValue":"1"}', later);
    const events = `"events":[{"attributes":[{"key":"k","value":${value}}]}]`;
    expect(expectSame(withSpan(`${IDS},${events}`))).toBe(true);
  });

  test('keys of many bytes and few letters', () => {
    const body = withSpan(`${IDS},"attributes":[{"key":"${'é'.repeat(MAX_KEY_BYTES)}"}]`);
    expect(expectSame(body)).toBe(false);
  });

  test('more spans, and more scopes, than a request may have', () => {
    const spans = many(MAX_SPANS_PER_REQUEST, `{${IDS}}`);
    expect(expectSame(`{"resourceSpans":[{"scopeSpans":[{"spans":[${spans}]},{"spans":[{${IDS}}]}]}]}`)).toBe(
      false,
    );
    const scopes = (count: number): string => `{"resourceSpans":[{"scopeSpans":[${many(count, '{}')}]}]}`;
    expect(expectSame(scopes(MAX_SCOPES_PER_REQUEST))).toBe(true);
    expect(expectSame(scopes(MAX_SCOPES_PER_REQUEST + 1))).toBe(false);
    const protobuf = bytesField(
      1,
      Buffer.alloc(2 * (MAX_SCOPES_PER_REQUEST + 1), Uint8Array.of((2 << 3) | 2, 0)),
    );
    expect(outcome(() => decodeTraceRequest(protobuf, new KeyTable()))).toMatchObject({
      code: 'request_too_large',
    });
  });

  test('more objects and lists than JSON may have', () => {
    const attributes = many(MAX_ATTRIBUTES, '{"key":"k","value":{"intValue":1}}');
    const spans = many(MAX_JSON_CONTAINERS / MAX_ATTRIBUTES / 2, `{${IDS},"attributes":[${attributes}]}`);
    const lists = (count: number): string => `{"later":[${many(count - 2, '[]')}]}`;
    const full = lists(MAX_JSON_CONTAINERS);
    expect(outcome(() => requests.read(Buffer.from(full)))).toEqual([]);
    for (const body of [
      lists(MAX_JSON_CONTAINERS + 1),
      `{"resourceSpans":[{"scopeSpans":[{"spans":[${spans}]}]}]}`,
    ]) {
      expect(outcome(() => requests.read(Buffer.from(body)))).toMatchObject({ code: 'request_too_large' });
    }
    expect(expectSame(withSpan(`${IDS},"name":"${'[{'.repeat(MAX_JSON_CONTAINERS)}"`))).toBe(true);
  });

  test('every odd value as every kind of value', () => {
    const kinds = ['string', 'bool', 'int', 'double', 'bytes', 'array', 'kvlist'];
    const bodies = kinds.flatMap((kind) => ODD_VALUES.map((value) => withValue(`{"${kind}Value":${value}}`)));
    expect(countTranscoded(bodies)).toBeGreaterThan(bodies.length / 10);
  });

  test('text of every length about which lengths take a byte more', () => {
    const about = (length: number, step: number): number[] =>
      Array.from({ length: 24 / step }, (_unused, i) => Math.max(0, length - 20 + i * step));
    const lengths = [...about(0, 1), ...about(2 ** 7, 1), ...about(2 ** 14, 1), ...about(2 ** 21, 6)];
    for (const length of new Set(lengths)) {
      expect(expectSame(withValue(`{"stringValue":"${'x'.repeat(length)}"}`))).toBe(true);
    }
  });

  test('double and 64-bit numbers of every size', () => {
    for (let power = 0; power < 64; power++) {
      for (const change of [-1n, 0n, 1n]) {
        const value = 2n ** BigInt(power) + change;
        expectSame(withValue(`{"intValue":"${value}"}`));
        expectSame(withValue(`{"intValue":-${value}}`));
        expectSame(withValue(`{"doubleValue":${value}e${power * 9 - 300}}`));
        expectSame(withSpan(`${IDS},"startTimeUnixNano":"${value}","endTimeUnixNano":${value}`));
      }
    }
    for (let digits = 1; digits <= 21; digits++) {
      for (const digit of '149') {
        expectSame(withSpan(`${IDS},"startTimeUnixNano":"${digit.repeat(digits)}"`));
        expectSame(
          withSpan(`${IDS},"flags":${digit.repeat(digits)},"droppedEventsCount":${digit.repeat(digits)}`),
        );
      }
    }
  });
});

test('memory is used again, also after a request that had little', () => {
  const long = withValue(`{"stringValue":"${'long '.repeat(400_000)}"}`);
  for (const body of [WHOLE, long, WHOLE, withSpan(IDS), long, WHOLE]) expect(expectSame(body)).toBe(true);
});

test('what was learned from a request outlives its memory', () => {
  const fast = makeIntakeWay();
  const objects = makeIntakeWay();
  for (const [i, key] of 'aaabacaab'.split('').entries()) {
    const times = '"startTimeUnixNano":"1764000000000000000","endTimeUnixNano":"1764000000000000000"';
    const ids = `"traceId":"${i}${'1'.repeat(31)}","spanId":"${'1'.repeat(16)}"`;
    const body = Buffer.from(
      withSpan(`${ids},${times},"attributes":[{"key":"${key}","value":{"stringValue":"v"}}]`),
    );
    expect(fast.read(requests.read(body))).toEqual(objects.read(decodeJsonTraceRequest(body)));
  }
  expect(fast.written()).toBeGreaterThan(2);
});

function many(count: number, item: string): string {
  return Array.from({ length: count }, () => item).join(',');
}
