import type { JsonObject } from '@spanledger/record';
import type { TileSource } from '@spanledger/ledger/verify';

/** A question to an archive; see docs/query-language.md for `query`. */
export interface SearchRequest {
  query: string;
  /** How many records at most; default 50, at most {@link MAX_SEARCH_LIMIT}. */
  limit?: number;
  /** `next` of the answer before. */
  cursor?: string;
  /** By ledger index; newest first is the default. */
  order?: 'asc' | 'desc';
}

/** The most records that one search answers. */
export const MAX_SEARCH_LIMIT = 1000;

/** One page of opened documents. */
export interface SearchPage {
  records: JsonObject[];
  /** Cursor of the next page; absent on the last one. */
  next?: string;
  /** How many records match in all, where the index could count them cheaply. */
  total?: number;
}

/** What is known of one OIDC session. */
export interface SessionSummary {
  /** The reference that stands in the records as `audit.session.id`. */
  id: string;
  /** The session id itself (`sid`), opened. */
  session_id?: string;
  user_id?: string;
  user_name?: string;
  client_id: string[];
  issuer: string;
  /** active, refreshed, idle, expired, logged_out, revoked. */
  state: string;
  /** RFC 3339. */
  started: string;
  ended?: string;
  last_seen: string;
  records: number;
  failures: number;
  services: string[];
}

/** A session with everything that happened in it, oldest first. */
export interface SessionDetail extends SessionSummary {
  timeline: JsonObject[];
}

/** A question for sessions, newest first. */
export interface SessionsRequest {
  limit?: number;
  cursor?: string;
  query?: string;
}

/** One page of sessions. */
export interface SessionsPage {
  sessions: SessionSummary[];
  next?: string;
}

/** All that one can ask of an audit trail, whether it lies in a local data directory or behind a service. */
export interface Archive {
  search(request: SearchRequest): Promise<SearchPage>;
  /** @param id - `audit.record.id`, or a ledger index in decimal */
  record(id: string): Promise<JsonObject | undefined>;
  /** The tlog-proof of a record, as text. */
  proof(id: string): Promise<string | undefined>;
  sessions(request: SessionsRequest): Promise<SessionsPage>;
  /** @param id - the session's reference, or the OIDC `sid` */
  session(id: string): Promise<SessionDetail | undefined>;
  /** The latest published checkpoint, a signed note. */
  checkpoint(): Promise<string>;
  /** The log's verification key line. */
  vkey(): Promise<string>;
  readonly tiles: TileSource;
  /** Sizes of the log and how far its followers are. */
  status(): Promise<JsonObject>;
  close(): Promise<void>;
}
