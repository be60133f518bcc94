import { msOf } from './moment.ts';
import type { SessionRow } from './session-row.ts';
import { isEnded } from './session-state.ts';

/** How long sessions last. */
export interface SessionLimits {
  /** Without use for so long, a session is idle, milliseconds. */
  idleMs: number;
  /** Without use for so long, it has expired, milliseconds; undefined: never by that alone. */
  inactivityMs: number | undefined;
  /** So long after the last authentication it has expired, milliseconds; undefined: never by that alone. */
  absoluteMs: number | undefined;
}

/** Limits that hold for some of the sessions. */
export interface SessionOverride {
  /** Of this issuer; undefined: of any. */
  issuer: string | undefined;
  /** That this client is part of; undefined: any. */
  client: string | undefined;
  limits: SessionLimits;
}

/** `sessions` of the configuration. */
export interface SessionsConfig {
  limits: SessionLimits;
  /** The first that fits a session holds for it. */
  overrides: readonly SessionOverride[];
  /** Clocks may differ by so much before anything is made of it, milliseconds. */
  clockSkewMs: number;
}

/** What time brings about for a session. */
export interface Deadline {
  /** Milliseconds since the epoch. */
  atMs: number;
  step: 'expired' | 'idle';
  reason: 'absolute' | 'inactivity' | 'token_expiry';
}

/** The limits that hold for a session. */
export function limitsOf(config: SessionsConfig, row: Pick<SessionRow, 'clients' | 'issuer'>): SessionLimits {
  const fitting = config.overrides.find(
    ({ issuer, client }) =>
      (issuer === undefined || issuer === row.issuer) &&
      (client === undefined || row.clients.includes(client)),
  );
  return fitting?.limits ?? config.limits;
}

/**
 * When a session that nobody uses any more changes by time alone; undefined where it does not.
 *
 * A session whose tokens have all expired, as far as anybody knows of them, ends once it is idle: before that, and where
 * it is refreshed or used later, nobody can tell.
 */
export function deadlineOf(row: SessionRow, config: SessionsConfig): Deadline | undefined {
  const { lastActive, tokenEnd } = row;
  if (isEnded(row.state) || lastActive === undefined) return undefined;
  const { idleMs, inactivityMs, absoluteMs } = limitsOf(config, row);
  const activeMs = msOf(lastActive.time);
  const deadlines: Deadline[] = [];
  if (absoluteMs !== undefined) {
    deadlines.push({ atMs: loginMs(row) + absoluteMs, step: 'expired', reason: 'absolute' });
  }
  if (inactivityMs !== undefined) {
    deadlines.push({ atMs: activeMs + inactivityMs, step: 'expired', reason: 'inactivity' });
  }
  const idleAtMs = activeMs + idleMs;
  if (tokenEnd !== undefined) {
    const atMs = Math.max(idleAtMs, msOf(tokenEnd) + config.clockSkewMs);
    deadlines.push({ atMs, step: 'expired', reason: 'token_expiry' });
  }
  if (row.state !== 'idle') deadlines.push({ atMs: idleAtMs, step: 'idle', reason: 'inactivity' });
  return deadlines.reduce<Deadline | undefined>(
    (first, each) => (first === undefined || each.atMs < first.atMs ? each : first),
    undefined,
  );
}

/** When the person authenticated last; where nobody says, when they came in. */
function loginMs({ started, steps }: SessionRow): number {
  const last =
    steps.findLast(({ step }) => step === 'authenticated') ??
    steps.findLast(({ step }) => step === 'started');
  return msOf(last?.time ?? started);
}
