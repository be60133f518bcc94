import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import fastify, { type FastifyInstance } from 'fastify';
import { expect, test } from 'vitest';
import { MAX_ARRIVED_BYTES, MAX_BODY_BYTES } from '../../../../packages/exporter/src/receive/limits.ts';
import { receiveRoutes } from '../../../../packages/exporter/src/receive/routes.ts';
import { decodeGroup } from '../../../../packages/exporter/src/receive/wire/trace-request.ts';
import { createSender, toJson, toProtobuf } from '../../../support/exporter/spans.ts';

const REQUESTS = 40;
const TYPE = { 'content-type': 'application/x-protobuf' };

test('requests in OTLP/JSON that come at once do not see one another', async () => {
  const taken: string[] = [];
  await using app = fastify();
  void app.register(receiveRoutes, {
    admit: () => undefined,
    intake: {
      hasRoom: () => true,
      accept: async (groups) => {
        const names = groups.flatMap((group) => decodeGroup(group).spans.map(({ name }) => name));
        taken.push(...new Set(names));
        await turn();
        return names.length;
      },
    },
  });
  const sender = createSender('shop');
  const answers = await Promise.all(
    Array.from({ length: REQUESTS }, (_unused, i) => {
      const name = `request ${String(i).padStart(2, '0')}`;
      const body = Buffer.from(toJson(Array.from({ length: 5 }, () => sender.span({ name }))));
      return app.inject({
        method: 'POST',
        url: '/v1/traces',
        headers: { 'content-type': 'application/json', ...(i % 2 === 0 && { 'content-encoding': 'gzip' }) },
        payload: i % 2 === 0 ? gzipSync(body) : body,
      });
    }),
  );
  expect(answers.map(({ statusCode }) => statusCode)).toEqual(answers.map(() => 200));
  expect(taken.toSorted()).toEqual(
    Array.from({ length: REQUESTS }, (_unused, i) => `request ${String(i).padStart(2, '0')}`),
  );
});

test('what the log has no room for is turned away before it is read, and counts no more once it is answered', async () => {
  const room = 1_000;
  const asked: number[] = [];
  const waiting: (() => void)[] = [];
  await using app = fastify();
  app.setErrorHandler((error, _request, reply) => reply.code(503).send(String(error)));
  void app.register(receiveRoutes, {
    admit: () => undefined,
    intake: {
      hasRoom: (sizeBytes) => {
        asked.push(sizeBytes);
        return sizeBytes <= room;
      },
      accept: async () => {
        await new Promise<void>((resolve) => waiting.push(resolve));
        return 1;
      },
    },
  });
  const sender = createSender('shop');
  const body = toProtobuf([sender.span({ attributes: { text: 'x'.repeat(400) } })]);
  const send = (payload = Buffer.from(body)) =>
    app.inject({ method: 'POST', url: '/v1/traces', headers: TYPE, payload });

  const tooMuch = await send(Buffer.alloc(room + 1));
  expect(tooMuch).toMatchObject({ statusCode: 503, body: expect.stringContaining('than the log takes') });
  expect(waiting).toEqual([]);

  const taken = send();
  await expect.poll(() => waiting).toHaveLength(1);
  // The intake has seen it: what it takes of the log's room is for the log to say.
  const next = send();
  await expect.poll(() => waiting).toHaveLength(2);
  for (const resolve of waiting) resolve();
  expect([(await taken).statusCode, (await next).statusCode]).toEqual([200, 200]);
  expect(asked).toEqual([room + 1, body.length, body.length]);
});

/** What a client sends first of a request whose body has so many bytes. */
function headOf(bodyBytes: number): string {
  return `POST /v1/traces HTTP/1.1\r\nhost: shop\r\ncontent-type: ${TYPE['content-type']}\r\ncontent-length: ${bodyBytes}\r\n\r\n`;
}

/** A service whose log has room for everything, and that holds no body longer than it takes to look at it. */
async function listen(
  app: FastifyInstance,
  onRequest: (response: ServerResponse) => void,
  accept = (): Promise<number> => Promise.resolve(0),
): Promise<URL> {
  app.setErrorHandler((error, _request, reply) => reply.code(503).send(String(error)));
  app.addHook('onRequest', (_request, reply, next) => {
    onRequest(reply.raw);
    next();
  });
  void app.register(receiveRoutes, {
    admit: () => undefined,
    intake: { hasRoom: () => true, accept },
  });
  return new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
}

