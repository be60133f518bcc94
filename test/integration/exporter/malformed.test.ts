import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Service } from '@spanledger/audit-exporter';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  makeDataDirectory,
  sendTraces,
  startTestService,
  type Sending,
} from '../../support/exporter/service.ts';
import { createSender, toJson, toProtobuf } from '../../support/exporter/spans.ts';

const JSON_TYPE = { contentType: 'application/json' };

let data: Awaited<ReturnType<typeof makeDataDirectory>>;
let service: Service;
let before: number;

beforeAll(async () => {
  data = await makeDataDirectory();
  service = await startTestService(data.path);
});

afterAll(async () => {
  await service.close();
  await data.remove();
});

beforeEach(() => {
  before = service.sizes().sequenced;
});

afterEach(expectUntouched);

/** After each of them nothing is half-recorded, and the next request is served. */
async function expectUntouched(): Promise<void> {
  expect(service.sizes().sequenced).toBe(before);
  const answer = await sendTraces(service.url, toProtobuf([createSender('shop').span()]));
  expect(answer.status).toBe(200);
}

async function expectRefusal(answer: Response, status: number): Promise<{ message: string }> {
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  const body: unknown = await answer.json();
  expect(body).toMatchObject({ code: expect.any(Number), message: expect.any(String) });
  return { message: JSON.stringify(body) };
}

const good = (): Uint8Array => toProtobuf([createSender('shop').span(), createSender('shop').span()]);
const goodJson = (): Uint8Array => toJson([createSender('shop').span()]);

describe('400', () => {
  const cases: [string, () => Uint8Array | string, Sending?][] = [
    ['truncated protobuf', () => good().subarray(0, 150)],
    [
      'protobuf with a good span before a bad one',
      () => Buffer.concat([good(), Uint8Array.of(0x0a, 0x02, 0x12)]),
    ],
    ['no protobuf', () => 'alice@example.com'],
    ['truncated JSON', () => goodJson().subarray(0, 150), JSON_TYPE],
    ['JSON of another shape', () => '{"resourceSpans":7}', JSON_TYPE],
    ['an empty body as JSON', () => '', JSON_TYPE],
    ['deep JSON', () => '{"resourceSpans":' + '['.repeat(5_000_000), JSON_TYPE],
    [
      'invalid ids',
      () =>
        Buffer.from(goodJson())
          .toString()
          .replaceAll(/"traceId":"[^"]*"/g, '"traceId":"zz"'),
      JSON_TYPE,
    ],
    ['what is said to be gzip', () => good(), { encoding: 'gzip' }],
    ['truncated gzip', () => gzipSync(good()).subarray(0, 60), { encoding: 'gzip' }],
    ['JSON that is said to be protobuf', () => goodJson()],
  ];
  test.each(cases)('%s', async (_what, body, sending) => {
    const { message } = await expectRefusal(await sendTraces(service.url, body(), sending), 400);
    expect(message).not.toContain('alice');
  });
});

describe('415', () => {
  test.each([
    ['another content type', { contentType: 'text/plain' }],
    ['gRPC', { contentType: 'application/grpc' }],
    ['no sensible content type', { contentType: 'x' }],
    ['another content encoding', { encoding: 'br' }],
  ])('%s', async (_what, sending: Sending) => {
    await expectRefusal(await sendTraces(service.url, good(), sending), 415);
  });
});

describe('413', () => {
  test('a gzip bomb', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(1024 * 1024);
    await expectRefusal(await sendTraces(service.url, bomb, { encoding: 'gzip' }), 413);
  });

  test('too many spans', async () => {
    const span = '{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331"},'.repeat(40_000);
    const body = `{"resourceSpans":[{"scopeSpans":[{"spans":[${span.slice(0, -1)}]}]}]}`;
    await expectRefusal(await sendTraces(service.url, body, JSON_TYPE), 413);
  });

  test('a body of 100 MB, announced: refused before it is read', async () => {
    const answer = await rawRequest(['content-type: application/x-protobuf', 'content-length: 100000000']);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('"code":8');
  });

  test('a body of 100 MB, unannounced: refused at the limit', async () => {
    const answer = await rawRequest(
      ['content-type: application/x-protobuf', 'transfer-encoding: chunked'],
      (write) => {
        const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(0x100000), Buffer.from('\r\n')]);
        for (let i = 0; i < 100; i++) write(chunk);
      },
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });
});

test('404 and 405 are JSON too', async () => {
  await expectRefusal(await fetch(`${service.url}/v1/nothing`), 404);
  const answer = await fetch(`${service.url}/v1/traces`, { method: 'PUT', body: 'x' });
  expect(answer.headers.get('allow')).toBe('POST');
  await expectRefusal(answer, 405);
});

test('what is not HTTP at all', async () => {
  expect(await rawRequest([], undefined, 'NONSENSE\r\n')).toMatch(/^HTTP\/1\.1 400 /);
});

test('a sender that hangs up in the middle of its body', async () => {
  await new Promise<void>((resolve, reject) => {
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1', () => {
      socket.write(
        'POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: 1000\r\n\r\nabc',
      );
      socket.end(() => {
        socket.destroy();
      });
    });
    socket.on('close', () => {
      resolve();
    });
    socket.on('error', reject);
  });
});

/** A request by hand, since fetch refuses to lie; resolves with all that came back. */
function rawRequest(
  headers: string[],
  send?: (write: (bytes: Buffer) => void) => void,
  line = 'POST /v1/traces HTTP/1.1\r\n',
): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1', () => {
      socket.write(`${line}${['host: x', ...headers].join('\r\n')}\r\n\r\n`);
      send?.((bytes) => {
        if (!socket.destroyed) socket.write(bytes);
      });
    });
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      answer += text;
      if (answer.includes('}')) socket.destroy();
    });
    // The service may cut the connection while we still write; what counts is what it answered.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve(answer);
    });
  });
}
