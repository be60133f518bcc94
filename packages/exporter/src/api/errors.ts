import type { FastifyReply, FastifyRequest } from 'fastify';

import { ExporterError } from '../errors.ts';
import type { ExporterErrorCode } from '../errors.ts';
import { QueryError } from '../query-error.ts';

/** The body of every answer that is not what was asked for. */
interface ApiErrorBody {
  error: {
    /** Stable; docs/errors.md explains each. */
    code: string;
    message: string;
    hint?: string;
    /** For a query: the offset of the mistake. */
    position?: number;
  };
}

const STATUS: Partial<Record<ExporterErrorCode, number>> = {
  clock_ahead: 409,
  cursor_invalid: 400,
  erasure_refused: 409,
  legal_hold: 409,
  not_found: 404,
  permission_denied: 403,
  request_malformed: 400,
  retention_unconfigured: 409,
  service_busy: 503,
  unauthenticated: 401,
};

const JSON_TYPE = 'application/json; charset=utf-8';

/** Answers what a route of the API threw. What is not the client's fault is logged, and told in one sentence. */
export function answerApiError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.header('cache-control', 'no-store').type(JSON_TYPE);
  if (error instanceof QueryError) {
    const { code, message, hint, position } = error;
    return reply.code(400).send(body({ code, message, hint, position }));
  }
  if (error instanceof ExporterError) {
    const status = STATUS[error.code];
    const { code, message, hint } = error;
    if (status !== undefined) {
      return reply.code(status).send(body({ code, message, ...(hint !== undefined && { hint }) }));
    }
  }
  const status = clientStatus(error);
  if (status !== undefined && error instanceof Error) {
    return reply.code(status).send(body({ code: 'request_malformed', message: error.message }));
  }
  request.log.error({ err: error }, 'an API request failed');
  const hint = 'the log of the service says more';
  return reply
    .code(500)
    .send(body({ code: 'internal_error', message: 'The service could not answer', hint }));
}

/** The error for something that is not there. */
export function notFound(what: string, hint: string): ExporterError {
  return new ExporterError('not_found', what, { hint });
}

function body(error: ApiErrorBody['error']): string {
  const content: ApiErrorBody = { error };
  return JSON.stringify(content);
}

/** The status of an error that Fastify itself found in the request. */
function clientStatus(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined;
  const { statusCode } = error;
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : undefined;
}
