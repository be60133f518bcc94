/**
 * How an attempt to deliver ended. A reason is one of ours, with a number of the other side's where it gave one: never
 * its text, which may quote the alert or a secret.
 */
export type Outcome =
  /** The other side has it. */
  | { kind: 'delivered' }
  /** It will never take this one. */
  | { kind: 'refused'; reason: string }
  /** It may take it later. */
  | { kind: 'failed'; reason: string; retryAfterMs?: number };

/** How long a server may ask us to wait. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/** Statuses of 4xx that say nothing about the request itself. */
const PASSING = new Set([408, 421, 423, 425, 429]);

/** What an HTTP status says of a delivery; a redirect is not followed, so that nothing goes where nobody sent it. */
export function outcomeOfStatus(status: number, retryAfter: string | undefined, nowMs: number): Outcome {
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  const reason =
    status >= 300 && status < 400 ? `http ${status} (redirects are not followed)` : `http ${status}`;
  if (status >= 500 || PASSING.has(status) || status < 200) {
    const retryAfterMs = parseRetryAfter(retryAfter, nowMs);
    return { kind: 'failed', reason, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  }
  return { kind: 'refused', reason };
}

/** What was thrown on the way, by its code. */
export function outcomeOfError(error: unknown): Outcome {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const name = error instanceof Error ? error.name : '';
  return { kind: 'failed', reason: code === '' ? name || 'unknown' : code };
}

/** RFC 9110, 10.2.3: seconds, or a date. */
function parseRetryAfter(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(text.trim()) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isFinite(ms) && ms >= 0 ? Math.min(ms, MAX_RETRY_AFTER_MS) : undefined;
}
