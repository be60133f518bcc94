import type { JsonObject } from '@spanledger/record';
import type { SessionCompleteness } from './completeness/index.ts';
import type {
  AttemptsPage,
  AttemptsRequest,
  SessionStepDetail,
  TokenDetail,
  TokensPage,
  TokensRequest,
} from './archive-token-types.ts';

import type { AlertChange, AlertDetail, AlertsPage, AlertsRequest } from './alert-types.ts';
import type { TileSource } from '@spanledger/ledger/verify';

/** How many records or sessions a page holds when nobody asks for a number. */
export const DEFAULT_PAGE_LIMIT = 50;

/** The most records that one search answers. */
export const MAX_SEARCH_LIMIT = 1000;

/** The most sessions that one page lists. */
export const MAX_SESSIONS_LIMIT = 200;

/** By ledger index: newest or oldest first. */
export type SearchOrder = 'asc' | 'desc';

/** A question to an archive; see docs/query-language.md for `query`. */
export interface SearchRequest {
  query: string;
  /** How many records at most; default {@link DEFAULT_PAGE_LIMIT}, at most {@link MAX_SEARCH_LIMIT}. */
  limit?: number;
  /** `next` of the answer before, with the same query and order. */
  cursor?: string;
  /** Newest first is the default. */
  order?: SearchOrder;
}

/** One page of opened documents. */
export interface SearchPage {
  records: JsonObject[];
  /**
   * Cursor of the next page; absent on the last one. A page may hold fewer records than asked for, even none, and
   * still have a next one: one request looks at a bounded number of records.
   */
  next?: string;
  /**
   * `embedded` where `index.driver` is `elasticsearch` and the embedded index answered all the same: Elasticsearch cannot
   * promise to find all of this (free text), or does not answer just now.
   */
  answered_by?: 'embedded';
}

/** How long the stretches of a histogram are. All are in UTC; a week begins on a Monday. */
export const HISTOGRAM_INTERVALS = ['minute', 'hour', 'day', 'week', 'month', 'year'] as const;

/** One of {@link HISTOGRAM_INTERVALS}. */
export type HistogramInterval = (typeof HISTOGRAM_INTERVALS)[number];

/** A question how many records match. */
export interface CountRequest {
  query: string;
}

/** How many records match. */
export interface RecordCount {
  /** Exactly so many, or at least so many. */
  count: number;
  /**
   * True where `count` is all of them. The index alone knows most answers; of what it cannot be sure of, a bounded
   * number of records is looked at.
   */
  exact: boolean;
  /** No more than this; absent where `exact`. */
  at_most?: number;
  /** As of a {@link SearchPage}. */
  answered_by?: 'embedded';
}

/** A question when the matching records were. */
export interface HistogramRequest extends CountRequest {
  interval: HistogramInterval;
}

/** One stretch of time. */
export interface HistogramBucket {
  /** When it begins, RFC 3339. */
  start: string;
  /** How many matching records are in it, or at least how many. */
  count: number;
}

/** How many records match, and when they were. */
export interface RecordHistogram extends RecordCount {
  interval: HistogramInterval;
  /** Those that hold any record, oldest first. */
  buckets: HistogramBucket[];
}

/** What is known of one OIDC session. */
export interface SessionSummary {
  /** The reference that stands in the records as `audit.session.id`. */
  id: string;
  /** The session id itself (`sid`, or what the sender named), opened; absent once it is erased. */
  session_id?: string;
  user_id?: string;
  user_name?: string;
  client_id: string[];
  issuer: string;
  /** `started`, `active`, `refreshed`, `idle`, `expired`, `logged_out` or `revoked`. */
  state: string;
  /** RFC 3339. */
  started: string;
  /** RFC 3339; absent while the session has not ended. */
  ended?: string;
  /** RFC 3339. */
  last_seen: string;
  records: number;
  failures: number;
  services: string[];
}

/** A session with what happened in it. */
export interface SessionDetail extends SessionSummary {
  /** What happened to it, in the order of time, each step with the record that shows it. */
  steps: SessionStepDetail[];
  /** Opened documents, oldest first. */
  timeline: JsonObject[];
  /** Cursor of the rest of the timeline; absent when it is complete. */
  next?: string;
}

/** A question for sessions, newest first. */
export interface SessionsRequest {
  /** Default {@link DEFAULT_PAGE_LIMIT}, at most {@link MAX_SESSIONS_LIMIT}. */
  limit?: number;
  cursor?: string;
  /** Only sessions with at least one record that matches. */
  query?: string;
}

/** One page of sessions; like {@link SearchPage} it may be short and still have a next one. */
export interface SessionsPage {
  sessions: SessionSummary[];
  next?: string;
}

/** Whether all of a session is in the log. */
export interface SessionCompletenessAnswer extends SessionCompleteness {
  /** `audit.session.id`. */
  session: string;
}

/** Which part of a session's timeline to answer. */
export interface TimelineRequest {
  /** Default and most: {@link MAX_SEARCH_LIMIT}. */
  limit?: number;
  /** `next` of the answer before. */
  cursor?: string;
}

/** All that one can ask of an audit trail, whether it lies in a local data directory or behind a service. */
export interface Archive {
  /** @throws QueryError when the query cannot be read; ExporterError when the archive cannot */
  search(request: SearchRequest): Promise<SearchPage>;
  /** @throws QueryError when the query cannot be read; ExporterError when the archive cannot */
  count(request: CountRequest): Promise<RecordCount>;
  /** @throws ExporterError `request_malformed` when there are more stretches than one answer holds; as `count` */
  histogram(request: HistogramRequest): Promise<RecordHistogram>;
  /** @param id - `audit.record.id`, or a ledger index in decimal */
  record(id: string): Promise<JsonObject | undefined>;
  /** The tlog-proof of a record at the first checkpoint that covers it, as text. */
  proof(id: string): Promise<string | undefined>;
  sessions(request: SessionsRequest): Promise<SessionsPage>;
  /** @param id - the session's reference, or the OIDC `sid` */
  session(id: string, timeline?: TimelineRequest): Promise<SessionDetail | undefined>;
  /**
   * Whether all of a session is in the log; docs/completeness.md says what that proves.
   *
   * @param id - the session's reference, or the OIDC `sid`
   */
  completeness(id: string): Promise<SessionCompletenessAnswer | undefined>;
  /** @param id - `oidc.token.id`: the `jti`, or the digest that stands for it */
  token(id: string, calls?: TimelineRequest): Promise<TokenDetail | undefined>;
  tokens(request: TokensRequest): Promise<TokensPage>;
  /** Attempts to authenticate, to be authorized, to get tokens and to use them. */
  attempts(request: AttemptsRequest): Promise<AttemptsPage>;
  alerts(request: AlertsRequest): Promise<AlertsPage>;
  /** @param id - `audit.alert.id` */
  alert(id: string): Promise<AlertDetail | undefined>;
  /**
   * Records what somebody does with an alert; the list shows it within a second.
   *
   * @param caller - who it is, where the archive cannot tell
   * @returns the alert as it is then
   * @throws ExporterError `archive_unreachable` where no service records it
   */
  changeAlert(id: string, change: AlertChange, caller?: string): Promise<AlertDetail | undefined>;
  /** The latest published checkpoint, a signed note. */
  checkpoint(): Promise<string>;
  /** The log's verification key line. */
  vkey(): Promise<string>;
  readonly tiles: TileSource;
  /** Sizes of the log and how far its followers are. */
  status(): Promise<JsonObject>;
  close(): Promise<void>;
}
