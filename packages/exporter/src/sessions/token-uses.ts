import type { DerivedDraft, EvidenceParty } from '../derived-draft.ts';
import { msOf } from './moment.ts';
import { findReuse, findTokenUse } from './session-findings.ts';
import type { SessionRow } from './session-row.ts';
import { isEnded } from './session-state.ts';
import type { TokenRow } from './token-row.ts';

/**
 * What the uses of a token show: that it was used after its end, or its session's, or that it was refreshed twice.
 *
 * @param session - the token's; undefined where it has none that is known
 * @param party - whose it is; asked for only where something is found, which is hardly ever
 */
export function findTokenUses(
  row: TokenRow,
  session: SessionRow | undefined,
  clockSkewMs: number,
  party: () => EvidenceParty,
): (DerivedDraft | undefined)[] {
  const { lastUse, expiresAt, revoked, replacements } = row;
  const found: (DerivedDraft | undefined)[] = [];
  const isAfter = (end: string): boolean =>
    lastUse !== undefined && lastUse.time > end && msOf(lastUse.time) - msOf(end) > clockSkewMs;
  if (revoked !== undefined && isAfter(revoked.time))
    found.push(findTokenUse(row, 'revoked', revoked, party()));
  if (expiresAt !== undefined && isAfter(expiresAt))
    found.push(findTokenUse(row, 'expired', undefined, party()));
  if (session?.ended !== undefined && isEnded(session.state) && isAfter(session.ended)) {
    const end = session.steps.find(({ index, time }) => index === session.endIndex && time === session.ended);
    const reason =
      session.state === 'expired' ? 'expired' : session.state === 'revoked' ? 'revoked' : 'logged_out';
    found.push(findTokenUse(row, reason, end, party()));
  }
  const [first, last] = [replacements[0], replacements.at(-1)];
  // Two requests of one application that meet in the same moment are not somebody else.
  if (first !== undefined && last !== undefined && msOf(last.time) - msOf(first.time) > clockSkewMs)
    found.push(findReuse(row, party()));
  return found;
}
