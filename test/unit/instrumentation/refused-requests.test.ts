import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TraceEncoder } from '../../../packages/instrumentation/src/otlp/encoder.ts';
import { BackOff } from '../../../packages/instrumentation/src/sender/back-off.ts';
import type { FromSender } from '../../../packages/instrumentation/src/sender/messages.ts';
import {
  otlpReceiver,
  type Delivery,
  type Receiver,
} from '../../../packages/instrumentation/src/sender/receiver.ts';
import { RejectedStore } from '../../../packages/instrumentation/src/sender/rejected-store.ts';
import { MAX_DIVIDED_REQUESTS, Sender } from '../../../packages/instrumentation/src/sender/sender.ts';
import { SpoolCounters } from '../../../packages/instrumentation/src/spool/spool-counters.ts';
import { SpoolReader } from '../../../packages/instrumentation/src/spool/spool-reader.ts';
import { decodeTraceRequest } from '../../support/instrumentation/otlp-decoder.ts';
import { makeSpan } from '../../support/instrumentation/spans.ts';
import { writerInto } from '../../support/instrumentation/spool.ts';

const SPANS = 300;

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-refused-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function names(request: Uint8Array): string[] {
  return decodeTraceRequest(Buffer.from(request)).map(({ name }) => name);
}

/** One frame of many spans of two resources and three scopes, sent to a receiver until nothing is left. */
async function send(receiver: Receiver): Promise<{ counters: SpoolCounters; reports: FromSender[] }> {
  const encoder = new TraceEncoder('ab'.repeat(16));
  const spans = Array.from({ length: SPANS }, (_, index) => ({
    number: index + 1,
    span: makeSpan({
      name: `span-${index}`,
      resource: { attributes: { 'service.name': `service-${index % 2}` } },
      instrumentationScope: { name: `scope-${index % 3}`, version: '1' },
    }),
  }));
  writerInto(directory, 'live').append('final', [], encoder.encode(spans), SPANS);
  const counters = new SpoolCounters();
  const reports: FromSender[] = [];
  const stop = new AbortController();
  const running = new Sender({
    live: new SpoolReader(join(directory, 'live'), true, () => undefined),
    adopt: () => [],
    receiver,
    rejected: new RejectedStore(directory),
    backOff: new BackOff(() => 0),
    counters,
    report: (message) => reports.push(message),
    intervalMs: 600,
    now: Date.now,
  }).run(stop.signal);
  await expect.poll(() => counters.settled, { timeout: 10_000 }).toBe(SPANS);
  stop.abort();
  await running;
  return { counters, reports };
}

async function setAside(): Promise<string[][]> {
  const folder = join(directory, 'rejected');
  const files = await readdir(folder).catch(() => []);
  return Promise.all(files.map(async (file) => names(await readFile(join(folder, file)))));
}

test('of one frame, too, only the span that is refused is set aside', async () => {
  const taken: string[] = [];
  let requests = 0;
  const { counters, reports } = await send({
    send: (request) => {
      requests += 1;
      const here = names(request);
      if (here.includes('span-77')) return Promise.resolve({ outcome: 'rejected', status: 400 });
      taken.push(...here);
      return Promise.resolve({ outcome: 'accepted' });
    },
  });
  expect(await setAside()).toEqual([['span-77']]);
  expect(new Set(taken).size).toBe(SPANS - 1);
  expect(taken).toHaveLength(SPANS - 1);
  expect(requests).toBeLessThan(25);
  expect([counters.exported, counters.rejected]).toEqual([SPANS - 1, 1]);
  expect(reports.filter(({ kind }) => kind === 'warning')).toHaveLength(1);
});

test('what is too large for a receiver goes in parts, each with its resource and scope', async () => {
  const taken: string[] = [];
  await send({
    send: (request) => {
      if (request.length > 4_096) return Promise.resolve({ outcome: 'rejected', status: 413 });
      for (const span of decodeTraceRequest(Buffer.from(request))) {
        const index = Number(span.name.slice('span-'.length));
        expect(span.resource['service.name']).toBe(`service-${index % 2}`);
        expect(span.scope.name).toBe(`scope-${index % 3}`);
        taken.push(span.name);
      }
      return Promise.resolve({ outcome: 'accepted' });
    },
  });
  expect(new Set(taken).size).toBe(SPANS);
  expect(taken).toHaveLength(SPANS);
  expect(await setAside()).toEqual([]);
});

test('a receiver that refuses everything is not asked about each span', async () => {
  let requests = 0;
  await send({
    send: () => {
      requests += 1;
      return Promise.resolve({ outcome: 'rejected', status: 400 });
    },
  });
  expect(requests).toBeLessThanOrEqual(2 * MAX_DIVIDED_REQUESTS);
  const aside = await setAside();
  expect(new Set(aside.flat()).size).toBe(SPANS);
  expect(aside.flat()).toHaveLength(SPANS);
});

