import { errors } from '@elastic/elasticsearch';
import { describe, expect, it } from 'vitest';
import { describeFailure } from '../../../../packages/exporter/src/elasticsearch/index.ts';
import { ExporterError } from '../../../../packages/exporter/src/errors.ts';

const URL = 'https://es.example:9200';

function answer(statusCode: number, error: unknown): errors.ResponseError {
  const meta = {
    context: null,
    name: 'x',
    request: { params: { method: 'GET', path: '/' }, options: {}, id: 1 },
  };
  return new errors.ResponseError({
    statusCode,
    headers: {},
    body: { error },
    warnings: null,
    meta: { ...meta, connection: null, attempts: 0, aborted: false },
  });
}

function described(error: unknown, showReason?: boolean): ExporterError {
  const failure = describeFailure(error, URL, showReason);
  if (failure instanceof ExporterError) return failure;
  throw new Error('not described');
}

describe('what Elasticsearch refuses', () => {
  it.each([
    [401, 'elasticsearch_refused'],
    [403, 'elasticsearch_refused'],
    [429, 'elasticsearch_busy'],
    [503, 'elasticsearch_busy'],
    [400, 'elasticsearch_failed'],
    [500, 'elasticsearch_failed'],
  ])('%i is %s, with a hint', (status, code) => {
    const failure = described(answer(status, { type: 'some_exception', reason: 'why' }));
    expect(failure).toMatchObject({ code, hint: expect.any(String) });
    expect(failure.message).toContain(`${status} (some_exception)`);
  });

  it('is told without its own words, which may quote a document or a query', () => {
    const error = { type: 'mapper_parsing_exception', reason: "Preview of field's value: 'alice'" };
    const failure = described(answer(400, error));
    expect(`${failure.message} ${String(failure.cause)}`).not.toContain('alice');
  });

  it('is told with all of them where the request was about nobody', () => {
    const error = {
      type: 'x',
      reason: 'template is invalid',
      caused_by: { reason: 'no analyzer', caused_by: null },
    };
    expect(described(answer(400, error), true).message).toContain('template is invalid: no analyzer');
  });

  it('names the privilege that a key lacks', () => {
    const reason = 'action [indices:data/read/search] is unauthorized for API key id [x] of user [alice]';
    const { message } = described(answer(403, { type: 'security_exception', reason }));
    expect(message).toContain('indices:data/read/search');
    expect(message).not.toContain('alice');
  });
});

describe('what never arrives', () => {
  it.each([
    [new errors.ConnectionError('connect ECONNREFUSED'), 'elasticsearch_unreachable'],
    [new errors.TimeoutError('Request timed out'), 'elasticsearch_unreachable'],
    [new errors.ConnectionError('self-signed certificate in certificate chain'), 'elasticsearch_untrusted'],
    [new errors.ConnectionError('certificate has expired'), 'elasticsearch_untrusted'],
    [new errors.DeserializationError('Unexpected token', '<html>'), 'elasticsearch_failed'],
  ])('%s', (error, code) => {
    expect(described(error)).toMatchObject({ code, hint: expect.any(String) });
  });

  it('leaves every other error as it is', () => {
    const error = new TypeError('a bug');
    expect(describeFailure(error, URL)).toBe(error);
  });
});