async function begin(url: URL, bodyBytes: number): Promise<Socket> {
  const socket = connect({ host: url.hostname, port: Number(url.port) });
  await once(socket, 'connect');
  socket.write(headOf(bodyBytes));
  return socket;
}

function sendOneSpan(url: URL): Promise<Response> {
  return fetch(new URL('/v1/traces', url), {
    method: 'POST',
    headers: TYPE,
    body: toProtobuf([createSender('shop').span({})]),
  });
}

test('what is announced and does not come takes nobody else the place', async () => {
  let arrived = 0;
  await using app = fastify({ bodyLimit: MAX_BODY_BYTES });
  const url = await listen(app, () => arrived++);
  const count = MAX_ARRIVED_BYTES / MAX_BODY_BYTES + 2;
  const slow = await Promise.all(Array.from({ length: count }, () => begin(url, MAX_BODY_BYTES)));
  await expect.poll(() => arrived).toBe(count);
  expect((await sendOneSpan(url)).status).toBe(200);
  for (const socket of slow) socket.destroy();
});

test('beyond what may be held, bodies that are arriving are turned away, until others have gone', async () => {
  let arrived = 0;
  let broken = 0;
  await using app = fastify({ bodyLimit: MAX_BODY_BYTES });
  const url = await listen(app, (response) => {
    arrived++;
    response.once('close', () => broken++);
  });
  const most = Buffer.alloc(MAX_BODY_BYTES - 1);
  const slow: Socket[] = [];
  for (let held = 0; held < MAX_ARRIVED_BYTES; held += MAX_BODY_BYTES) {
    const socket = await begin(url, MAX_BODY_BYTES);
    await new Promise((resolve) => socket.write(most, resolve));
    slow.push(socket);
  }
  await expect.poll(() => arrived).toBe(slow.length);
  // Until all that was written has arrived there is room for one more.
  let refused: Response | undefined;
  await expect
    .poll(async () => {
      const answer = await sendOneSpan(url);
      if (answer.status === 503) refused = answer;
      return answer.status;
    })
    .toBe(503);
  expect(await refused?.text()).toContain('too many bytes of requests are in memory');
  for (const socket of slow) socket.destroy();
  await expect.poll(async () => (await sendOneSpan(url)).status).toBe(200);
  expect(broken).toBeGreaterThanOrEqual(slow.length);
});

test('senders that break off in the middle of a body leave nothing counted', async () => {
  let arrived = 0;
  let broken = 0;
  await using app = fastify({ bodyLimit: MAX_BODY_BYTES });
  const url = await listen(app, (response) => {
    arrived++;
    response.once('close', () => broken++);
  });
  const half = Buffer.alloc(MAX_BODY_BYTES / 2);
  // Together more than memory has.
  for (let i = 1; i <= MAX_ARRIVED_BYTES / half.length + 1; i++) {
    const socket = await begin(url, MAX_BODY_BYTES);
    await new Promise((resolve) => socket.write(half, resolve));
    await expect.poll(() => arrived).toBe(i);
    socket.destroy();
    await expect.poll(() => broken).toBe(i);
  }
  expect((await sendOneSpan(url)).status).toBe(200);
});

test('senders that break off in a request behind one without an answer leave nothing counted', async () => {
  let arrived = 0;
  let isAnswered = false;
  await using app = fastify({ bodyLimit: MAX_BODY_BYTES });
  const url = await listen(
    app,
    () => arrived++,
    () => (isAnswered ? Promise.resolve(0) : new Promise(() => undefined)),
  );
  const half = Buffer.alloc(MAX_BODY_BYTES / 2);
  for (let i = 1; i <= MAX_ARRIVED_BYTES / half.length + 1; i++) {
    const socket = await begin(url, 0);
    socket.write(headOf(MAX_BODY_BYTES));
    await new Promise((resolve) => socket.write(half, resolve));
    await expect.poll(() => arrived).toBe(2 * i);
    socket.destroy();
  }
  isAnswered = true;
  await expect.poll(async () => (await sendOneSpan(url)).status).toBe(200);
});
