/** Why Elasticsearch does not take what is sent; docs/errors.md has a line about each. */
export type ElasticsearchTroubleCode =
  | 'elasticsearch_unreachable'
  | 'elasticsearch_busy'
  | 'elasticsearch_failed'
  | 'elasticsearch_refused'
  | 'elasticsearch_stream_missing'
  | 'elasticsearch_dead_letters'
  | 'elasticsearch_dead_letters_full'
  | 'elasticsearch_behind';

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

/** What the client throws of its own, without an answer: the server may have done what it was asked. */
const NO_ANSWER: ReadonlySet<string> = new Set([
  'ConnectionError',
  'DeserializationError',
  'NoLivingConnectionsError',
  'ProductNotSupportedError',
  'RequestAbortedError',
]);

/** An answer other than that of success, with the headers that the client's own error does not keep. */
export class RejectedRequestError extends Error {
  override readonly name = 'RejectedRequestError';
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;

  constructor(status: number, headers: Readonly<Record<string, unknown>>) {
    super(`Elasticsearch answers ${status}`);
    this.status = status;
    this.headers = headers;
  }
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

/**
 * Reads why a request failed; rethrows what no server and no network did. The client's errors are told by their names:
 * its classes are loaded by those only who have an Elasticsearch.
 */
export function readFailure(error: unknown): RequestFailure {
  if (error instanceof RejectedRequestError) return readStatus(error.status, error.headers);
  const status = statusOf(error);
  if (status !== undefined) return readStatus(status, {});
  const failure = {
    isUncertain: true,
    isTooLarge: false,
    isMalformed: false,
    isOverload: false,
    retryAfterMs: 0,
  };
  if (error instanceof IncompleteAnswerError) {
    return { ...failure, code: 'elasticsearch_failed', message: error.message };
  }
  if (error instanceof Error && error.name === 'TimeoutError') {
    return {
      ...failure,
      code: 'elasticsearch_busy',
      message: 'Elasticsearch did not answer in time',
      isOverload: true,
    };
  }
  if (error instanceof Error && NO_ANSWER.has(error.name)) {
    return {
      ...failure,
      code: 'elasticsearch_unreachable',
      message: `Elasticsearch cannot be reached (${error.name}: ${error.message.slice(0, 200)})`,
    };
  }
  throw error;
}

/** The status of an answer that the client throws as an error; undefined for any other error. */
export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || error.name !== 'ResponseError' || !('statusCode' in error))
    return undefined;
  return typeof error.statusCode === 'number' ? error.statusCode : 0;
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
      return { ...failure, code: 'elasticsearch_failed', isMalformed: true };
    default:
      // 503 and 504 are also what a proxy says of a request that went through.
      return { ...failure, code: 'elasticsearch_failed', isUncertain: true, isOverload: status === 504 };
  }
}

function retryAfter(header: unknown): number {
  const seconds = typeof header === 'string' && /^\d{1,6}$/.test(header) ? Number(header) : 0;
  return Math.min(seconds * 1000, MAX_RETRY_AFTER_MS);
}
