import fastify from 'fastify';
import { expect, test } from 'vitest';
import { ExporterError } from '../../../packages/exporter/src/errors.ts';
import { ErrorAnswers } from '../../../packages/exporter/src/http-errors.ts';

test('of requests that are turned away, one a second is logged, with the number of the others', async () => {
  let nowMs = 5_000;
  const lines: unknown[] = [];
  const stream = { write: (line: string) => lines.push(JSON.parse(line)) };
  await using app = fastify({ logger: { level: 'warn', stream } });
  const errors = new ErrorAnswers(() => nowMs);
  app.setErrorHandler((error, request, reply) => errors.answer(error, request, reply));
  app.get('/', () => {
    throw new ExporterError('service_busy', 'the log is full');
  });
  for (let i = 0; i < 4; i++) {
    const { statusCode, headers } = await app.inject('/');
    expect({ statusCode, again: headers['retry-after'] }).toEqual({ statusCode: 503, again: '1' });
  }
  expect(lines).toMatchObject([{ level: 40, msg: 'turned a request away', err: { code: 'service_busy' } }]);
  nowMs += 1_000;
  await app.inject('/');
  expect(lines.slice(1)).toMatchObject([{ msg: 'turned a request away', others: 3 }]);
});
