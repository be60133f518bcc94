import { Webhook } from 'standardwebhooks';
import type { Alert } from './alert.ts';
import type { AlertTarget } from './alert-target.ts';
import { postJson } from './http-post.ts';
import { type Outcome, outcomeOfStatus } from './outcome.ts';
import { readSecrets } from './secret.ts';
import type { WebhookTarget } from './target-config.ts';

/** A record and its opened groups fit several times over. */
const MAX_BODY_BYTES = 512 * 1024;

/** As the specification wants a secret: 24 to 64 bytes in base64. */
const SECRET = /^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/;

/**
 * Posts alerts as Standard Webhooks has it: `type`, `timestamp` and the document as `data`; signed under every secret,
 * so that the receiver may change over from one to the other when it likes.
 *
 * @param now milliseconds since the epoch
 */
export function webhookTarget(config: WebhookTarget, now: () => number = Date.now): AlertTarget {
  return {
    async send(alert, signal): Promise<Outcome> {
      const body = JSON.stringify({
        type: `alert.${alert.action}`,
        timestamp: alert.at,
        data: alert.document,
      });
      if (Buffer.byteLength(body) > MAX_BODY_BYTES) return { kind: 'refused', reason: 'too large' };
      const secrets = await readSecrets(config.secret);
      if (secrets.length === 0 || secrets.some((secret) => !SECRET.test(secret))) {
        return { kind: 'failed', reason: 'the secret is not whsec_ and base64 of 24 to 64 bytes' };
      }
      const headers = signatureHeaders(alert, body, secrets, now());
      const { status, retryAfter } = await postJson({
        url: new URL(config.url),
        headers,
        body,
        caFile: config.caFile,
        signal,
      });
      return outcomeOfStatus(status, retryAfter, now());
    },
  };
}

/** The id is the record's, so that a receiver knows a repeat; the time is the attempt's, as it checks how old it is. */
function signatureHeaders(
  alert: Alert,
  body: string,
  secrets: readonly string[],
  nowMs: number,
): Record<string, string> {
  const timestamp = new Date(nowMs);
  return {
    'webhook-id': alert.recordId,
    'webhook-timestamp': String(Math.floor(nowMs / 1_000)),
    'webhook-signature': secrets
      .map((secret) => new Webhook(secret).sign(alert.recordId, timestamp, body))
      .join(' '),
  };
}
