import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import {
  createSender,
  readableSpan,
  resourceOf,
  sessionAttributes,
  toProtobuf,
  type SpanSketch,
} from '../../../support/exporter/spans.ts';
import { ShapeTrie } from '../../../../packages/exporter/src/receive/shape/shape-trie.ts';
import { MAX_SHAPE_NODES, MAX_TEMPLATES } from '../../../../packages/exporter/src/receive/limits.ts';
import { KeyTable } from '../../../../packages/exporter/src/receive/wire/key-table.ts';
import {
  decodeTraceRequest,
  outlineTraceRequest,
} from '../../../../packages/exporter/src/receive/wire/trace-request.ts';
import { bytesField, fixed64Field, message, stringField } from '../../../support/exporter/protobuf.ts';
import { makeIntakeWay } from './intake-way.ts';

const keys = new KeyTable();
const ORDINARY = sessionAttributes('alice', 's-1');

/** More than a record keeps of a list. */
const LONG_LIST = Array.from({ length: 600 }, () => 'x');

/** A span that a template is learned from, and others that look like it and are recorded in another way. */
const CASES: [what: string, learned: SpanSketch, others: SpanSketch[]][] = [
  [
    'two attributes that say the same, then not',
    { attributes: { 'user_agent.original': 'a', 'http.user_agent': 'a' } },
    [{ attributes: { 'user_agent.original': 'a', 'http.user_agent': 'b' } }],
  ],
  [
    'an attribute that says what the resource says, then not',
    { attributes: { 'host.name': 'machine-1' } },
    [{ attributes: { 'host.name': 'machine-2' } }],
  ],
  [
    'a message and an attribute that stands in the same place',
    { attributes: { 'error.message': 'm' }, status: { code: SpanStatusCode.ERROR, message: 'm' } },
    [
      { attributes: { 'error.message': 'm' }, status: { code: SpanStatusCode.ERROR, message: 'n' } },
      { attributes: { 'error.message': 'm' }, status: { code: SpanStatusCode.ERROR } },
    ],
  ],
  [
    'a user, then the client itself, then nobody',
    { attributes: ORDINARY },
    [{ attributes: { ...ORDINARY, 'user.id': 'shop' } }, { attributes: { ...ORDINARY, 'user.id': '' } }],
  ],
  [
    'a session, then an empty one, then one that is a number',
    { attributes: ORDINARY },
    [{ attributes: { ...ORDINARY, 'session.id': '' } }, { attributes: { ...ORDINARY, 'session.id': 5 } }],
  ],
  [
    'values of another type',
    { attributes: { 'client.address': 'a', 'client.port': 1, 'user.roles': ['a'], note: 'x' } },
    [
      { attributes: { 'client.address': 7, 'client.port': 70_000, 'user.roles': 'a b', note: 0.5 } },
      { attributes: { 'client.address': ['a'], 'client.port': '1', 'user.roles': [1], note: true } },
      { attributes: { 'client.address': true, 'client.port': -1, 'user.roles': [], note: 2 ** 53 } },
      { attributes: { 'client.address': 'a', 'client.port': 1, 'user.roles': ['a'], note: LONG_LIST } },
    ],
  ],
  [
    'text that is cut, and text that needs escapes',
    { attributes: { 'url.path': '/', note: 'x' } },
    [
      { attributes: { 'url.path': 'p'.repeat(20_000), note: '"\\\u0000\u001f' } },
      { attributes: { 'url.path': '\\', note: '"' } },
      { attributes: { 'url.path': '/grüße/😀', note: 'n'.repeat(65_000) } },
    ],
  ],
  [
    'a record that says something personal in the clear',
    { attributes: { ...ORDINARY, 'http.route': '/orders/:id' } },
    [{ attributes: { ...ORDINARY, 'http.route': '/people/alice@example.org' } }],
  ],
  [
    'a service that is called like a person, which is told of each time',
    { attributes: { ...ORDINARY, 'oidc.client_id': 'alice@example.org' } },
    [{ attributes: ORDINARY }],
  ],
  [
    'spans of another kind, with another status, name, parent and time',
    { attributes: ORDINARY },
    [
      { attributes: ORDINARY, kind: SpanKind.CLIENT },
      { attributes: ORDINARY, status: { code: SpanStatusCode.ERROR } },
      { attributes: ORDINARY, status: { code: SpanStatusCode.ERROR, message: 'no' } },
      { attributes: ORDINARY, name: '' },
      { attributes: ORDINARY, parentSpanId: '00f067aa0ba902b7' },
      { attributes: ORDINARY, start: [0, 1], end: [0, 2] },
      { attributes: ORDINARY, start: [9, 999_999_999], end: [10, 0] },
      { attributes: ORDINARY, start: [10, 0], end: [9, 0] },
      { attributes: ORDINARY, events: [{ name: 'oidc.token.refreshed' }] },
      { attributes: ORDINARY, events: [{ name: 'exception' }] },
    ],
  ],
  [
    'a clock that goes backwards, and then does not',
    { attributes: ORDINARY, start: [10, 0], end: [9, 0] },
    [
      { attributes: ORDINARY, start: [10, 0], end: [10, 5] },
      { attributes: ORDINARY, start: [10, 0], end: [559, 0] },
    ],
  ],
];

