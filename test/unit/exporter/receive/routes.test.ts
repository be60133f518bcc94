import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import fastify from 'fastify';
import { expect, test } from 'vitest';
import { MAX_BODY_BYTES, MAX_BYTES_IN_FLIGHT } from '../../../../packages/exporter/src/receive/limits.ts';
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

test('senders that break off in the middle of a body leave nothing counted', async () => {
  let arrived = 0;
  let broken = 0;
  await using app = fastify({ bodyLimit: MAX_BODY_BYTES });
  app.addHook('onRequest', (_request, reply, next) => {
    arrived++;
    reply.raw.once('close', () => broken++);
    next();
  });
  void app.register(receiveRoutes, {
    admit: () => undefined,
    intake: { hasRoom: (sizeBytes) => sizeBytes <= MAX_BODY_BYTES, accept: () => Promise.resolve(0) },
  });
  const url = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
  const head = `POST /v1/traces HTTP/1.1\r\nhost: shop\r\ncontent-type: ${TYPE['content-type']}\r\n`;
  // One after the other, as each of them is all that the log has room for; together more than memory has.
  for (let i = 1; i <= MAX_BYTES_IN_FLIGHT / MAX_BODY_BYTES + 1; i++) {
    const socket = connect({ host: url.hostname, port: Number(url.port) });
    await once(socket, 'connect');
    socket.write(`${head}content-length: ${MAX_BODY_BYTES}\r\n\r\nhalf of it`);
    await expect.poll(() => arrived).toBe(i);
    socket.destroy();
    await expect.poll(() => broken).toBe(i);
  }
  const answer = await fetch(new URL('/v1/traces', url), {
    method: 'POST',
    headers: TYPE,
    body: toProtobuf([createSender('shop').span({})]),
  });
  expect(answer.status).toBe(200);
});
