import type { JsonObject } from '@spanledger/record';
import { z } from 'zod';
import { grantRefused, sessionEnded, sessionsOfUserEnded, sessionStarted } from './fact-keys.ts';
import type { Fact, LedgerFact } from './fact.ts';

/** Sessions that end for these reasons end by what somebody did, and so at the provider as well. */
const ACTIVE_ENDS: ReadonlySet<string> = new Set(['backchannel_logout', 'logout']);

const text = z.string().optional();

/** What of a document is looked at. */
const lifecycleDocument = z.object({
  '@timestamp': z.string(),
  audit: z.object({ record: z.object({ id: z.string() }) }),
  event: z.object({ action: z.string(), reason: text }),
  oidc: z
    .object({
      client_id: text,
      grant_type: text,
      session: z.object({ id: text }).optional(),
      token: z.object({ id: text }).optional(),
    })
    .optional(),
  user: z.object({ id: text }).optional(),
});

/**
 * What a record says that its provider should know as well.
 *
 * @param document an opened document
 * @returns undefined where the provider has no part in it, or where what it was about has been erased
 */
export function readLedgerFact(document: JsonObject): LedgerFact | undefined {
  const parsed = lifecycleDocument.safeParse(document);
  if (!parsed.success) return undefined;
  const { audit, event, oidc = {}, user = {} } = parsed.data;
  const clientId = oidc.client_id;
  const ids = { clientId, userId: user.id, sessionId: oidc.session?.id, tokenId: oidc.token?.id };
  const facts = factsOf(event, ids, oidc.grant_type);
  if (facts.length === 0) return undefined;
  return {
    recordId: audit.record.id,
    atMs: Date.parse(parsed.data['@timestamp']),
    action: event.action,
    facts,
    ...(ids.clientId !== undefined && { clientId: ids.clientId }),
    ...(ids.userId !== undefined && { userId: ids.userId }),
    ...(ids.sessionId !== undefined && { sessionId: ids.sessionId }),
    ...(ids.tokenId !== undefined && { tokenId: ids.tokenId }),
  };
}

interface Ids {
  clientId: string | undefined;
  userId: string | undefined;
  sessionId: string | undefined;
  tokenId: string | undefined;
}

function factsOf(
  { action, reason }: { action: string; reason?: string | undefined },
  { clientId, userId, sessionId, tokenId }: Ids,
  grantType: string | undefined,
): Fact[] {
  const token = (kind: Fact['kind']): Fact[] => (tokenId === undefined ? [] : [{ kind, key: tokenId }]);
  switch (action) {
    case 'oidc.session.started':
      return sessionId === undefined || clientId === undefined ? [] : [sessionStarted(sessionId, clientId)];
    case 'oidc.session.ended':
      if (!ACTIVE_ENDS.has(reason ?? '')) return [];
      return [
        ...(sessionId === undefined ? [] : [sessionEnded(sessionId)]),
        ...(userId === undefined ? [] : [sessionsOfUserEnded(userId)]),
      ];
    case 'oidc.token.issued':
      return token('token.issued');
    case 'oidc.token.refreshed':
      return token('token.refreshed');
    case 'oidc.token.revoked':
      return token('token.revoked');
    case 'oidc.authorization.failed':
      return clientId === undefined || grantType === undefined ? [] : [grantRefused(clientId, grantType)];
    default:
      return [];
  }
}
