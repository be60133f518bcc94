import type { Alert } from './alert.ts';
import { oneLine } from './alert-text.ts';
import type { AlertTarget } from './alert-target.ts';
import { postJson } from './http-post.ts';
import { type Outcome, outcomeOfStatus } from './outcome.ts';
import { readSecrets } from './secret.ts';
import type { AlertmanagerTarget } from './target-config.ts';

const ALERTS_PATH = 'api/v2/alerts';
const MAX_VALUE_LENGTH = 1_000;

/** Posts alerts to the API v2 of a Prometheus Alertmanager; a resolved one ends there too. */
export function alertmanagerTarget(config: AlertmanagerTarget, now: () => number = Date.now): AlertTarget {
  return {
    async send(alert, signal): Promise<Outcome> {
      const [token] = await readSecrets(config.secret);
      const { status, retryAfter } = await postJson({
        url: new URL(ALERTS_PATH, config.url.endsWith('/') ? config.url : `${config.url}/`),
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        body: JSON.stringify([alertmanagerAlert(alert, now() + config.activeMs)]),
        caFile: config.caFile,
        signal,
      });
      return outcomeOfStatus(status, retryAfter, now());
    },
  };
}

/**
 * One alert as Alertmanager takes it. The labels are what it is known by: they are the same from raised to resolved.
 *
 * @param activeUntilMs when an alert ends that nobody resolves, in milliseconds since the epoch
 */
export function alertmanagerAlert(alert: Alert, activeUntilMs: number): object {
  const startsAtMs = Date.parse(alert.first);
  const endsAtMs = alert.action === 'resolved' ? Date.parse(alert.at) : activeUntilMs;
  const annotations = [
    ['summary', alert.title],
    ['description', alert.description],
    ['records', String(alert.count)],
    ...[...alert.details].map(([name, value]) => [name.replaceAll('.', '_'), value]),
  ].flatMap(([name = '', value = '']) => (value === '' ? [] : [[name, oneLine(value, MAX_VALUE_LENGTH)]]));
  return {
    labels: {
      alertname: alert.rule,
      alert_id: alert.id,
      severity: alert.severity,
      source: 'spanledger',
    },
    annotations: Object.fromEntries(annotations),
    startsAt: new Date(startsAtMs).toISOString(),
    // It refuses an alert that ends before it began.
    endsAt: new Date(Math.max(startsAtMs, endsAtMs)).toISOString(),
  };
}
