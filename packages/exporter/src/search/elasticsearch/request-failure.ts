import { errors } from '@elastic/elasticsearch';

/** Why Elasticsearch does not take what is sent; docs/errors.md has a line about each. */
export type ElasticsearchTroubleCode =
  | 'elasticsearch_unreachable'
  | 'elasticsearch_busy'
  | 'elasticsearch_failing'
  | 'elasticsearch_refused'
  | 'elasticsearch_stream_missing'
  | 'elasticsearch_dead_letters_full';

/** A request that failed. */
export interface RequestFailure {
  code: ElasticsearchTroubleCode;
  /** One sentence without what was sent. */
  message: string;
  hint?: string;
  /** Whether the server may have done what it was asked. */
  isUncertain: boolean;
  /** The request was too large. */
  isTooLarge: boolean;
  /** The request itself is not understood. */
  isMalformed: boolean;
  /** A smaller request may do. */
  isOverload: boolean;
  /** How long the server asks to wait. */
  retryAfterMs: number;
}

/** An answer that leaves something out, because a part of the index could not be asked. */
export class IncompleteAnswerError extends Error {
  override readonly name = 'IncompleteAnswerError';
}

/** The longest wait that a server can ask for. */
const MAX_RETRY_AFTER_MS = 60_000;

/** The privileges are wrong, and how they are mended. */
export const REFUSED_HINT =
  'Check the API keys and their privileges: spanledger setup elasticsearch makes both and grants what they need.';

/** The stream is not there, and how it is made. */
export const MISSING_HINT = 'Make it with: spanledger setup elasticsearch';

/** Reads why a request failed; rethrows what no server and no network did. */
export function readFailure(error: unknown): RequestFailure {
  if (error instanceof errors.ResponseError) return readStatus(error.statusCode ?? 0, error.headers ?? {});
  const failure = {
    isUncertain: true,
    isTooLarge: false,
    isMalformed: false,
    isOverload: false,
    retryAfterMs: 0,
  };
  if (error instanceof IncompleteAnswerError) {
    return { ...failure, code: 'elasticsearch_failing', message: error.message };
  }
  if (error instanceof errors.TimeoutError) {
    return {
      ...failure,
      code: 'elasticsearch_busy',
      message: 'Elasticsearch did not answer in time',
      isOverload: true,
    };
  }
  if (error instanceof errors.ElasticsearchClientError) {
    return {
      ...failure,
      code: 'elasticsearch_unreachable',
      message: `Elasticsearch cannot be reached (${error.name}: ${error.message.slice(0, 200)})`,
    };
  }
  throw error;
}

function readStatus(status: number, headers: Record<string, unknown>): RequestFailure {
  const failure = {
    message: `Elasticsearch answers ${status}`,
    isUncertain: false,
    isTooLarge: false,
    isMalformed: false,
    isOverload: false,
    retryAfterMs: retryAfter(headers['retry-after']),
  };
  switch (status) {
    case 413:
      return { ...failure, code: 'elasticsearch_busy', isTooLarge: true, isOverload: true };
    case 429:
      return { ...failure, code: 'elasticsearch_busy', isOverload: true };
    case 401:
    case 403:
      return { ...failure, code: 'elasticsearch_refused', hint: REFUSED_HINT };
    case 404:
      return { ...failure, code: 'elasticsearch_stream_missing', hint: MISSING_HINT };
    case 400:
      return { ...failure, code: 'elasticsearch_failing', isMalformed: true };
    default:
      // 503 and 504 are also what a proxy says of a request that went through.
      return { ...failure, code: 'elasticsearch_failing', isUncertain: true, isOverload: status === 504 };
  }
}

function retryAfter(header: unknown): number {
  const seconds = typeof header === 'string' && /^\d{1,6}$/.test(header) ? Number(header) : 0;
  return Math.min(seconds * 1000, MAX_RETRY_AFTER_MS);
}
