import { isJsonObject } from '@spanledger/record';
import type { JsonObject } from '@spanledger/record';

import type {
  Attempt,
  AttemptsPage,
  ShownBy,
  TokenDetail,
  TokenLink,
  TokensPage,
  TokenSummary,
} from './archive-token-types.ts';
import { count, objects, optional, text, texts } from './remote-answers.ts';

/** @throws ExporterError `archive_refused` when the answer has another shape; so do the functions below */
export function readTokensPage(answer: JsonObject): TokensPage {
  return { tokens: objects(answer, 'tokens').map(readToken), ...optional(answer, 'next') };
}

export function readTokenDetail(answer: JsonObject): TokenDetail {
  return {
    ...readToken(answer),
    chain: objects(answer, 'chain').map(readLink),
    calls: objects(answer, 'calls'),
    ...optional(answer, 'next'),
  };
}

export function readAttemptsPage(answer: JsonObject): AttemptsPage {
  return { attempts: objects(answer, 'attempts').map(readAttempt), ...optional(answer, 'next') };
}

function readToken(answer: JsonObject): TokenSummary {
  const { issue } = answer;
  return {
    ...optional(answer, 'id'),
    ...optional(answer, 'type'),
    issuer: text(answer, 'issuer'),
    ...optional(answer, 'client_id'),
    ...optional(answer, 'user_id'),
    ...optional(answer, 'session'),
    ...optional(answer, 'flow'),
    ...optional(answer, 'grant_type'),
    granted_scopes: texts(answer, 'granted_scopes'),
    requested_scopes: texts(answer, 'requested_scopes'),
    state: text(answer, 'state'),
    issued: text(answer, 'issued'),
    ...optional(answer, 'expires'),
    ...(isJsonObject(issue) && {
      issue: {
        ...readShown(issue),
        how: text(issue, 'how'),
        ...optional(issue, 'reason'),
        ...secondsLeft(issue),
      },
    }),
    ...shown(answer, 'revoked'),
    ...shown(answer, 'expired'),
    replaced: objects(answer, 'replaced').map(readShown),
    uses: count(answer, 'uses'),
    ...shown(answer, 'first_used'),
    ...shown(answer, 'last_used'),
    addresses: count(answer, 'addresses'),
    more_addresses: answer['more_addresses'] === true,
    rejections: count(answer, 'rejections'),
    introspections: count(answer, 'introspections'),
    ...shown(answer, 'scope_exceeded'),
  };
}

function readLink(answer: JsonObject): TokenLink {
  return {
    ...optional(answer, 'id'),
    issued: text(answer, 'issued'),
    ...optional(answer, 'expires'),
    record: text(answer, 'record'),
    index: count(answer, 'index'),
    ...optional(answer, 'reason'),
    ...secondsLeft(answer),
  };
}

function readAttempt(answer: JsonObject): Attempt {
  return {
    ...readShown(answer),
    action: text(answer, 'action'),
    ...optional(answer, 'requester'),
    ...optional(answer, 'client_id'),
    ...optional(answer, 'issuer'),
    ...optional(answer, 'flow'),
    ...optional(answer, 'grant_type'),
    requested_scopes: texts(answer, 'requested_scopes'),
    granted_scopes: texts(answer, 'granted_scopes'),
    required_scopes: texts(answer, 'required_scopes'),
    outcome: text(answer, 'outcome'),
    ...optional(answer, 'error'),
    ...optional(answer, 'reason'),
    ...optional(answer, 'address'),
    ...optional(answer, 'service'),
    ...optional(answer, 'session'),
  };
}

function readShown(answer: JsonObject): ShownBy {
  return { time: text(answer, 'time'), record: text(answer, 'record'), index: count(answer, 'index') };
}

function shown<Name extends string>(answer: JsonObject, name: Name): { [Key in Name]?: ShownBy } {
  const value = answer[name];
  const found: { [Key in Name]?: ShownBy } = {};
  if (isJsonObject(value)) found[name] = readShown(value);
  return found;
}

function secondsLeft(answer: JsonObject): { seconds_left?: number } {
  const { seconds_left: left } = answer;
  return typeof left === 'number' ? { seconds_left: left } : {};
}
