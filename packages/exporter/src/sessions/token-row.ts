import type { Evidence } from './session-row.ts';
import type { TokenFacts } from './token-facts.ts';

/** The most addresses that are told apart of one token. */
export const MAX_TOKEN_ADDRESSES = 32;

/** The most replacements of one token that are kept; one is the rule. */
const MAX_REPLACEMENTS = 8;

/** A token that took the place of another. */
export interface Replacement extends Evidence {
  /** Keyed hash of its id. */
  by: string;
}

/** How a token came to be. */
export interface TokenOrigin extends Evidence {
  how: 'issued' | 'refreshed';
  /** Why the one before was replaced: expired, near_expiry, forced or unknown. */
  reason?: string;
  /** How many seconds that one had left. */
  secondsLeft?: number;
}

/** What is stored of a token: keyed hashes, references, and values that stand in the clear in the ledger. */
export interface TokenRow {
  /** Keyed hash of `oidc.token.id`. */
  token: string;
  issuer: string;
  type?: string;
  client?: string;
  /** `audit.actor.id`. */
  actor: string;
  /** `audit.session.id`. */
  session?: string;
  grantType?: string;
  flow?: string;
  /** As granted; where nobody told of the grant, as a use shows them. */
  scopes: readonly string[];
  requested: readonly string[];
  /** By the issuer's clock, or when the issue was recorded, or the first use. */
  issuedAt: string;
  expiresAt?: string;
  /** The first record that names it. */
  first: Evidence;
  origin?: TokenOrigin;
  /** Requests that were let in with it. */
  uses: number;
  firstUse?: Evidence;
  lastUse?: Evidence;
  /** Keyed hashes of the addresses that it was used from. */
  addresses: string[];
  /** True where there were more than are told apart. */
  more: boolean;
  /** Keyed hash of the token that it replaced. */
  previous?: string;
  replacements: Replacement[];
  revoked?: Evidence;
  /** The record of its expiry. */
  expired?: Evidence;
  /** True once its expiry is waited for, or was found to be of no matter. */
  isTimed: boolean;
  rejections: number;
  introspections: number;
  /** The first use with scopes that were not granted. */
  exceeded?: Evidence;
}

/** Hashes of what a record names. */
export interface HiddenToken {
  token: string;
  previous: string | undefined;
  address: string | undefined;
}

/** A token of which only the first record is about to be taken in. */
export function newToken(facts: TokenFacts, hidden: HiddenToken, at: Evidence): TokenRow {
  return {
    token: hidden.token,
    issuer: facts.issuer,
    actor: facts.actor,
    scopes: [],
    requested: [],
    issuedAt: facts.issuedAt ?? facts.time,
    first: at,
    uses: 0,
    addresses: [],
    more: false,
    replacements: [],
    rejections: 0,
    introspections: 0,
    isTimed: false,
  };
}

/** Takes one more record into a token. Records come late and interleaved: first and last are those of their times. */
export function foldToken(row: TokenRow, facts: TokenFacts, hidden: HiddenToken, at: Evidence): void {
  if (facts.type !== undefined) row.type ??= facts.type;
  if (facts.client !== undefined) row.client ??= facts.client;
  if (facts.session !== undefined) row.session ??= facts.session;
  if (facts.expiresAt !== undefined) row.expiresAt ??= facts.expiresAt;
  if (facts.issuedAt !== undefined) row.issuedAt = facts.issuedAt;
  else if (facts.time < row.issuedAt && row.origin === undefined) row.issuedAt = facts.time;
  switch (facts.signal) {
    case 'issued':
    case 'refreshed':
      takeOrigin(row, facts, hidden, at);
      break;
    case 'used':
      takeUse(row, facts, hidden, at);
      break;
    case 'revoked':
      if (row.revoked === undefined || at.time < row.revoked.time) row.revoked = at;
      break;
    case 'rejected':
      row.rejections++;
      break;
    case 'introspected':
      row.introspections++;
      break;
    case 'seen':
      break;
  }
}

/** Notes that another token took the place of this one. */
export function replaceToken(row: TokenRow, by: string, at: Evidence): void {
  if (row.replacements.length >= MAX_REPLACEMENTS || row.replacements.some((known) => known.by === by))
    return;
  row.replacements.push({ ...at, by });
  row.replacements.sort((a, b) => (a.time === b.time ? a.index - b.index : a.time < b.time ? -1 : 1));
}

/** Scopes of a use that were not granted. */
export function exceedingScopes(row: TokenRow, facts: TokenFacts): string[] {
  if (row.origin === undefined || row.scopes.length === 0 || facts.signal !== 'used' || facts.failed)
    return [];
  const granted = new Set(row.scopes);
  return [...(facts.scopes ?? []), ...(facts.required ?? [])].filter((scope) => !granted.has(scope));
}

function takeOrigin(row: TokenRow, facts: TokenFacts, hidden: HiddenToken, at: Evidence): void {
  // A token is issued once; what is told again adds nothing.
  if (row.origin !== undefined) return;
  row.origin = {
    ...at,
    how: facts.signal === 'refreshed' ? 'refreshed' : 'issued',
    ...(facts.reason !== undefined && { reason: facts.reason }),
    ...(facts.secondsLeft !== undefined && { secondsLeft: facts.secondsLeft }),
  };
  row.actor = facts.actor;
  row.issuedAt = facts.issuedAt ?? at.time;
  if (facts.grantType !== undefined) row.grantType = facts.grantType;
  if (facts.flow !== undefined) row.flow = facts.flow;
  row.scopes = facts.scopes ?? [];
  row.requested = facts.requested ?? [];
  if (hidden.previous !== undefined && hidden.previous !== row.token) row.previous = hidden.previous;
}

function takeUse(row: TokenRow, facts: TokenFacts, { address }: HiddenToken, at: Evidence): void {
  row.uses++;
  if (row.firstUse === undefined || at.time < row.firstUse.time) row.firstUse = at;
  if (row.lastUse === undefined || at.time > row.lastUse.time) row.lastUse = at;
  if (row.exceeded === undefined && exceedingScopes(row, facts).length > 0) row.exceeded = at;
  if (row.origin === undefined && row.scopes.length === 0 && facts.scopes !== undefined)
    row.scopes = facts.scopes;
  if (address === undefined || row.addresses.includes(address)) return;
  if (row.addresses.length < MAX_TOKEN_ADDRESSES) row.addresses.push(address);
  else row.more = true;
}
