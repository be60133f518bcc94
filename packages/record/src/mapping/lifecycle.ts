import * as names from '../attributes.ts';
import type { Outcome } from '../audit-record.ts';

/** What a lifecycle event means in `audit.*` and `event.*`. */
export interface LifecycleMeaning {
  /** `audit.action`. */
  verb: string;
  category: readonly string[];
  type: readonly string[];
  outcome: Outcome;
}

const AUTHENTICATION = ['authentication'];
const SESSION = ['authentication', 'session'];
const TOKEN = ['authentication', 'iam'];

const LIFECYCLE = new Map<string, LifecycleMeaning>([
  [names.EVENT_AUTHORIZATION_REQUESTED, meaning('AUTHORIZE', AUTHENTICATION, ['info'])],
  [names.EVENT_AUTHORIZATION_FAILED, meaning('AUTHORIZE', AUTHENTICATION, ['start', 'denied'], 'failure')],
  [names.EVENT_SESSION_STARTED, meaning('LOGIN', SESSION, ['start'])],
  [names.EVENT_SESSION_ENDED, meaning('LOGOUT', SESSION, ['end'])],
  [names.EVENT_TOKEN_ISSUED, meaning('ISSUE', TOKEN, ['creation', 'info'])],
  [names.EVENT_TOKEN_REFRESHED, meaning('REFRESH', TOKEN, ['change', 'info'])],
  [names.EVENT_TOKEN_REVOKED, meaning('REVOKE', TOKEN, ['deletion', 'info'])],
  [names.EVENT_TOKEN_INTROSPECTED, meaning('INTROSPECT', AUTHENTICATION, ['info'])],
  [names.EVENT_RECORDS_LOST, meaning('DROP', ['process'], ['info'], 'failure')],
  [names.EVENT_PRODUCER_ENDED, meaning('END', ['process'], ['end'])],
  [names.EVENT_TOKEN_REJECTED, meaning('REJECT', AUTHENTICATION, ['info', 'denied'], 'failure')],
]);

/** The meaning of a span event's name; undefined where it is no lifecycle event of a session or token. */
export function lifecycleMeaning(name: string): LifecycleMeaning | undefined {
  return LIFECYCLE.get(name);
}

function meaning(
  verb: string,
  category: readonly string[],
  type: readonly string[],
  outcome: Outcome = 'success',
): LifecycleMeaning {
  return { verb, category, type, outcome };
}
