import { isJsonObject } from '@spanledger/record';
import type { Openings } from '@spanledger/record';

import { identityOf } from '../derived-draft.ts';
import type { DerivedDraft, EvidenceParty } from '../derived-draft.ts';
import type { OpeningsReader } from '../openings.ts';
import { momentOf } from './moment.ts';
import { member, text } from './record-members.ts';
import { findTokenExpiry } from './session-findings.ts';
import type { SessionsConfig } from './session-limits.ts';
import type { SessionRow } from './session-row.ts';
import type { SessionTable } from './session-table.ts';
import type { TokenDeadlines } from './token-deadlines.ts';
import type { TokenRow } from './token-row.ts';
import type { TokenTable } from './token-table.ts';

/** Tokens that one tick looks at; the others wait for the next one. */
const MAX_TOKENS_PER_TICK = 1024;

/** What tokens that time has ended are found in. */
export interface ExpiryRooms {
  sessions: SessionTable;
  tokens: TokenTable;
  expiries: TokenDeadlines;
  openings: OpeningsReader;
  config: SessionsConfig;
}

/** A token whose time has come. */
export interface TimedToken {
  firstIndex: number;
  /** Absent where it was over before, or is forgotten. */
  draft?: DerivedDraft;
}

/** @param nowMs - how late it is in the log, milliseconds since the epoch */
export async function findExpiries(rooms: ExpiryRooms, nowMs: number): Promise<TimedToken[]> {
  const { sessions, tokens, expiries, openings, config } = rooms;
  const found: TimedToken[] = [];
  for (const firstIndex of expiries.due(momentOf(nowMs - config.clockSkewMs), MAX_TOKENS_PER_TICK)) {
    const row = tokens.byFirstIndex(firstIndex);
    const session = row?.session === undefined ? undefined : sessions.byReference(row.session);
    if (row === undefined || isOverBeforeExpiry(row, session)) {
      found.push({ firstIndex });
      continue;
    }
    const opened = (await openings.read(firstIndex, firstIndex + 1)).get(firstIndex);
    const draft = findTokenExpiry(row, tokenParty(row, opened ?? {}));
    found.push({ firstIndex, ...(draft !== undefined && { draft }) });
  }
  return found;
}

/** Whether a token came to its end before it expired: somebody took it back, it was spent, or its session was ended. */
export function isOverBeforeExpiry(row: TokenRow, session: SessionRow | undefined): boolean {
  const { expiresAt = '', issuedAt, revoked, type, replacements } = row;
  if (revoked !== undefined && revoked.time <= expiresAt) return true;
  const [spent] = replacements;
  if (type === 'refresh' && spent !== undefined && spent.time <= expiresAt) return true;
  // That a session expired is what we make of its silence: until its own end its token may have been used.
  return (
    session?.steps.some(
      (step) =>
        (step.step === 'logged_out' || step.step === 'revoked') &&
        step.void !== true &&
        step.time > issuedAt &&
        step.time <= expiresAt,
    ) ?? false
  );
}

/**
 * Whose token it is.
 *
 * @param openings - of a record that names the token
 */
export function tokenParty(row: TokenRow, openings: Openings): EvidenceParty {
  const { actor, session, issuer, client, type, grantType, issuedAt, expiresAt } = row;
  const identity = identityOf(openings);
  const isService =
    grantType === 'client_credentials' ||
    (client !== undefined && member(member(identity, 'user'), 'id') === client);
  const id = text(member(member(member(openings.identity?.value, 'oidc'), 'token'), 'id'));
  const known = member(identity, 'oidc');
  const oidc = { ...(isJsonObject(known) && known), ...(id !== undefined && { token: { id } }) };
  return {
    actorRef: actor,
    actorType: isService ? 'service' : 'user',
    ...(session !== undefined && { sessionRef: session }),
    clear: {
      oidc: {
        issuer,
        ...(client !== undefined && { client_id: client }),
        token: {
          ...(type !== undefined && { type }),
          issued_at: issuedAt,
          ...(expiresAt !== undefined && { expires_at: expiresAt }),
        },
      },
    },
    identity: Object.keys(oidc).length > 0 ? { ...identity, oidc } : identity,
    network: {},
  };
}
