import type { AlertSeverity } from '@spanledger/record';

/** An alert that the rules raise over the records of a log. */
export interface ReplayedAlert {
  /** The same that the service gives it. */
  id: string;
  rule: string;
  name: string;
  severity: AlertSeverity;
  /** RFC 3339. */
  time: string;
  first: string;
  last: string;
  count: number;
  /** `audit.record.id` of the records that it rests on. */
  records: string[];
  user_id?: string;
  client_address?: string;
  /** `audit.session.id`. */
  session?: string;
  /** Whether the ledger holds it, as far as the service has followed it. */
  recorded: boolean;
}

/** A range of time that rules are replayed over. */
export interface ReplayRange {
  /** Only alerts of this time and later, milliseconds since the epoch. */
  sinceMs?: number | undefined;
  /** Only alerts before this time, milliseconds since the epoch. */
  untilMs?: number | undefined;
}

/** What a service is asked to replay. */
export interface ReplayRequest extends ReplayRange {
  /** Rules to try, beside and in place of those in force; the name says in messages where they are from. */
  rules?: { name: string; text: string } | undefined;
}

/** What a replay in a service has found so far. */
export interface ReplayProgress {
  state: 'running' | 'done' | 'failed' | 'stopped';
  /** So many records of so many were looked at. */
  done: number;
  all: number;
  /** Those that were asked for, at most a page of them. */
  alerts: ReplayedAlert[];
  /** How many there are before the next page. */
  next: number;
  /** Why it failed, or was stopped. */
  problem?: string;
}
