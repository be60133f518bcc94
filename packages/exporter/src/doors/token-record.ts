import type { JsonObject, RecordDraft } from '@spanledger/record';
import { ownRecord } from '../own-record.ts';
import { timestampOf } from '../timestamp.ts';
import type { StoredToken } from './token-file.ts';

/** What happens to a token. */
export type TokenStep = 'created' | 'replaced' | 'revoked' | 'removed';

const WORDS: Readonly<Record<TokenStep, { verb: string; type: string }>> = {
  created: { verb: 'CREATE', type: 'creation' },
  replaced: { verb: 'UPDATE', type: 'change' },
  revoked: { verb: 'REVOKE', type: 'deletion' },
  removed: { verb: 'DELETE', type: 'deletion' },
};

/** `audit.record.id` of the record of what happened to a token. */
export function tokenRecordId(id: string, step: TokenStep): string {
  return `access-token-${id}-${step}`;
}

/**
 * The records of everything that is known to have happened to the tokens of a directory, by their ids. What people call a
 * token may name somebody: it is committed to.
 *
 * docs/access.md, "What happens to tokens"
 */
export function tokenRecords(tokens: readonly StoredToken[]): Map<string, RecordDraft> {
  const successors = new Map(tokens.map((token) => [token.replaces, token]));
  const records = tokens.flatMap((token) => {
    const successor = successors.get(token.id);
    return [
      tokenRecord(token, 'created', Date.parse(token.created)),
      ...(successor === undefined ? [] : [tokenRecord(token, 'replaced', Date.parse(successor.created))]),
      ...(token.revoked === undefined ? [] : [tokenRecord(token, 'revoked', Date.parse(token.revoked))]),
    ];
  });
  return new Map(records.map((draft) => [draft.id, draft]));
}

/** The record of a token whose file is not there any more, without its having been revoked by name. */
export function removedTokenRecord(id: string, nowMs: number): RecordDraft {
  return draftOf(id, 'removed', nowMs, {});
}

function tokenRecord(token: StoredToken, step: TokenStep, atMs: number): RecordDraft {
  const { id, name, role, services, expires, replaces } = token;
  const access = {
    role,
    ...(services.length > 0 && { services: [...services] }),
    ...(expires !== undefined && { expires: timestampOf(Date.parse(expires)) }),
    ...(replaces !== undefined && { replaces }),
  };
  return draftOf(id, step, atMs, access, name);
}

function draftOf(id: string, step: TokenStep, atMs: number, access: JsonObject, name?: string): RecordDraft {
  const { verb, type } = WORDS[step];
  return ownRecord({
    id: tokenRecordId(id, step),
    timestamp: timestampOf(atMs),
    audit: {
      access: { ...access, token: id },
      action: verb,
      outcome: 'success',
      target: { id, type: 'access.token' },
    },
    event: {
      action: `access.token.${step}`,
      category: ['configuration', 'iam'],
      type: [type],
    },
    ...(name !== undefined && { groups: { content: { attributes: { 'audit.access.name': name } } } }),
  });
}
