import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { expect, test } from 'vitest';
import { MAX_RUN, PARTIES, REQUEST_BYTES } from '../../../../packages/exporter/src/receive/kernel/layout.ts';
import { KeyTable } from '../../../../packages/exporter/src/receive/wire/key-table.ts';
import {
  decodeTraceRequest,
  outlineTraceRequest,
} from '../../../../packages/exporter/src/receive/wire/trace-request.ts';
import {
  createSender,
  sessionAttributes,
  type SpanSketch,
  toProtobuf,
} from '../../../support/exporter/spans.ts';
import { type IntakeWay, makeIntakeWay } from './intake-way.ts';
import { isSame } from './read-comparison.ts';

type Attribute = NonNullable<SpanSketch['attributes']>[string];

const keys = new KeyTable();

/** Spans that only differ in who acts, and in a note. */
function spansOf(count: number, note: (at: number) => Attribute): ReadableSpan[] {
  const sender = createSender('shop');
  return Array.from({ length: count }, (_, at) =>
    sender.span({
      attributes: { ...sessionAttributes(`user-${at % 7}`, `session-${at % 11}`), note: note(at) },
    }),
  );
}

/** Sends requests both ways, and expects the same of them; returns the way that has the kernel. */
function expectSame(requests: readonly ReadableSpan[][]): IntakeWay {
  const wire = makeIntakeWay();
  const objects = makeIntakeWay(undefined, false);
  for (const spans of requests) {
    const body = toProtobuf(spans);
    const written = wire.read(outlineTraceRequest(body, keys));
    expect(written.count).toBe(spans.length);
    expect(isSame(written, objects.read(decodeTraceRequest(body, keys)))).toBe(true);
  }
  return wire;
}

test('spans that a template was learned from are written by the kernel', () => {
  const wire = expectSame([spansOf(3, () => 'a'), spansOf(100, (at) => `note ${at}`)]);
  expect(wire.writtenByKernel()).toBeGreaterThanOrEqual(100);
});

test('more spans than a run holds', () => {
  const wire = expectSame([spansOf(3, () => 'a'), spansOf(3 * MAX_RUN + 1, (at) => at)]);
  expect(wire.writtenByKernel()).toBeGreaterThanOrEqual(3 * MAX_RUN);
});

test('a request that is longer than the part of it that the kernel sees at a time', () => {
  const note = 'n'.repeat(8_000);
  const count = Math.ceil((2.5 * REQUEST_BYTES) / note.length);
  const wire = expectSame([spansOf(3, () => 'a'), spansOf(count, () => note)]);
  expect(wire.writtenByKernel()).toBeGreaterThanOrEqual(count);
});

test('groups of every length around what the kernel hashes itself', () => {
  const lengths = Array.from({ length: 700 }, (_, length) => 'x'.repeat(length));
  const wire = expectSame([spansOf(3, () => 'a'), spansOf(lengths.length, (at) => lengths[at])]);
  expect(wire.writtenByKernel()).toBeGreaterThan(600);
});

test('lists of texts, booleans, times and text with escapes are written by the kernel', () => {
  const sender = createSender('shop');
  const texts = [
    'SELECT "a" FROM b',
    'C:\\d',
    'one\ntwo\tthree\r\b\f',
    '"',
    '\\\\',
    `${'x'.repeat(40)}"`,
    '',
  ];
  const lists = [[], ['a'], ['a', 'b "c"', ''], Array.from({ length: 512 }, (_, at) => `role ${at}`)];
  // Ends of months, leap years and centuries, and of the calendar itself.
  const dates = [
    '1970-01-01',
    '1972-02-29',
    '1999-12-31',
    '2000-02-29',
    '2000-03-01',
    '2026-11-23',
    '2099-12-31',
  ]
    .concat('2100-02-28', '2100-03-01', '2400-02-29', '9999-12-31')
    .flatMap((day) => [`${day}T00:00:00Z`, `${day}T23:59:59Z`]);
  const spanOf = (
    at: number,
    text = 'a',
    list: string[] = ['a'],
    flag = false,
    date = dates[5],
  ): ReadableSpan =>
    sender.span({
      attributes: {
        ...sessionAttributes(`user-${at % 7}`, `session-${at % 11}`),
        'user.roles': list,
        'oidc.token.issued_at': Date.parse(date ?? '') / 1000,
        'db.query.text': text,
        flag,
        list,
      },
    });
  const all = Array.from({ length: 200 }, (_, at) =>
    spanOf(at, texts[at % texts.length], lists[at % lists.length], at % 2 === 0, dates[at % dates.length]),
  );
  const wire = expectSame([[spanOf(0), spanOf(1), spanOf(2)], all]);
  expect(wire.writtenByKernel()).toBeGreaterThanOrEqual(all.length);
});

