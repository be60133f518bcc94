import diagnostics from 'node:diagnostics_channel';
import { CompressionAlgorithm, OTLPExporterError } from '@opentelemetry/otlp-exporter-base';
import {
  createOtlpHttpExportDelegate,
  httpAgentFactoryFromOptions,
} from '@opentelemetry/otlp-exporter-base/node-http';
import type { Credentials } from './credentials.ts';
import { rejectedSpans } from './partial-success.ts';

/** How long one request may take, the exporter's own few retries included. */
export const REQUEST_TIMEOUT_MS = 10_000;

/** What became of a request. */
export type Delivery =
  | {
      readonly outcome: 'accepted';
      /** How many of the spans it says that it has not taken, and will not take. */
      readonly refusedSpans?: number;
    }
  /** Try again: the receiver is away, busy, or refuses us rather than the records. */
  | { readonly outcome: 'postponed'; readonly retryAfterMs: number | undefined; readonly cause: string }
  /** The receiver will never take these bytes. */
  | { readonly outcome: 'rejected'; readonly status: number };

/** Takes serialised requests. */
export interface Receiver {
  /** Never rejects. */
  send(request: Uint8Array): Promise<Delivery>;
}

/**
 * Statuses below 500 that say something about us or the moment, not about the records: no credentials, wrong ones, a
 * wrong path, a slow request, too many. Setting records aside for these would empty the spool into a corner while an
 * operator corrects a token.
 */
const POSTPONING_STATUSES: ReadonlySet<number> = new Set([401, 403, 404, 405, 407, 408, 425, 429]);

/**
 * OTLP/HTTP through OpenTelemetry's own export delegate, which speaks protocol, compression and TLS; retrying beyond
 * its few attempts, and ordering, is ours. This module imports `@opentelemetry/api` and therefore runs in a worker only.
 *
 * @param endpoint - URL of the receiver.
 * @param credentials - How the receiver knows us, and we it.
 */
export function otlpReceiver(endpoint: string, credentials: Credentials = {}): Receiver {
  const headers = (): Record<string, string> => {
    const token = credentials.token?.();
    return {
      'Content-Type': 'application/x-protobuf',
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    };
  };
  let answered: Uint8Array = new Uint8Array();
  const delegate = createOtlpHttpExportDelegate(
    {
      url: endpoint,
      headers: () => Promise.resolve(headers()),
      compression: compressionFor(endpoint),
      concurrencyLimit: 1,
      timeoutMillis: REQUEST_TIMEOUT_MS,
      agentFactory: httpAgentFactoryFromOptions({ keepAlive: true, ...credentials.tls }),
      userAgent: 'spanledger-instrumentation-oidc',
    },
    {
      serializeRequest: (request: Uint8Array) => request,
      deserializeResponse: (body) => {
        answered = body;
        return {};
      },
    },
    'otlp_http_span_exporter',
    { name: 'span', countItems: () => 1 },
    undefined,
  );
  const lastAnswer = watchAnswers();
  return {
    send: (request) =>
      new Promise((resolve) => {
        lastAnswer.forget();
        answered = new Uint8Array();
        delegate.export(request, ({ error }) => {
          resolve(
            error === undefined
              ? judgeSuccess(lastAnswer.contentType(), answered)
              : judge(error, lastAnswer.retryAfterMs()),
          );
        });
      }),
  };
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** On the same machine nothing is saved: compressing takes ten times as long as the copy. */
export function compressionFor(endpoint: string): CompressionAlgorithm {
  return LOOPBACK.test(new URL(endpoint).hostname) ? CompressionAlgorithm.NONE : CompressionAlgorithm.GZIP;
}

/**
 * A proxy, a portal or a web server that answers whatever it is asked with a page has taken nothing. Other answers than
 * OTLP's are believed: receivers exist that say "ok".
 */
function judgeSuccess(contentType: string | undefined, body: Uint8Array): Delivery {
  if (/^\s*(?:text\/html|application\/xhtml\+xml)\b/i.test(contentType ?? '')) {
    return { outcome: 'postponed', retryAfterMs: undefined, cause: 'a web page instead of an answer' };
  }
  const refusedSpans = rejectedSpans(body);
  return refusedSpans === 0 ? { outcome: 'accepted' } : { outcome: 'accepted', refusedSpans };
}

function judge(error: Error, retryAfterMs: number | undefined): Delivery {
  const status = error instanceof OTLPExporterError ? error.code : undefined;
  if (status !== undefined && status >= 400 && status < 500 && !POSTPONING_STATUSES.has(status)) {
    return { outcome: 'rejected', status };
  }
  return {
    outcome: 'postponed',
    retryAfterMs,
    cause: status === undefined ? causeOf(error) : `HTTP ${status}`,
  };
}

function causeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : 'no answer';
}

/** The delegate keeps a response's headers to itself; Node publishes them. All HTTP in this thread is ours. */
function watchAnswers(): {
  forget(): void;
  retryAfterMs(): number | undefined;
  contentType(): string | undefined;
} {
  let retryAfter: string | undefined;
  let contentType: string | undefined;
  diagnostics.subscribe('http.client.response.finish', (message) => {
    retryAfter = headerOf(message, 'retry-after');
    contentType = headerOf(message, 'content-type');
  });
  return {
    forget: () => {
      retryAfter = undefined;
      contentType = undefined;
    },
    contentType: () => contentType,
    retryAfterMs: () => parseRetryAfter(retryAfter, Date.now()),
  };
}

function headerOf(message: unknown, name: string): string | undefined {
  if (typeof message !== 'object' || message === null || !('response' in message)) return undefined;
  const { response } = message;
  if (typeof response !== 'object' || response === null || !('headers' in response)) return undefined;
  const { headers } = response;
  if (typeof headers !== 'object' || headers === null) return undefined;
  const value: unknown = Reflect.get(headers, name);
  return typeof value === 'string' ? value : undefined;
}

/**
 * `Retry-After` (RFC 9110, 10.2.3): seconds or a date.
 *
 * @param value - The header's value.
 * @param now - Milliseconds since the epoch.
 */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1_000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
