import { msOf } from './moment.ts';
import type { TokenFacts } from './token-facts.ts';

/** The issuer's times are whole seconds. */
const ISSUER_CLOCK_MS = 1000;

/** A token may have lain with a client for so long before it came out: more is a clock that is ahead. */
const ISSUE_DELAY_MS = 60_000;

/** How far the clock of a record's service is from the issuer's, milliseconds; undefined where it is near enough. */
export function skewOf(
  { issuedAt, time, signal, grantType }: TokenFacts,
  toleratedMs: number,
): number | undefined {
  const isIssue = signal === 'issued' || signal === 'refreshed';
  if (issuedAt === undefined || (!isIssue && time >= issuedAt)) return undefined;
  const skewMs = msOf(time) - msOf(issuedAt);
  // Before it was issued nobody can have it.
  if (skewMs < -(toleratedMs + ISSUER_CLOCK_MS)) return skewMs;
  const isFresh = isIssue && grantType !== 'client_credentials';
  return isFresh && skewMs > toleratedMs + ISSUE_DELAY_MS ? skewMs : undefined;
}
