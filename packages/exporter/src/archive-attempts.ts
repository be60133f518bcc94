import {
  EVENT_AUTHORIZATION_FAILED,
  EVENT_AUTHORIZATION_REQUESTED,
  EVENT_SESSION_STARTED,
  EVENT_TOKEN_INTROSPECTED,
  EVENT_TOKEN_ISSUED,
  EVENT_TOKEN_REFRESHED,
  EVENT_TOKEN_REJECTED,
} from '@spanledger/record';
import type { JsonObject } from '@spanledger/record';

import type { Attempt, AttemptsRequest } from './archive-token-types.ts';
import { textAt, textsAt, userAt } from './document-values.ts';
import type { Query } from './search/query/index.ts';

/** What an attempt to authenticate, or to be authorized, is recorded as. */
const ATTEMPTS = [
  EVENT_AUTHORIZATION_FAILED,
  EVENT_AUTHORIZATION_REQUESTED,
  EVENT_SESSION_STARTED,
  EVENT_TOKEN_INTROSPECTED,
  EVENT_TOKEN_ISSUED,
  EVENT_TOKEN_REFRESHED,
  EVENT_TOKEN_REJECTED,
];

/** The records of attempts that a question is about. */
export function attemptsQuery(query: Query, outcome: AttemptsRequest['outcome']): Query {
  const actions: Query[] = ATTEMPTS.map((value) => ({ type: 'equals', field: 'event.action', value }));
  return {
    type: 'and',
    operands: [
      { type: 'or', operands: actions },
      ...(outcome === undefined ? [] : [{ type: 'equals', field: 'event.outcome', value: outcome } as const]),
      ...(query.type === 'all' ? [] : [query]),
    ],
  };
}

/** What a document says about an attempt. */
export function attemptOf(document: JsonObject, index: number): Attempt {
  const named: Partial<Attempt> = {};
  const texts = {
    requester: userAt(document) ?? textAt(document, 'oidc.client_id'),
    client_id: textAt(document, 'oidc.client_id'),
    issuer: textAt(document, 'oidc.issuer'),
    flow: textAt(document, 'oidc.flow'),
    grant_type: textAt(document, 'oidc.grant_type'),
    error: textAt(document, 'oidc.error'),
    reason: textAt(document, 'event.reason'),
    address: textAt(document, 'client.address') ?? textAt(document, 'network.peer.address'),
    service: textAt(document, 'service.name'),
    session: textAt(document, 'audit.session.id'),
  };
  for (const [name, value] of Object.entries(texts)) {
    if (value !== undefined) Object.assign(named, { [name]: value });
  }
  return {
    time: textAt(document, '@timestamp') ?? '',
    record: textAt(document, 'audit.record.id') ?? '',
    index,
    action: textAt(document, 'event.action') ?? '',
    outcome: textAt(document, 'event.outcome') ?? 'unknown',
    requested_scopes: textsAt(document, 'oidc.requested_scope'),
    granted_scopes: textsAt(document, 'oidc.scope'),
    required_scopes: textsAt(document, 'oidc.required_scope'),
    ...named,
  };
}