test('of a receiver that refuses everything only the first frame is divided, until it accepts something', async () => {
  const encoder = new TraceEncoder('ab'.repeat(16));
  const writer = writerInto(directory, 'live');
  const frames = 40;
  for (let frame = 0; frame < frames; frame++) {
    const spans = Array.from({ length: 30 }, (_, index) => ({
      number: frame * 30 + index + 1,
      span: makeSpan({ name: `${frame}-${index}` }),
    }));
    writer.append('final', [], encoder.encode(spans), spans.length);
  }
  let requests = 0;
  const stop = new AbortController();
  const counters = new SpoolCounters();
  const running = new Sender({
    live: new SpoolReader(join(directory, 'live'), true, () => undefined),
    adopt: () => [],
    receiver: {
      send: (request) => {
        requests += 1;
        // From the last frame on it is mended, but for one span.
        const here = names(request);
        const refused = here.some((name) => !name.startsWith('39-') || name === '39-7');
        return Promise.resolve(refused ? { outcome: 'rejected', status: 400 } : { outcome: 'accepted' });
      },
    },
    rejected: new RejectedStore(directory),
    backOff: new BackOff(() => 0),
    counters,
    report: () => undefined,
    intervalMs: 600,
    now: Date.now,
  }).run(stop.signal);
  await expect.poll(() => counters.settled, { timeout: 10_000 }).toBe(frames * 30);
  stop.abort();
  await running;
  expect(requests).toBeLessThan(1 + frames + MAX_DIVIDED_REQUESTS);
  // A frame that nobody could tell to be better than those before it is set aside whole: nothing is lost.
  expect(new Set((await setAside()).flat()).size + counters.exported).toBe(frames * 30);
});

test('a small frame of bad spans alone does not keep the good ones of the next from being found', async () => {
  const encoder = new TraceEncoder('ab'.repeat(16));
  const writer = writerInto(directory, 'live');
  const frames = [
    ['bad-1', 'bad-2'],
    ['bad-3', ...Array.from({ length: 20 }, (_, index) => `good-${index}`)],
  ];
  let number = 0;
  for (const frame of frames) {
    const spans = frame.map((name) => ({ number: (number += 1), span: makeSpan({ name }) }));
    writer.append('final', [], encoder.encode(spans), spans.length);
  }
  const stop = new AbortController();
  const counters = new SpoolCounters();
  const running = new Sender({
    live: new SpoolReader(join(directory, 'live'), true, () => undefined),
    adopt: () => [],
    receiver: {
      send: (request) =>
        Promise.resolve(
          names(request).some((name) => name.startsWith('bad'))
            ? { outcome: 'rejected', status: 400 }
            : { outcome: 'accepted' },
        ),
    },
    rejected: new RejectedStore(directory),
    backOff: new BackOff(() => 0),
    counters,
    report: () => undefined,
    intervalMs: 600,
    now: Date.now,
  }).run(stop.signal);
  await expect.poll(() => counters.settled, { timeout: 10_000 }).toBe(number);
  stop.abort();
  await running;
  expect((await setAside()).flat().toSorted()).toEqual(['bad-1', 'bad-2', 'bad-3']);
});

/** What a receiver that answers 200 with this is said to have done. */
async function judged(headers: Record<string, string>, body: Uint8Array | string): Promise<Delivery> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(200, headers).end(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    return await otlpReceiver(`http://127.0.0.1:${port}/v1/traces`).send(Buffer.from('x'));
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** `ExportTraceServiceResponse` with `rejected_spans: 300`. */
const PARTIAL = Uint8Array.of(10, 5, 8, 172, 2, 18, 0);

test.each([
  ['nothing', {}, '', { outcome: 'accepted' }],
  ['a plain success', { 'content-type': 'application/x-protobuf' }, '', { outcome: 'accepted' }],
  ['something of its own', { 'content-type': 'text/plain' }, 'ok', { outcome: 'accepted' }],
  [
    'the page of a proxy',
    { 'content-type': 'text/html; charset=utf-8' },
    '<html><title>Sign in</title></html>',
    { outcome: 'postponed', retryAfterMs: undefined, cause: 'a web page instead of an answer' },
  ],
  [
    'a partial success',
    { 'content-type': 'application/x-protobuf' },
    PARTIAL,
    { outcome: 'accepted', refusedSpans: 300 },
  ],
])('200 with %s', async (_, headers, body, expected) => {
  expect(await judged(headers, body)).toEqual(expected);
});

test('a request that was taken in part is set aside as well: nobody says which spans were not', async () => {
  const { counters, reports } = await send({
    send: () => Promise.resolve({ outcome: 'accepted', refusedSpans: 3 }),
  });
  expect([counters.exported, counters.rejected]).toEqual([SPANS - 3, 3]);
  expect((await setAside()).flat()).toHaveLength(SPANS);
  expect(reports).toContainEqual(
    expect.objectContaining({ kind: 'warning', code: 'SPANLEDGER_REJECTED_200' }),
  );
});
