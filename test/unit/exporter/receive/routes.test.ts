import { setImmediate as turn } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import fastify from 'fastify';
import { expect, test } from 'vitest';
import { receiveRoutes } from '../../../../packages/exporter/src/receive/routes.ts';
import { decodeGroup } from '../../../../packages/exporter/src/receive/wire/trace-request.ts';
import { createSender, toJson } from '../../../support/exporter/spans.ts';

const REQUESTS = 40;

test('requests in OTLP/JSON that come at once do not see one another', async () => {
  const taken: string[] = [];
  await using app = fastify();
  void app.register(receiveRoutes, {
    admit: () => undefined,
    intake: {
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
