import type { SessionFacts } from './session-facts.ts';
import { isEnded, nextSessionState } from './session-state.ts';
import type { SessionState } from './session-state.ts';

/** The most clients, and the most services, that are named for a session. */
export const MAX_SESSION_NAMES = 32;

/** What is stored of a session: references and values that stand in the clear in the ledger, nothing about a person. */
export interface SessionRow {
  /** `audit.session.id`. */
  reference: string;
  /** `audit.actor.id`. */
  actor: string;
  /** Keyed hash of the OIDC `sid`, once a record told it. */
  sidToken?: string;
  issuer: string;
  state: SessionState;
  /** Ledger index of the first record. */
  firstIndex: number;
  lastIndex: number;
  /** Ledger index of the record that tells most about the person. */
  identityIndex: number;
  identity: SessionFacts['identity'];
  /** RFC 3339. */
  started: string;
  lastSeen: string;
  ended?: string;
  records: number;
  failures: number;
  clients: readonly string[];
  services: readonly string[];
}

/**
 * A session after one more record.
 *
 * @param row - undefined before the first record
 * @param index - ledger index of the record
 * @param sidToken - keyed hash of `facts.sid`
 */
export function foldSession(
  row: SessionRow | undefined,
  facts: SessionFacts,
  index: number,
  sidToken: string | undefined,
): SessionRow {
  const state = nextSessionState(row?.state, facts.signal);
  const ended = endOf(row, state, facts.time);
  const tellsMore = row === undefined || facts.identity > row.identity;
  const token = row?.sidToken ?? sidToken;
  return {
    reference: facts.reference,
    actor: tellsMore ? facts.actor : row.actor,
    issuer: row === undefined || row.issuer === '' ? (facts.issuer ?? '') : row.issuer,
    state,
    firstIndex: row?.firstIndex ?? index,
    lastIndex: index,
    identityIndex: tellsMore ? index : row.identityIndex,
    identity: tellsMore ? facts.identity : row.identity,
    started: row === undefined || facts.time < row.started ? facts.time : row.started,
    lastSeen: row === undefined || facts.time > row.lastSeen ? facts.time : row.lastSeen,
    records: (row?.records ?? 0) + 1,
    failures: (row?.failures ?? 0) + (facts.failed ? 1 : 0),
    clients: withName(row?.clients ?? [], facts.client),
    services: withName(row?.services ?? [], facts.service),
    ...(token !== undefined && { sidToken: token }),
    ...(ended !== undefined && { ended }),
  };
}

function endOf(row: SessionRow | undefined, state: SessionState, time: string): string | undefined {
  if (!isEnded(state)) return undefined;
  return row?.state === state ? row.ended : time;
}

function withName(names: readonly string[], name: string | undefined): readonly string[] {
  if (name === undefined || names.includes(name) || names.length >= MAX_SESSION_NAMES) return names;
  return [...names, name];
}
