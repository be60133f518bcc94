import { foldAuthentication } from './session-authentication.ts';
import type { SessionFacts } from './session-facts.ts';
import { isEnded, standingOf } from './session-state.ts';
import type { SessionState } from './session-state.ts';
import { addStep, addUse } from './session-step.ts';
import type { SessionStep, SessionStepKind } from './session-step.ts';

/** The most clients, and the most services, that are named for a session. */
export const MAX_SESSION_NAMES = 32;

/** A record, as evidence. */
export interface Evidence {
  /** RFC 3339 with nine fraction digits. */
  time: string;
  /** `audit.record.id`. */
  record: string;
  /** Ledger index. */
  index: number;
}

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
  /** Ledger index of the record that shows the end. */
  endIndex?: number;
  records: number;
  failures: number;
  clients: string[];
  services: string[];
  /** What happened to it, in the order of time. */
  steps: SessionStep[];
  /** The last time that somebody made use of it; absent while nobody did. */
  lastActive?: Evidence;
  /** The last request that it was let in with. */
  lastUse?: Evidence;
  /** When the last of its tokens expires that are known of. */
  tokenEnd?: string;
}

const STEP_OF_SIGNAL: Readonly<Record<Exclude<SessionFacts['signal'], 'seen'>, SessionStepKind>> = {
  expired: 'expired',
  idle: 'idle',
  logged_out: 'logged_out',
  refreshed: 'refreshed',
  revoked: 'revoked',
  started: 'started',
  used_after_end: 'used_after_end',
};

/** A session of which only the first record is about to be taken in. */
export function newSession(facts: SessionFacts, index: number): SessionRow {
  return {
    reference: facts.reference,
    actor: facts.actor,
    issuer: '',
    state: 'active',
    firstIndex: index,
    lastIndex: index,
    identityIndex: index,
    identity: facts.identity,
    started: facts.time,
    lastSeen: facts.time,
    records: 0,
    failures: 0,
    clients: [],
    services: [],
    steps: [],
  };
}

/**
 * Takes one more record into a session.
 *
 * @param row - changed
 * @param at - where the record is
 * @param sidToken - keyed hash of `facts.sid`
 * @returns an authentication that was not the session's first, if the record tells of one that is new
 */
export function foldSession(
  row: SessionRow,
  facts: SessionFacts,
  at: Evidence,
  sidToken: string | undefined,
): SessionStep | undefined {
  const { time, signal } = facts;
  row.lastIndex = at.index;
  row.records++;
  if (facts.failed) row.failures++;
  if (facts.identity > row.identity) {
    row.identity = facts.identity;
    row.identityIndex = at.index;
    row.actor = facts.actor;
  }
  if (sidToken !== undefined) row.sidToken ??= sidToken;
  if (row.issuer === '' && facts.issuer !== undefined) row.issuer = facts.issuer;
  addName(row.clients, facts.client);
  addName(row.services, facts.service);
  // What is derived is told about the session, it is not of it.
  if (facts.basis === undefined && signal !== 'used_after_end') {
    if (time < row.started) row.started = time;
    if (time > row.lastSeen) row.lastSeen = time;
  }
  if (facts.tokenEnd !== undefined && !(row.tokenEnd !== undefined && facts.tokenEnd <= row.tokenEnd)) {
    row.tokenEnd = facts.tokenEnd;
  }
  const isWithin = facts.active && voidSteps(row, time);
  if (facts.active && !(row.lastActive !== undefined && time <= row.lastActive.time)) row.lastActive = at;
  if (facts.use && !(row.lastUse !== undefined && time <= row.lastUse.time)) row.lastUse = at;
  const isStep = signal !== 'seen' && takeStep(row, facts, at);
  const authentication = foldAuthentication(row.steps, facts, at);
  if (facts.active && !isStep) addUse(row.steps, at);
  // Most records change nothing here: a session in use was used once more.
  if (isStep || isWithin || row.state === 'idle' || row.state === 'expired' || row.state === 'started') {
    settle(row, at);
  }
  return authentication;
}

/** Takes in an end that names only the person: of every session at the issuer. */
export function endSession(row: SessionRow, step: SessionStep): void {
  if (row.steps.some(({ record }) => record === step.record)) return;
  // Sessions of one person must not share a step that each may change.
  addStep(row.steps, { ...step });
  settle(row, step);
}

function takeStep(row: SessionRow, facts: SessionFacts, at: Evidence): boolean {
  if (facts.signal === 'seen') return false;
  const step = STEP_OF_SIGNAL[facts.signal];
  // A record that claims what was told, or claimed, already shows nothing new.
  if (facts.claimed && row.steps.some((known) => known.step === step)) return false;
  const { basis } = facts;
  const active = row.lastActive?.time;
  if (step === 'started' && (active === undefined || active <= at.time)) removeFirstUse(row.steps);
  // Used in between, as records show that came before the ledger held this one.
  const isVoid = basis !== undefined && active !== undefined && active > basis && active <= at.time;
  addStep(row.steps, {
    step,
    ...at,
    ...(facts.reason !== undefined && { reason: facts.reason }),
    ...(facts.client !== undefined && { client: facts.client }),
    ...(facts.service !== undefined && { service: facts.service }),
    ...(basis !== undefined && { basis }),
    ...(facts.claimed && { claimed: true as const }),
    ...(isVoid && { void: true as const }),
  });
  return true;
}

/** What came before the login in the ledger and not in time, such as its tokens, was not use of the session. */
function removeFirstUse(steps: SessionStep[]): void {
  const first = steps.findIndex(({ step }) => step !== 'authenticated');
  if (steps[first]?.step === 'active') steps.splice(first, 1);
}

/** Takes back what time was thought to have brought about, where the session was in use then. */
function voidSteps(row: SessionRow, time: string): boolean {
  let isVoid = false;
  for (const step of row.steps) {
    if (step.basis === undefined || step.void === true || time <= step.basis || time > step.time) continue;
    step.void = true;
    isVoid = true;
  }
  return isVoid;
}

/** Finds out where the session is now. */
function settle(row: SessionRow, at: Evidence): void {
  const { state, ended, endIndex } = standingOf(row.steps, row.lastActive?.time);
  row.state = state;
  if (ended === undefined) {
    delete row.ended;
    delete row.endIndex;
  } else {
    row.ended = ended;
    row.endIndex = endIndex ?? at.index;
  }
}

/** Whether it was used after its end. */
export function isUsedAfterEnd(row: SessionRow, skewMs: number): boolean {
  if (!isEnded(row.state) || row.ended === undefined || row.lastUse === undefined) return false;
  if (row.lastUse.time <= row.ended) return false;
  return Date.parse(row.lastUse.time) - Date.parse(row.ended) > skewMs;
}

function addName(names: string[], name: string | undefined): void {
  if (name === undefined || names.length >= MAX_SESSION_NAMES || names.includes(name)) return;
  names.push(name);
}
