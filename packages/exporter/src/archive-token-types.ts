import type { JsonObject } from '@spanledger/record';

/** A record that shows something. */
export interface ShownBy {
  /** RFC 3339. */
  time: string;
  /** `audit.record.id`. */
  record: string;
  /** Its ledger index. */
  index: number;
}

/** One step of a session's life. */
export interface SessionStepDetail extends ShownBy {
  /**
   * `started`, `active`, `authenticated`, `refreshed`, `idle`, `expired`, `logged_out`, `revoked` or `used_after_end`.
   */
  step: string;
  /** Why: of an end `event.reason`; of an authentication `login`, `auth_time` or `acr`. */
  reason?: string;
  client?: string;
  service?: string;
  acr?: string;
  auth_time?: string;
  /** Of what time brought about: the last use that it counts from. */
  basis?: string;
  /** Of refreshes in a row: how many the step stands for. */
  count?: number;
  /** True where a record only says that it is so by now. */
  claimed?: boolean;
  /** True where it was not so: records that came late show the session in use then. */
  void?: boolean;
}

/** What is known of one token. */
export interface TokenSummary {
  /** `oidc.token.id`, opened; absent once it is erased. */
  id?: string;
  /** `access`, `id` or `refresh`; absent where nobody said. */
  type?: string;
  issuer: string;
  client_id?: string;
  user_id?: string;
  /** `audit.session.id`. */
  session?: string;
  flow?: string;
  grant_type?: string;
  granted_scopes: string[];
  requested_scopes: string[];
  /** `alive`, `expired`, `revoked`, `replaced` (of a refresh token) or `session_ended`, at the time that was asked about. */
  state: string;
  /** RFC 3339. */
  issued: string;
  expires?: string;
  /** The record of its issue; absent where the ledger has only its uses. */
  issue?: ShownBy & { how: string; reason?: string; seconds_left?: number };
  revoked?: ShownBy;
  /** The record of its expiry; its time is that of the expiry. */
  expired?: ShownBy;
  /** Tokens that took its place; more than one where a refresh token was used again. */
  replaced: ShownBy[];
  /** Requests that were let in with it. */
  uses: number;
  first_used?: ShownBy;
  last_used?: ShownBy;
  /** How many addresses it was used from. */
  addresses: number;
  /** True where there were more than are told apart. */
  more_addresses: boolean;
  rejections: number;
  introspections: number;
  /** The first use with scopes that it was not granted. */
  scope_exceeded?: ShownBy;
}

/** A token in the row of those that replaced one another. */
export interface TokenLink {
  id?: string;
  /** RFC 3339. */
  issued: string;
  expires?: string;
  /** The record of its issue, or the first that names it. */
  record: string;
  index: number;
  /** Why the one before was replaced. */
  reason?: string;
  /** How many seconds that one had left. */
  seconds_left?: number;
}

/** A token with what was done with it. */
export interface TokenDetail extends TokenSummary {
  /** The tokens that it came from and those that came from it, oldest first, itself among them. */
  chain: TokenLink[];
  /** Opened documents of the requests that were let in with it, oldest first. */
  calls: JsonObject[];
  /** Cursor of the rest of the calls; absent when they are complete. */
  next?: string;
}

/** A question for tokens, those that were heard of last first. */
export interface TokensRequest {
  /** Default 50, at most 200. */
  limit?: number;
  cursor?: string;
  /** Only tokens of this session: its reference, or the OIDC `sid`. */
  session?: string;
  /** Only tokens that were alive then, RFC 3339 in UTC; the answer's `state` is that of then. */
  alive_at?: string;
}

/** One page of tokens. */
export interface TokensPage {
  tokens: TokenSummary[];
  next?: string;
}

/** Somebody tried to log in, to get a token, or to use one. */
export interface Attempt extends ShownBy {
  /** `event.action`. */
  action: string;
  /** Who asked: the person, or the client where no person is known; absent once it is erased. */
  requester?: string;
  client_id?: string;
  issuer?: string;
  flow?: string;
  grant_type?: string;
  requested_scopes: string[];
  granted_scopes: string[];
  /** The scopes that a call needed. */
  required_scopes: string[];
  outcome: string;
  /** The OAuth error code. */
  error?: string;
  reason?: string;
  address?: string;
  service?: string;
  /** `audit.session.id`. */
  session?: string;
}

/** A question for attempts, newest first. */
export interface AttemptsRequest {
  /** Only attempts that match. */
  query?: string;
  /** Default 50, at most 1000. */
  limit?: number;
  cursor?: string;
  /** Only those that succeeded, or failed. */
  outcome?: 'failure' | 'success';
}

/** One page of attempts; it may be short and still have a next one. */
export interface AttemptsPage {
  attempts: Attempt[];
  next?: string;
}
