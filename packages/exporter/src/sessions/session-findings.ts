import { derivedId } from '../outbox/index.ts';
import { deriveDraft, evidenceOf } from '../derived-draft.ts';
import type { DerivedDraft, EvidenceParty } from '../derived-draft.ts';
import type { Deadline } from './session-limits.ts';
import { momentOf, msOf } from './moment.ts';
import type { Evidence, SessionRow } from './session-row.ts';
import type { SessionStep } from './session-step.ts';
import type { TokenRow } from './token-row.ts';

/** Prefix of the record ids of what this follower derives. */
export const SESSION_RECORDS = 'session';

/** `event.action` of the expiry of a token. */
export const TOKEN_EXPIRED = 'token.expired';

const NANOS_PER_MS = 1_000_000;

/** What is particular to a finding. */
interface Finding {
  /** `event.action`. */
  action: string;
  /** `audit.action`. */
  verb: string;
  /** Tells it from others of the action: references and record ids. */
  key: readonly string[];
  timestamp: string;
  evidence: readonly Evidence[];
  party: EvidenceParty;
  reason?: string;
  start?: string;
  duration?: number;
  clear?: DerivedDraft['draft']['clear'];
}

/** Time alone changed a session. */
export function findDeadline(
  row: SessionRow,
  { atMs, step, reason }: Deadline,
  party: EvidenceParty,
): DerivedDraft {
  const last = row.lastActive;
  if (last === undefined) throw new TypeError('nobody used the session');
  return derive({
    action: `session.${step}`,
    verb: step === 'idle' ? 'IDLE' : 'EXPIRE',
    // Every time of inactivity has an end of its own.
    key: [row.reference, reason, last.record],
    timestamp: momentOf(atMs),
    evidence: [last],
    party,
    reason,
    start: last.time,
    duration: Math.max(0, atMs - msOf(last.time)) * NANOS_PER_MS,
  });
}

/** The person authenticated again in the same session. */
export function findStepUp(
  row: SessionRow,
  step: SessionStep,
  at: Evidence,
  party: EvidenceParty,
): DerivedDraft {
  const { reason = 'acr', acr, auth_time: authTime } = step;
  return derive({
    action: 'session.stepped_up',
    verb: 'AUTHENTICATE',
    key: [row.reference, authTime ?? step.record, acr ?? ''],
    timestamp: at.time,
    evidence: [at],
    party,
    reason,
    clear: {
      oidc: {
        ...oidcOf(party),
        ...(acr !== undefined && { acr }),
        ...(authTime !== undefined && { auth_time: authTime }),
      },
    },
  });
}

/** A request was let in with a session that was over. */
export function findSessionUse(row: SessionRow, party: EvidenceParty): DerivedDraft | undefined {
  const { lastUse, ended } = row;
  const end = row.steps.find(({ index, time }) => index === row.endIndex && time === ended);
  if (lastUse === undefined || end === undefined) return undefined;
  return derive({
    action: 'session.used_after_end',
    verb: 'USE',
    key: [row.reference, end.record],
    timestamp: lastUse.time,
    evidence: [end, lastUse],
    party,
    reason: row.state,
  });
}

/** A request was let in with a token that was over. */
export function findTokenUse(
  row: TokenRow,
  reason: 'expired' | 'logged_out' | 'revoked',
  end: Evidence | undefined,
  party: EvidenceParty,
): DerivedDraft | undefined {
  const { lastUse, first } = row;
  if (lastUse === undefined) return undefined;
  return derive({
    action: 'token.used_after_end',
    verb: 'USE',
    key: [first.record, reason],
    timestamp: lastUse.time,
    evidence: [end ?? row.origin ?? first, lastUse],
    party,
    reason,
  });
}

/** A token was valid until its end, and is not any more; undefined where nobody said when that is. */
export function findTokenExpiry(row: TokenRow, party: EvidenceParty): DerivedDraft | undefined {
  const { first, origin, lastUse, issuedAt, expiresAt } = row;
  if (expiresAt === undefined) return undefined;
  const evidence = [first, origin, lastUse].filter((each) => each !== undefined);
  return derive({
    action: TOKEN_EXPIRED,
    verb: 'EXPIRE',
    key: [first.record],
    timestamp: expiresAt,
    // By the first record that names it, the token is known again.
    evidence: evidence.filter(({ index }, i) => evidence.findIndex((other) => other.index === index) === i),
    party,
    start: issuedAt,
    duration: Math.max(0, msOf(expiresAt) - msOf(issuedAt)) * NANOS_PER_MS,
  });
}

/** One token was replaced twice: somebody else has the refresh token, too. */
export function findReuse(row: TokenRow, party: EvidenceParty): DerivedDraft | undefined {
  const last = row.replacements.at(-1);
  if (last === undefined) return undefined;
  return derive({
    action: 'token.refresh_reused',
    verb: 'REFRESH',
    key: [row.first.record],
    timestamp: last.time,
    evidence: row.replacements,
    party,
  });
}

/** A call was let in with scopes that its token was not granted. */
export function findExcess(
  row: TokenRow,
  scopes: readonly string[],
  at: Evidence,
  party: EvidenceParty,
): DerivedDraft {
  return derive({
    action: 'token.scope_exceeded',
    verb: 'USE',
    key: [row.first.record],
    timestamp: at.time,
    evidence: [...(row.origin === undefined ? [] : [row.origin]), at],
    party,
    clear: { oidc: { ...oidcOf(party), required_scope: [...scopes], scope: [...row.scopes] } },
  });
}

/** The clocks of a service and of the issuer differ. */
export function findSkew(
  producer: string,
  issuer: string,
  skewMs: number,
  at: Evidence,
  party: EvidenceParty,
): DerivedDraft {
  const reason = skewMs < 0 ? 'behind' : 'ahead';
  return derive({
    action: 'clock.skewed',
    verb: 'OBSERVE',
    key: [producer, issuer, reason],
    timestamp: at.time,
    evidence: [at],
    party,
    reason,
    duration: Math.abs(skewMs) * NANOS_PER_MS,
  });
}

function derive(finding: Finding): DerivedDraft {
  const { action, verb, key, timestamp, party, reason, start, duration, clear } = finding;
  const isClock = action === 'clock.skewed';
  const evidence = finding.evidence
    .toSorted((a, b) => a.index - b.index)
    .map(({ record, index }) => ({ id: record, index }));
  return deriveDraft({
    id: derivedId(SESSION_RECORDS, action, ...key),
    timestamp,
    kind: 'state',
    action,
    verb,
    outcome: isClock ? 'unknown' : 'success',
    category: isClock ? ['process'] : ['session'],
    type: action === 'session.expired' || action === TOKEN_EXPIRED ? ['end'] : ['info'],
    evidence: evidenceOf(evidence),
    party,
    ...(reason !== undefined && { reason }),
    ...(start !== undefined && { start }),
    ...(duration !== undefined && { duration }),
    ...(clear !== undefined && { clear }),
  });
}

/** `oidc` of the party, which a finding may add to. */
function oidcOf({ clear }: EvidenceParty): DerivedDraft['draft']['clear'] {
  const { oidc } = clear;
  return typeof oidc === 'object' && oidc !== null && !Array.isArray(oidc) ? oidc : {};
}
