import type { JsonObject } from '@spanledger/record';
import { gauge, type Sample } from '../gauges.ts';
import type { KeyStatus } from './provider-keys.ts';
import type { SignalWarning } from './warning.ts';

/** The keys of a provider, for `/api/status`. @param nowMs milliseconds since the epoch */
export function describeKeys(
  { fetchedMs, count, isStale, isUnusable, failure }: KeyStatus,
  nowMs: number,
): JsonObject {
  return {
    count,
    ...(fetchedMs !== undefined && {
      fetched: new Date(fetchedMs).toISOString(),
      age_seconds: ageSeconds(fetchedMs, nowMs),
    }),
    stale: isStale,
    usable: !isUnusable,
    ...(failure !== undefined && { failure }),
  };
}

/** What is to be told of the keys of a provider. */
export function keyWarnings(issuer: string, status: KeyStatus): SignalWarning[] {
  const { fetchedMs, failure, isStale, isUnusable } = status;
  if (!isStale) return [];
  const reason = failure === undefined ? '' : `: ${failure}`;
  const hint =
    'Can this machine reach the provider? It is asked again by itself; spans are recorded meanwhile.';
  if (fetchedMs === undefined) {
    const message = `the keys of ${issuer} were never fetched, and what it tells is turned away${reason}`;
    return [{ code: 'provider_keys_missing', message, hint }];
  }
  const since = new Date(fetchedMs).toISOString();
  return isUnusable
    ? [
        {
          code: 'provider_keys_missing',
          message: `the keys of ${issuer} are of ${since}, too old to be used; what it tells is turned away${reason}`,
          hint,
        },
      ]
    : [{ code: 'provider_keys_stale', message: `the keys of ${issuer} are of ${since}${reason}`, hint }];
}

/** The same for a monitor. @param nowMs milliseconds since the epoch */
export function keyMetrics(
  statuses: readonly (readonly [issuer: string, status: KeyStatus])[],
  nowMs: number,
): string[] {
  return [
    ...gauge(
      'spanledger_provider_keys_age_seconds',
      'How long ago the keys of a provider were fetched.',
      statuses.flatMap(([issuer, { fetchedMs }]): Sample[] =>
        fetchedMs === undefined ? [] : [[{ issuer }, ageSeconds(fetchedMs, nowMs)]],
      ),
    ),
    ...gauge(
      'spanledger_provider_keys_stale',
      'Whether the keys of a provider are older than they should be.',
      statuses.map(([issuer, { isStale }]): Sample => [{ issuer }, isStale ? 1 : 0]),
    ),
    ...gauge(
      'spanledger_provider_keys_usable',
      'Whether what a provider tells can be verified.',
      statuses.map(([issuer, { isUnusable }]): Sample => [{ issuer }, isUnusable ? 0 : 1]),
    ),
  ];
}

function ageSeconds(fetchedMs: number, nowMs: number): number {
  return Math.max(0, Math.round((nowMs - fetchedMs) / 1000));
}
