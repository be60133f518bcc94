import type { SessionFacts } from './session-facts.ts';
import { addStep } from './session-step.ts';
import type { SessionStep } from './session-step.ts';

/** What a provider says of a client that came in by single sign-on: nobody authenticated for it (Keycloak). */
const NO_AUTHENTICATION = '0';

/** Authentications of one session that are kept. */
const MAX_AUTHENTICATIONS = 16;

/**
 * Notes when, and how well, the person authenticated. What `auth_time` says is the provider's word, so a later one is a
 * second authentication (`prompt=login`, `max_age`, a step-up), whichever record tells of it first; the same one at
 * another level is a step-up. Single sign-on of another client is neither: its `auth_time` is the same.
 *
 * @param steps - of the session; one is added where the record tells of an authentication that was not known
 * @returns the authentication that was not the first, if one is now known to be so
 */
export function foldAuthentication(
  steps: SessionStep[],
  { acr, authTime, client }: Pick<SessionFacts, 'acr' | 'authTime' | 'client'>,
  at: { time: string; record: string; index: number },
): SessionStep | undefined {
  const level = acr === NO_AUTHENTICATION ? undefined : acr;
  if (authTime === undefined && level === undefined) return undefined;
  const known = steps.filter(({ step }) => step === 'authenticated');
  const same = known.find(
    (step) =>
      step.auth_time === authTime && (level === undefined || step.acr === level || step.acr === undefined),
  );
  if (same !== undefined) {
    if (same.acr === undefined && level !== undefined) same.acr = level;
    return undefined;
  }
  // A record without its time says nothing new about a level that is known.
  if (authTime === undefined && known.some((step) => step.acr === level)) return undefined;
  const vague = known.find(
    (step) => step.auth_time === undefined && (step.acr === level || level === undefined),
  );
  if (authTime !== undefined && vague !== undefined) {
    steps.splice(steps.indexOf(vague), 1);
    addStep(steps, { ...vague, time: authTime, auth_time: authTime });
    return undefined;
  }
  if (known.length >= MAX_AUTHENTICATIONS) return undefined;
  const step: SessionStep = {
    step: 'authenticated',
    time: authTime ?? at.time,
    record: at.record,
    index: at.index,
    ...(client !== undefined && { client }),
    ...(level !== undefined && { acr: level }),
    ...(authTime !== undefined && { auth_time: authTime }),
  };
  addStep(steps, step);
  const authentications = steps.filter((each) => each.step === 'authenticated');
  const [first, second] = authentications;
  for (const [place, each] of authentications.entries())
    each.reason = reasonOf(authentications[place - 1], each);
  // One that came late makes the one that was taken for the first the second.
  return first === step ? second : step;
}

function reasonOf(before: SessionStep | undefined, step: SessionStep): string {
  if (before === undefined) return 'login';
  return before.acr === step.acr ? 'auth_time' : 'acr';
}
