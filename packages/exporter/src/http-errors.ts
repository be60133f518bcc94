import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { ExporterError, type ExporterErrorCode } from './errors.ts';

/** `google.rpc.Status`, as OTLP/HTTP and the API answer every error, plus a hint for people. */
export interface ErrorBody {
  /** A gRPC status code. */
  code: number;
  message: string;
  hint?: string;
}

/** Seconds after which a sender that was turned away may come again. */
export const RETRY_AFTER_S = 1;

/** Of requests that are turned away, one in this time is logged, with the number of those that were not. */
const TURNED_AWAY_LOG_MS = 1000;

const GRPC_INVALID_ARGUMENT = 3;
const GRPC_NOT_FOUND = 5;
const GRPC_PERMISSION_DENIED = 7;
const GRPC_RESOURCE_EXHAUSTED = 8;
const GRPC_UNIMPLEMENTED = 12;
const GRPC_INTERNAL = 13;
const GRPC_UNAVAILABLE = 14;
const GRPC_UNAUTHENTICATED = 16;

const ANSWERS: Partial<Record<ExporterErrorCode, { status: number; code: number }>> = {
  permission_denied: { status: 403, code: GRPC_PERMISSION_DENIED },
  request_malformed: { status: 400, code: GRPC_INVALID_ARGUMENT },
  request_too_large: { status: 413, code: GRPC_RESOURCE_EXHAUSTED },
  request_type_unsupported: { status: 415, code: GRPC_INVALID_ARGUMENT },
  service_busy: { status: 503, code: GRPC_UNAVAILABLE },
  unauthenticated: { status: 401, code: GRPC_UNAUTHENTICATED },
  // Not the sender's fault: what it keeps is taken in once the vault is restored.
  vault_damaged: { status: 503, code: GRPC_UNAVAILABLE },
};

/** Answers whatever routes threw. What is our own fault is logged in full and told in one sentence. */
export class ErrorAnswers {
  readonly #now: () => number;
  #loggedMs = Number.NEGATIVE_INFINITY;
  #unlogged = 0;

  /** @param now - milliseconds of a clock that only moves forward; a test brings its own */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    if (error instanceof ExporterError) {
      const answer = ANSWERS[error.code];
      if (answer !== undefined) {
        if (answer.status === 503) {
          this.#logTurnedAway(error, request);
          reply.header('retry-after', String(RETRY_AFTER_S));
        }
        return send(reply, answer.status, body(answer.code, error.message, error.hint));
      }
    }
    const status = statusOf(error);
    if (status >= 400 && status < 500 && error instanceof Error) {
      return send(reply, status, body(grpcCodeOf(status), error.message, hintOf(error, status)));
    }
    request.log.error({ err: error }, 'a request failed');
    return send(reply, 500, body(GRPC_INTERNAL, 'internal error', 'The log of the service says more.'));
  }

  /** Not each of them: to write that down would take what there is too little of already. */
  #logTurnedAway(error: ExporterError, { log }: FastifyRequest): void {
    const now = this.#now();
    if (now - this.#loggedMs < TURNED_AWAY_LOG_MS) {
      this.#unlogged++;
      return;
    }
    const others = this.#unlogged > 0 ? { others: this.#unlogged } : {};
    log[error.code === 'vault_damaged' ? 'error' : 'warn'](
      { err: error, ...others },
      'turned a request away',
    );
    this.#loggedMs = now;
    this.#unlogged = 0;
  }
}

/** Answers a path that is not there, and a method that a path does not take. */
export function answerNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.url.split('?', 1)[0] ?? '';
  const allowed = ['GET', 'POST'].filter((method) => request.server.hasRoute({ method, url: path }));
  if (allowed.length === 0) return send(reply, 404, body(GRPC_NOT_FOUND, 'there is nothing at this path'));
  reply.header('allow', allowed.join(', '));
  return send(reply, 405, body(GRPC_UNIMPLEMENTED, `this path takes ${allowed.join(', ')} only`));
}

function send(reply: FastifyReply, status: number, content: ErrorBody): FastifyReply {
  return reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify(content));
}

function body(code: number, message: string, hint?: string): ErrorBody {
  return hint === undefined ? { code, message } : { code, message, hint };
}

/** Fastify's own errors and errors with a `statusCode` say themselves what they are. */
function statusOf(error: unknown): number {
  return isFastifyError(error) ? (error.statusCode ?? 500) : 500;
}

function grpcCodeOf(status: number): number {
  if (status === 404) return GRPC_NOT_FOUND;
  if (status === 405) return GRPC_UNIMPLEMENTED;
  return status === 413 ? GRPC_RESOURCE_EXHAUSTED : GRPC_INVALID_ARGUMENT;
}

function hintOf(error: Error, status: number): string | undefined {
  if ('hint' in error && typeof error.hint === 'string') return error.hint;
  return status === 415 ? 'Spans are taken as application/x-protobuf or application/json.' : undefined;
}

function isFastifyError(error: unknown): error is FastifyError {
  return error instanceof Error && 'statusCode' in error;
}
