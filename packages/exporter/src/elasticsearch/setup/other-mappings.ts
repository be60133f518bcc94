import type { JsonObject } from '@spanledger/record';

import { DATE, KEYWORD, LONG, nestFields } from './mapping.ts';

/**
 * The mapping of the alerts: a record's fields, and the rule that was broken.
 *
 * @param audit - the mapping of the records
 */
export function alertsMapping(audit: JsonObject): JsonObject {
  const { properties, ...rest } = audit;
  const rule = nestFields(
    new Map([
      ['message', KEYWORD],
      ['rule.description', KEYWORD],
      ['rule.id', KEYWORD],
      ['rule.name', KEYWORD],
      ['rule.version', KEYWORD],
      ['tags', KEYWORD],
    ]),
  );
  return { ...rest, properties: Object.assign({}, properties, rule) };
}

/** The mapping of the sessions, whose members are those of `GET /api/sessions`, and `audit` for whoever joins or erases them. */
export function sessionsMapping(): JsonObject {
  const keywords = [
    'audit.actor.id',
    'audit.ledger.origin',
    'audit.session.id',
    'client_id',
    'id',
    'issuer',
    'services',
    'session_id',
    'state',
    'user_id',
    'user_name',
  ];
  const fields = new Map<string, JsonObject>(keywords.map((name) => [name, KEYWORD]));
  for (const name of ['ended', 'last_seen', 'started']) fields.set(name, DATE);
  for (const name of ['failures', 'records']) fields.set(name, LONG);
  return { dynamic: false, properties: nestFields(fields) };
}
