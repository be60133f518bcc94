import type { AlertSeverity, AlertStatus, JsonObject } from '@spanledger/record';

/** The most alerts that one page lists. */
export const MAX_ALERTS_LIMIT = 200;

/** The longest note on an alert, in characters. */
export const MAX_NOTE_LENGTH = 4000;

/** The most records that one alert is shown with. */
export const MAX_SHOWN_EVIDENCE = 32;

/** What is known of one alert. */
export interface AlertSummary {
  /** `audit.alert.id`. */
  id: string;
  /** `rule.id`. */
  rule: string;
  /** `rule.name`. */
  name: string;
  severity: AlertSeverity;
  status: AlertStatus;
  /** RFC 3339: when what raised it happened. */
  time: string;
  /** RFC 3339: the earliest and the latest record that it rests on. */
  first: string;
  last: string;
  /** How many records it rests on. */
  count: number;
  /** What it says in words; absent once it is erased, as are all names. */
  message?: string;
  user_id?: string;
  user_name?: string;
  client_address?: string;
  service?: string;
  /** `audit.session.id`. */
  session?: string;
  /** Of MITRE ATT&CK. */
  technique?: string;
  /** Ledger index of the record that raised it. */
  index: number;
  /** RFC 3339: when it was acknowledged or resolved. */
  changed?: string;
  /** What was noted then. */
  note?: string;
}

/** An alert with the records that it rests on. */
export interface AlertDetail extends AlertSummary {
  /** The opened record that raised it. */
  record: JsonObject;
  /** Opened records of what was done with it, oldest first. */
  changes: JsonObject[];
  /** Opened records that it rests on, oldest first; of many the last ones. */
  evidence: JsonObject[];
}

/** A question for alerts, newest first. */
export interface AlertsRequest {
  /** Default 50, at most {@link MAX_ALERTS_LIMIT}. */
  limit?: number;
  cursor?: string;
  status?: AlertStatus;
  /** At least so grave. */
  severity?: AlertSeverity;
  /** `rule.id`. */
  rule?: string;
}

/** One page of alerts. */
export interface AlertsPage {
  alerts: AlertSummary[];
  next?: string;
}

/** What somebody does with an alert. */
export interface AlertChange {
  status: 'acknowledged' | 'resolved';
  note?: string;
}