test.each(CASES)('%s', (_what, learned, others) => {
  const resource = resourceOf({ 'service.name': 'shop', 'host.name': 'machine-1' });
  const sketches = [learned, learned, learned, learned, ...others, learned, ...others];
  const request = toProtobuf(sketches.map((sketch) => readableSpan(sketch, resource)));
  const wire = makeIntakeWay();
  const objects = makeIntakeWay();
  expect(wire.read(outlineTraceRequest(request, keys))).toEqual(
    objects.read(decodeTraceRequest(request, keys)),
  );
});

const NO_TEXT = Uint8Array.of(0xed, 0xa0, 0x80);

test.each([
  ['a name that another one follows', bytesField(5, NO_TEXT), undefined],
  [
    'an attribute that the policy leaves out',
    bytesField(9, message(stringField(1, 'note'), bytesField(2, bytesField(1, NO_TEXT)))),
    'default: { level: metadata }',
  ],
])('what is no text is refused, also in %s', (_where, field, policy) => {
  const span = (i: number, note: Uint8Array): Uint8Array =>
    message(
      bytesField(1, new Uint8Array(16).fill(i)),
      bytesField(2, new Uint8Array(8).fill(i)),
      note,
      stringField(5, 'name'),
      fixed64Field(7, 5n),
      fixed64Field(8, 6n),
    );
  const right = bytesField(9, message(stringField(1, 'note'), bytesField(2, stringField(1, 'x'))));
  const request = (...spans: Uint8Array[]): Uint8Array =>
    bytesField(1, bytesField(2, message(...spans.map((one) => bytesField(2, one)))));
  const way = makeIntakeWay(policy === undefined ? undefined : `version: 1\n${policy}`);
  const isName = policy === undefined;
  const note = isName ? message() : right;
  way.read(outlineTraceRequest(request(...[1, 2, 3, 4].map((i) => span(i, note))), keys));
  expect(way.written()).toBe(2);
  expect(() => way.read(outlineTraceRequest(request(span(5, field)), keys))).toThrow('not valid UTF-8');
});

test('what is learned is used, and a repeat is told from it', () => {
  const way = makeIntakeWay();
  const sender = createSender('shop');
  const request = toProtobuf(Array.from({ length: 10 }, () => sender.span({ attributes: ORDINARY })));
  expect(way.read(outlineTraceRequest(request, keys)).count).toBe(10);
  // The first teaches the order of keys, the second that it comes again.
  expect(way.written()).toBe(8);
  const again = way.read(outlineTraceRequest(request, keys));
  expect([again.count, again.known.length]).toEqual([0, 10]);
});

test('what is learned is bounded: keys and values from outside make it forget, not grow', () => {
  const way = makeIntakeWay();
  const sender = createSender('shop');
  for (let i = 0; i < MAX_TEMPLATES + 100; i++) {
    const attributes = { 'http.route': `/${i}` };
    const spans = Array.from({ length: 3 }, () => sender.span({ attributes }));
    way.read(outlineTraceRequest(toProtobuf(spans), keys));
  }
  expect(way.transcoder.templates).toBeGreaterThan(0);
  expect(way.transcoder.templates).toBeLessThanOrEqual(MAX_TEMPLATES);

  const trie = new ShapeTrie();
  for (let i = 0; i < MAX_SHAPE_NODES; i++) {
    let node = trie.follow(trie.root, Buffer.from(`${i % 50}`), 0, 2);
    for (let depth = 0; depth < 3 && node !== undefined; depth++) {
      const key = Buffer.from(`key ${(i * 7 + depth) % 61}`);
      node = trie.follow(node, key, 0, key.length);
    }
    expect(trie.size).toBeLessThanOrEqual(MAX_SHAPE_NODES);
  }
  const many = Array.from({ length: 200 }, (_, i) => Buffer.from(`key ${i}`));
  expect(many.map((key) => trie.follow(trie.root, key, 0, key.length)).at(-1)).toBeUndefined();
});
