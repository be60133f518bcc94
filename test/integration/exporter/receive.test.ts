import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { Service } from '@spanledger/audit-exporter';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  makeDataDirectory,
  readEntries,
  sendTraces,
  startTestService,
  verifyDirectory,
  waitFor,
} from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toJson, toProtobuf } from '../../support/exporter/spans.ts';

let data: Awaited<ReturnType<typeof makeDataDirectory>>;
let service: Service;

beforeAll(async () => {
  data = await makeDataDirectory();
  service = await startTestService(data.path);
});

afterAll(async () => {
  await service.close();
  await data.remove();
});

/** How many spans are recorded; what follows from them may be recorded at any time. */
async function countSpans(): Promise<number> {
  const { durable } = service.sizes();
  await waitFor('all to be published', () => service.sizes().published >= durable);
  return (await readEntries(data.path)).filter(({ span }) => span !== undefined).length;
}

describe('what is accepted', () => {
  test.each([
    ['protobuf', 'application/x-protobuf', undefined],
    ['protobuf, with a parameter, in capitals', 'Application/X-Protobuf; charset=utf-8', undefined],
    ['protobuf, gzip', 'application/x-protobuf', 'gzip'],
    ['protobuf, zstd', 'application/x-protobuf', 'zstd'],
    ['JSON', 'application/json', undefined],
    ['JSON, gzip', 'application/json', 'gzip'],
    ['JSON, identity', 'application/json', 'identity'],
  ])('%s', async (_what, contentType, encoding) => {
    const sender = createSender('shop');
    const spans = [sender.span({ attributes: sessionAttributes('alice', 's1') }), sender.span()];
    const plain = contentType.includes('json') ? toJson(spans) : toProtobuf(spans);
    const body =
      encoding === 'gzip' ? gzipSync(plain) : encoding === 'zstd' ? zstdCompressSync(plain) : plain;
    const before = await countSpans();
    const response = await sendTraces(service.url, body, {
      contentType,
      ...(encoding !== undefined && { encoding }),
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(contentType.split(';')[0]?.toLowerCase());
    expect(await response.text()).toBe(contentType.includes('json') ? '{}' : '');
    expect(await countSpans()).toBe(before + 2);
  });

  test('a gap record, beside others', async () => {
    const sender = createSender('shop');
    const lost = { 'audit.lost.count': 3, 'audit.lost.first': 7, 'audit.lost.last': 9 };
    const spans = [
      sender.span(),
      sender.span({ events: [{ name: 'audit.records.lost', attributes: lost }] }),
      sender.span(),
    ];
    const before = await countSpans();
    expect((await sendTraces(service.url, toProtobuf(spans))).status).toBe(200);
    expect(await countSpans()).toBe(before + 4);
  });

  test('a lifecycle event is a record of its own', async () => {
    const sender = createSender('shop');
    const before = await countSpans();
    const span = sender.span({
      attributes: sessionAttributes('alice', 's1'),
      events: [{ name: 'oidc.token.refreshed', attributes: { 'oidc.token.type': 'access' } }],
    });
    expect((await sendTraces(service.url, toProtobuf([span]))).status).toBe(200);
    expect(await countSpans()).toBe(before + 2);
  });

  test('different spans that claim one number: each is recorded once', async () => {
    const sender = createSender('shop');
    const first = sender.span();
    const others = [1, 2, 3].map(() => {
      const span = sender.span();
      return { ...span, attributes: { ...span.attributes, 'audit.sequence.number': 1 } };
    });
    const before = await countSpans();
    const sendings = [first, ...others, ...others].map((span) => sendTraces(service.url, toProtobuf([span])));
    for (const response of await Promise.all(sendings)) expect(response.status).toBe(200);
    expect(await countSpans()).toBe(before + 4);
  });

  test('no spans at all, without a body even', async () => {
    const before = await countSpans();
    expect((await sendTraces(service.url, new Uint8Array())).status).toBe(200);
    expect((await sendTraces(service.url, '{}', { contentType: 'application/json' })).status).toBe(200);
    expect(await countSpans()).toBe(before);
  });

  test('values that JSON has no number for', async () => {
    const attributes = [
      { key: 'ratio', value: { doubleValue: 'NaN' } },
      { key: 'limit', value: { doubleValue: 'Infinity' } },
      { key: 'large', value: { intValue: '9223372036854775807' } },
      { key: 'zero', value: { doubleValue: -0 } },
    ];
    const span = {
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      name: 'x',
      startTimeUnixNano: '18446744073709551615',
      endTimeUnixNano: '0',
      attributes,
    };
    const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
    expect((await sendTraces(service.url, body, { contentType: 'application/json' })).status).toBe(200);
  });

  test('an attribute larger than an entry may be is cut, not dropped', async () => {
    const sender = createSender('shop');
    const before = await countSpans();
    const body = toProtobuf([
      sender.span({ attributes: { note: 'x'.repeat(1_000_000), user_note: 'y'.repeat(1_000_000) } }),
    ]);
    expect((await sendTraces(service.url, body)).status).toBe(200);
    expect(await countSpans()).toBe(before + 1);
  });
});

describe('repeats are acknowledged and recorded once', () => {
  test('one after the other, and all at once', async () => {
    const sender = createSender('shop');
    const body = toProtobuf([sender.span(), sender.span()]);
    const before = await countSpans();
    const answers = await Promise.all(Array.from({ length: 8 }, () => sendTraces(service.url, body)));
    expect(answers.map((answer) => answer.status)).toEqual(new Array(8).fill(200));
    expect((await sendTraces(service.url, body)).status).toBe(200);
    expect(await countSpans()).toBe(before + 2);
  });

  test('without a producer: by the id of the record', async () => {
    const sender = createSender('collector', false);
    const body = toProtobuf([
      {
        ...sender.span(),
        spanContext: () => ({ traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), traceFlags: 1 }),
      },
    ]);
    const before = await countSpans();
    for (let i = 0; i < 3; i++) expect((await sendTraces(service.url, body)).status).toBe(200);
    expect(await countSpans()).toBe(before + 1);
  });
});

test('two people at once never share a reference, one person never has two', async () => {
  const people = ['alice', 'bob', 'carol'];
  const sender = createSender('shop');
  await Promise.all(
    Array.from({ length: 30 }, (_, i) => {
      const person = people[i % 3] ?? '';
      const span = sender.span({
        name: person,
        attributes: { ...sessionAttributes(person, `of ${person}`), 'http.route': `/${person}` },
      });
      return sendTraces(service.url, toProtobuf([span]));
    }),
  );
  await waitFor('all to be published', () => service.sizes().published === service.sizes().durable);
  const references = new Map<string, Set<string>>();
  for (const entry of await readEntries(data.path)) {
    const route = JSON.stringify(entry['http'] ?? {}).match(/\/(alice|bob|carol)/)?.[1];
    if (route === undefined) continue;
    const { actor, session } = JSON.parse(JSON.stringify(entry['audit']));
    references.set(route, (references.get(route) ?? new Set()).add(`${actor.id} ${session.id}`));
  }
  expect([...references.keys()].sort()).toEqual(people);
  expect([...references.values()].map((set) => set.size)).toEqual([1, 1, 1]);
  expect(new Set([...references.values()].flatMap((set) => [...set])).size).toBe(3);
});

test('what was received verifies', async () => {
  const { durable } = service.sizes();
  await waitFor('all to be published', () => service.sizes().published >= durable);
  const report = await verifyDirectory(data.path);
  expect(report.failures).toEqual([]);
  expect(report.size).toBeGreaterThanOrEqual(durable);
});
