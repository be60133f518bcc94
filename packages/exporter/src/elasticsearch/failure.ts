import type { errors } from '@elastic/elasticsearch';
import { ExporterError } from '../errors.ts';

/** How TLS libraries say that a certificate is not believed. */
const UNTRUSTED =
  /certificate|altnames|self.signed|CERT_|ERR_TLS|unable to (?:get|verify)|signature failure|wrong version number/i;
/** What the client throws when there was no answer, or none that it understands. */
const NO_ANSWER = new Set(['ConnectionError', 'TimeoutError', 'NoLivingConnectionsError']);
const NO_ELASTICSEARCH = new Set(['DeserializationError', 'ProductNotSupportedError']);
const ACTION = /action \[([\w:/.*-]+)\]/;

/**
 * Says what went wrong between us and Elasticsearch.
 *
 * Its own words may quote documents and queries, which may be about persons: of an answer only status and kind are
 * passed on, unless `showReason` says that the request was about nobody.
 *
 * @param error - what the client threw
 * @param url - for the message
 */
export function describeFailure(error: unknown, url: string, showReason = false): unknown {
  if (isAnswer(error)) return describeAnswer(error, url, showReason);
  if (!(error instanceof Error)) return error;
  if (NO_ELASTICSEARCH.has(error.name)) {
    return new ExporterError('elasticsearch_failed', `${url}: what answers is no Elasticsearch`, {
      hint: 'Check elasticsearch.url.',
    });
  }
  if (!NO_ANSWER.has(error.name)) return error;
  const reason = innermostMessage(error);
  if (UNTRUSTED.test(reason)) {
    return new ExporterError(
      'elasticsearch_untrusted',
      `${url}: its certificate is not believed: ${reason}`,
      {
        hint: /wrong version number/i.test(reason)
          ? 'It speaks no TLS: write http:// in elasticsearch.url.'
          : 'Name the PEM file of the authority that signed it in elasticsearch.ca_file; if it has expired or names another host, renew it.',
      },
    );
  }
  return new ExporterError('elasticsearch_unreachable', `${url}: Elasticsearch does not answer: ${reason}`, {
    hint: 'Check elasticsearch.url, its scheme (https or http) and the network; nothing is lost, the ledger has it all.',
  });
}

/**
 * True for an answer of Elasticsearch that is an error. By its name: the client's classes are loaded by those only who
 * have an Elasticsearch.
 */
export function isAnswer(error: unknown): error is errors.ResponseError {
  return error instanceof Error && error.name === 'ResponseError';
}

function describeAnswer(error: errors.ResponseError, url: string, showReason: boolean): ExporterError {
  const { statusCode = 0 } = error;
  const { type, reason } = readCause(error.body);
  const shown = showReason && reason !== undefined ? `: ${reason}` : '';
  const said = `${url}: Elasticsearch answered ${statusCode}${type === undefined ? '' : ` (${type})`}`;
  if (statusCode === 401) {
    return new ExporterError('elasticsearch_refused', `${said}: it does not accept the key or the password`, {
      hint: 'The key is unknown, was invalidated or has expired: make new ones with spanledger setup elasticsearch --new-keys.',
    });
  }
  if (statusCode === 403) {
    const action = ACTION.exec(reason ?? '')?.[1];
    const what = action === undefined ? '' : `: ${action}`;
    return new ExporterError('elasticsearch_refused', `${said}: the key may not do that${what}`, {
      hint: 'Use the key of the role that it is for, of the same namespace: spanledger setup elasticsearch --new-keys makes them.',
    });
  }
  if (statusCode === 429 || statusCode === 503) {
    return new ExporterError('elasticsearch_busy', `${said}${shown}`, {
      hint: "It is tried again. If it lasts, look at the cluster's health, write queue and disks.",
    });
  }
  return new ExporterError('elasticsearch_failed', `${said}${shown}`, {
    hint: 'spanledger setup elasticsearch --dry-run shows what differs from what is needed.',
  });
}

/** Kind and reason of an answer that is an error; an older or missing handler says it in one string. */
function readCause(body: unknown): { type?: string; reason?: string } {
  if (typeof body !== 'object' || body === null || !('error' in body)) return {};
  const { error } = body;
  if (typeof error === 'string') return { reason: error };
  if (typeof error !== 'object' || error === null) return {};
  const reasons: string[] = [];
  let cause: unknown = error;
  // The outermost says that something is invalid, the innermost what.
  for (let depth = 0; depth < MAX_CAUSES && typeof cause === 'object' && cause !== null; depth++) {
    if ('reason' in cause && typeof cause.reason === 'string') reasons.push(cause.reason);
    cause = 'caused_by' in cause ? cause.caused_by : undefined;
  }
  return {
    ...('type' in error && typeof error.type === 'string' && { type: error.type }),
    ...(reasons.length > 0 && { reason: reasons.join(': ') }),
  };
}

/** Deep enough for what a template that does not fit is refused with. */
const MAX_CAUSES = 8;

function innermostMessage(error: Error): string {
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
}
