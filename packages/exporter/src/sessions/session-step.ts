/** What happens to a session, as its timeline of steps names it. */
export type SessionStepKind =
  | 'active'
  | 'authenticated'
  | 'expired'
  | 'idle'
  | 'logged_out'
  | 'refreshed'
  | 'revoked'
  | 'started'
  | 'used_after_end';

/** One step of a session's life, with the record that shows it. */
export interface SessionStep {
  step: SessionStepKind;
  /** When, RFC 3339 with nine fraction digits. */
  time: string;
  /** `audit.record.id` of the record that shows it. */
  record: string;
  /** Its ledger index. */
  index: number;
  /** Why, as `event.reason` or, of an authentication, `login`, `acr` or `auth_time` has it. */
  reason?: string;
  client?: string;
  service?: string;
  /** Of an authentication. */
  acr?: string;
  /** Of an authentication: when the provider says that it was. */
  auth_time?: string;
  /** Of what time brought about: the last activity that was known of. */
  basis?: string;
  /** No event tells it: a record only says that the session is so by now. */
  claimed?: true;
  /** It was not so: records that came late show the session in use before. */
  void?: true;
  /** Of a refresh: how many it stands for, the ones between the first of a row and this one included. */
  count?: number;
}

/** The most steps that are kept of a session; of more, the oldest but the first go. */
export const MAX_SESSION_STEPS = 64;

/**
 * Adds a step at its place in time. Of refreshes in a row the first and the last are kept, and how many there were.
 *
 * @returns false where it was only counted
 */
export function addStep(steps: SessionStep[], step: SessionStep): boolean {
  let place = steps.length;
  while (place > 0 && isBefore(step, steps[place - 1])) place--;
  if (step.step === 'refreshed') {
    const [before, last, after] = [steps[place - 2], steps[place - 1], steps[place]];
    if (isRefresh(before) && isRefresh(last)) {
      steps[place - 1] = { ...step, count: (last.count ?? 1) + 1 };
      return false;
    }
    if (isRefresh(last) && isRefresh(after)) {
      after.count = (after.count ?? 1) + 1;
      return false;
    }
  }
  steps.splice(place, 0, step);
  if (steps.length > MAX_SESSION_STEPS) steps.splice(1, 1);
  return true;
}

/**
 * Notes that the session was in use: a step where a login or a time without use came before, and the first use after it
 * is shown.
 */
export function addUse(steps: SessionStep[], at: Pick<SessionStep, 'index' | 'record' | 'time'>): void {
  const last = steps.at(-1);
  // The rule: used once more.
  if (last !== undefined && last.time <= at.time && isLeading(last) && !isAwaitingUse(last)) return;
  let place = steps.length;
  while (place > 0 && (steps[place - 1]?.time ?? '') > at.time) place--;
  const before = steps.slice(0, place).findLast(isLeading);
  if (before !== undefined && !(before.time < at.time && isAwaitingUse(before))) return;
  const [known] = steps.slice(place).filter(isLeading);
  // Before all that is known of the session only its first use is a step, and only where it did not begin with a login.
  if (before === undefined && known !== undefined && known.step !== 'active') return;
  if (known?.step === 'active') steps.splice(steps.indexOf(known), 1);
  addStep(steps, { step: 'active', time: at.time, record: at.record, index: at.index });
}

/** Why a session expired that its use brings back: nobody told that it is over, only that its tokens were. */
export const TOKEN_EXPIRY = 'token_expiry';

/** Whether it is told when the session was used after a step. */
function isAwaitingUse({ step, reason }: SessionStep): boolean {
  return step === 'idle' || step === 'started' || (step === 'expired' && reason === TOKEN_EXPIRY);
}

/** Whether a step says how the session goes on. */
function isLeading({ step, void: isVoid }: SessionStep): boolean {
  return step !== 'authenticated' && step !== 'used_after_end' && isVoid !== true;
}

function isRefresh(step: SessionStep | undefined): step is SessionStep {
  return step?.step === 'refreshed' && step.claimed !== true;
}

function isBefore(a: SessionStep, b: SessionStep | undefined): boolean {
  return b !== undefined && (a.time < b.time || (a.time === b.time && a.index < b.index));
}
