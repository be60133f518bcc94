import { EVENT_SESSION_ENDED } from '@spanledger/record';

import type { FollowedRecord } from '../followed-records.ts';
import { toMoment } from './moment.ts';
import { member, text } from './record-members.ts';
import { END_SIGNALS, REVOKING } from './session-facts.ts';
import type { SessionStep } from './session-step.ts';

/** The end of all sessions of a person at an issuer: what a provider tells that names no session. */
export interface ActorEnd {
  /** `audit.actor.id`. */
  actor: string;
  issuer: string;
  step: SessionStep;
}

/** @returns undefined for any other record */
export function actorEnd({ index, record }: FollowedRecord): ActorEnd | undefined {
  const { audit, event, oidc } = record;
  const isRevoked = REVOKING.has(event.action);
  if (!isRevoked && event.action !== EVENT_SESSION_ENDED) return undefined;
  const issuer = text(member(oidc, 'issuer'));
  // An application that logs somebody out without knowing whom ends nobody's session.
  if (issuer === undefined || audit.actor.type !== 'user' || audit.session !== undefined) return undefined;
  return {
    actor: audit.actor.id,
    issuer,
    step: {
      step: isRevoked ? 'revoked' : (END_SIGNALS.get(event.reason) ?? 'logged_out'),
      time: toMoment(record['@timestamp']),
      record: audit.record.id,
      index,
      ...(event.reason !== undefined && { reason: event.reason }),
    },
  };
}