test('a client that acts for itself is told from users of the same client', () => {
  const sender = createSender('shop');
  const spanOf = (at: number, client: string, user: string): ReadableSpan =>
    sender.span({
      attributes: { ...sessionAttributes(user, `session-${at % 11}`), 'oidc.client_id': client },
    });
  // One is as long as the client, another begins like it.
  const users = ['batch', 'batcH', 'batch-2', 'somebody'];
  const all = Array.from({ length: 200 }, (_, at) => spanOf(at, 'batch', users[at % users.length] ?? ''));
  const others = Array.from({ length: 200 }, (_, at) =>
    spanOf(at, 'somebody', users[at % users.length] ?? ''),
  );
  const learned = ['batch', 'somebody'].map((client) =>
    [0, 1, 2].flatMap((at) => users.map((user) => spanOf(at, client, user))),
  );
  const wire = expectSame([...learned, all, others]);
  expect(wire.writtenByKernel()).toBeGreaterThanOrEqual(all.length + others.length);
});

test('what is nearly a list, a time or text without odd characters goes the other way', () => {
  const sender = createSender('shop');
  const odd: Record<string, Attribute>[] = [
    { 'user.roles': ['a', 1] },
    { 'user.roles': Array.from({ length: 513 }, () => 'r') },
    { 'user.roles': ['é'] },
    { 'user.roles': ['x'.repeat(17_000)] },
    { 'user.roles': 'admin' },
    { 'user.roles': 7 },
    { 'oidc.token.issued_at': 253_402_300_800 },
    { 'oidc.token.issued_at': -1 },
    { 'oidc.token.issued_at': 1.5 },
    { 'oidc.token.issued_at': '2026-01-01T00:00:00Z' },
    { 'oidc.token.issued_at': 'yesterday' },
    { note: '\u0000' },
    { note: '\u001f "' },
    { note: 'é "' },
    { note: [true] },
    { note: [['a']] },
    { note: ['a', null] },
  ];
  const spans = Array.from({ length: 200 }, (_, at) =>
    sender.span({
      attributes: {
        ...sessionAttributes(`user-${at % 7}`, `session-${at % 11}`),
        'user.roles': ['a'],
        'oidc.token.issued_at': 1_800_000_000,
        note: 'n',
        ...(at % 2 === 1 && odd[((at - 1) / 2) % odd.length]),
      },
    }),
  );
  const wire = expectSame([spans.slice(0, 1), spans.slice(1)]);
  expect(wire.writtenByKernel()).toBeGreaterThan(90);
});

test('what is out of the ordinary between what is not keeps its place', () => {
  const odd = ['é', '"', -1, 0.5, true, ['a'], 2 ** 52, '\u007f', 'x'.repeat(17_000)];
  const mixed = () => spansOf(200, (at) => (at % 3 === 0 ? odd[(at / 3) % odd.length] : `note ${at}`));
  const wire = expectSame([spansOf(3, () => 'é'), mixed(), mixed()]);
  expect(wire.writtenByKernel()).toBeGreaterThan(100);
});

test('a request that is refused halfway leaves nothing to the one after it', () => {
  const wire = makeIntakeWay();
  const fresh = makeIntakeWay();
  const learned = toProtobuf(spansOf(3, () => 'a'));
  for (const way of [wire, fresh]) way.read(outlineTraceRequest(learned, keys));
  const good = toProtobuf(spansOf(20, () => 'b'));
  const bad = Buffer.from(toProtobuf(spansOf(20, () => 'c')));
  // The tag of the last span's last attribute: a group, which nobody may send.
  bad[bad.lastIndexOf('note') - 4] = 0x4b;
  expect(() => wire.read(outlineTraceRequest(bad, keys))).toThrow();
  expect(
    isSame(wire.read(outlineTraceRequest(good, keys)), fresh.read(outlineTraceRequest(good, keys))),
  ).toBe(true);
});

test('who is behind a name is asked once, and again when references are retired', () => {
  const wire = makeIntakeWay();
  const objects = makeIntakeWay(undefined, false);
  const read = (spans: readonly ReadableSpan[]): void => {
    const body = toProtobuf(spans);
    expect(
      isSame(wire.read(outlineTraceRequest(body, keys)), objects.read(decodeTraceRequest(body, keys))),
    ).toBe(true);
  };
  read(spansOf(100, () => 'a'));
  const asked = wire.asked();
  read(spansOf(200, () => 'b'));
  expect(wire.asked()).toBe(asked);
  for (const way of [wire, objects]) way.retire();
  read(spansOf(200, () => 'c'));
  const again = wire.asked() - asked;
  expect(again).toBeGreaterThanOrEqual(7 + 11);
  expect(again).toBeLessThan(100);
});

test('names of every length, more of them than there are places, and the same ones at another issuer', () => {
  const sender = createSender('shop');
  const spanOf = (name: string, issuer: string): ReadableSpan =>
    sender.span({ attributes: { ...sessionAttributes(name, `at ${name}`), 'oidc.issuer': issuer } });
  const names = [
    ...Array.from({ length: 90 }, (_, length) => 'n'.repeat(length)),
    ...Array.from({ length: PARTIES + 2_000 }, (_, at) => `user ${at}`),
  ];
  const issuers = ['https://one.example', 'https://two.example'];
  const all = issuers.map((issuer) => names.map((name) => spanOf(name, issuer)));
  const again = issuers.map((issuer) => names.slice(0, 2_000).map((name) => spanOf(name, issuer)));
  const wire = expectSame([...all, ...again]);
  expect(wire.writtenByKernel()).toBeGreaterThan(2 * PARTIES);
});
