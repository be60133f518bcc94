import { expect, test } from 'vitest';
import { ExporterError } from '../../../packages/exporter/src/errors.ts';
import { createLog } from '../../../packages/exporter/src/log.ts';

function capture(format: 'json' | 'line') {
  const lines: string[] = [];
  const log = createLog({
    level: 'info',
    format,
    destination: { write: (line: string) => lines.push(line) },
  });
  return { log, lines };
}

test('a line for people: time, level, message, fields, error and hint', () => {
  const { log, lines } = capture('line');
  log.info({ url: 'http://127.0.0.1:4319', entries: 7 }, 'listening');
  log.error(
    { err: new ExporterError('service_busy', 'no room', { hint: 'Wait.', cause: new Error('disk full') }) },
    'failed',
  );
  log.debug('not shown');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3} info {2}listening url=http:\/\/127\.0\.0\.1:4319 entries=7\n$/,
  );
  expect(lines[1]).toContain('error failed (service_busy: no room. Wait. (disk full))');
});

test('of a request only method and route, of an error nothing that it carries besides', () => {
  const { log, lines } = capture('json');
  const request = { method: 'GET', url: '/api/sessions/alice', routeOptions: { url: '/api/sessions/:id' } };
  log.warn({ req: request, err: Object.assign(new Error('broken'), { user: 'alice' }) }, 'turned away');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 40,
    req: { method: 'GET', route: '/api/sessions/:id' },
    err: { message: 'broken' },
  });
  expect(lines[0]).not.toContain('alice');
});
