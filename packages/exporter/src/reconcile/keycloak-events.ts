import { z } from 'zod';
import { grantRefused, sessionEnded, sessionsOfUserEnded, sessionStarted } from './fact-keys.ts';
import type { Fact, ProviderEvent } from './fact.ts';

/** The longest text that is taken of a detail. */
const MAX_DETAIL_LENGTH = 1024;

/** Details that have a place of their own, or that say nothing. */
const OWN_PLACE: ReadonlySet<string> = new Set(['grant_type', 'token_id', 'username']);

/** Questions that change nothing, and of which applications keep no record. */
const QUESTIONS: ReadonlySet<string> = new Set([
  'INTROSPECT_TOKEN',
  'PERMISSION_TOKEN',
  'USER_INFO_REQUEST',
  'VALIDATE_ACCESS_TOKEN',
]);

/** Grants whose event does not say which one it was. */
const GRANTS = new Map([
  ['CLIENT_LOGIN', 'client_credentials'],
  ['CODE_TO_TOKEN', 'authorization_code'],
  ['REFRESH_TOKEN', 'refresh_token'],
]);

const AUTHENTICATION = ['authentication'];
const SESSION = ['authentication', 'session'];
const IAM = ['iam'];
const CATEGORIES = new Map([
  ['CLIENT_LOGIN', AUTHENTICATION],
  ['CODE_TO_TOKEN', AUTHENTICATION],
  ['LOGIN', AUTHENTICATION],
  ['LOGOUT', SESSION],
  ['REFRESH_TOKEN', AUTHENTICATION],
  ['REVOKE_GRANT', AUTHENTICATION],
  ['TOKEN_EXCHANGE', AUTHENTICATION],
]);

type Text = string | undefined;

/** An event of somebody, as the admin API gives it. */
export interface KeycloakUserEvent {
  id: string;
  /** Milliseconds since the epoch. */
  time: number;
  type: string;
  clientId?: Text;
  userId?: Text;
  sessionId?: Text;
  ipAddress?: Text;
  error?: Text;
  details?: Record<string, string> | undefined;
}

/** An event of an administrator, as the admin API gives it. */
export interface KeycloakAdminEvent {
  id: string;
  /** Milliseconds since the epoch. */
  time: number;
  operationType: string;
  resourceType?: Text;
  resourcePath?: Text;
  error?: Text;
  authDetails?: { clientId?: Text; userId?: Text; ipAddress?: Text } | undefined;
}

const text = z.string().optional();

/** What `GET /admin/realms/{realm}/events` answers; other members are left out. */
export const userEvents: z.ZodType<KeycloakUserEvent[]> = z.array(
  z.object({
    id: z.string(),
    time: z.number(),
    type: z.string(),
    clientId: text,
    userId: text,
    sessionId: text,
    ipAddress: text,
    error: text,
    details: z.record(z.string(), z.string()).optional(),
  }),
);

/** What `GET /admin/realms/{realm}/admin-events` answers; other members are left out. */
export const adminEvents: z.ZodType<KeycloakAdminEvent[]> = z.array(
  z.object({
    id: z.string(),
    time: z.number(),
    operationType: z.string(),
    resourceType: text,
    resourcePath: text,
    error: text,
    authDetails: z.object({ clientId: text, userId: text, ipAddress: text }).optional(),
  }),
);

/**
 * An event of somebody at the provider.
 *
 * @returns undefined for a question that changes nothing
 */
export function readUserEvent(event: KeycloakUserEvent): ProviderEvent | undefined {
  const isError = event.type.endsWith('_ERROR');
  const name = isError ? event.type.slice(0, -'_ERROR'.length) : event.type;
  if (QUESTIONS.has(name)) return undefined;
  const { details = {}, clientId, userId, sessionId, ipAddress, error } = event;
  const grantType = details['grant_type'] ?? GRANTS.get(name);
  // Of a refresh it is the new access token; of a revocation whichever was revoked.
  const tokenId = details['token_id'] ?? (name === 'REVOKE_GRANT' ? details['refresh_token_id'] : undefined);
  const userName = details['username'];
  return {
    id: event.id,
    atMs: event.time,
    type: event.type,
    outcome: isError ? 'failure' : 'success',
    category: CATEGORIES.get(name) ?? IAM,
    facts: isError
      ? refusalFacts(clientId, grantType)
      : successFacts(name, { clientId: clientId ?? '', sessionId, tokenId }),
    ...(clientId !== undefined && { clientId }),
    ...(userId !== undefined && { userId }),
    ...(userName !== undefined && { userName }),
    ...(sessionId !== undefined && { sessionId }),
    ...(tokenId !== undefined && { tokenId }),
    ...(grantType !== undefined && { grantType }),
    ...(ipAddress !== undefined && { address: ipAddress }),
    ...(error !== undefined && { error }),
    details: Object.fromEntries(
      Object.entries(details)
        .filter(([detail]) => !OWN_PLACE.has(detail))
        .map(([detail, value]) => [detail, value.slice(0, MAX_DETAIL_LENGTH)]),
    ),
  };
}

/** An event of an administrator. What was changed is named, not told: it may hold secrets. */
export function readAdminEvent(event: KeycloakAdminEvent): ProviderEvent {
  const { operationType, resourceType = '', resourcePath = '', authDetails = {}, error } = event;
  const { clientId, userId, ipAddress } = authDetails;
  return {
    id: event.id,
    atMs: event.time,
    type: `ADMIN_${operationType}_${resourceType}`,
    outcome: error === undefined ? 'success' : 'failure',
    category: IAM,
    facts: error === undefined ? administrationFacts(operationType, resourcePath) : [],
    ...(clientId !== undefined && { clientId }),
    ...(userId !== undefined && { userId }),
    ...(ipAddress !== undefined && { address: ipAddress }),
    ...(error !== undefined && { error }),
    details: { resource: resourcePath.slice(0, MAX_DETAIL_LENGTH) },
  };
}

function refusalFacts(clientId: string | undefined, grantType: string | undefined): Fact[] {
  // Without a grant it was refused on a page of the provider, where no application looks.
  return clientId === undefined || grantType === undefined ? [] : [grantRefused(clientId, grantType)];
}

function successFacts(
  name: string,
  {
    clientId,
    sessionId,
    tokenId,
  }: Record<'clientId', string> & Partial<Record<'sessionId' | 'tokenId', string | undefined>>,
): Fact[] {
  const started = sessionId === undefined ? [] : [sessionStarted(sessionId, clientId)];
  const ended = sessionId === undefined ? [] : [sessionEnded(sessionId)];
  const token = (kind: Fact['kind']): Fact[] => (tokenId === undefined ? [] : [{ kind, key: tokenId }]);
  switch (name) {
    case 'CLIENT_LOGIN':
    case 'CODE_TO_TOKEN':
    case 'LOGIN':
    case 'TOKEN_EXCHANGE':
      return [...token('token.issued'), ...started];
    case 'REFRESH_TOKEN':
      return token('token.refreshed');
    case 'REVOKE_GRANT':
      return [...token('token.revoked'), ...ended];
    case 'LOGOUT':
      return ended;
    default:
      return [];
  }
}

function administrationFacts(operation: string, path: string): Fact[] {
  const user = /^users\/([^/]+)\/logout$/.exec(path)?.[1];
  if (operation === 'ACTION' && user !== undefined) return [sessionsOfUserEnded(user)];
  const session = /^sessions\/([^/]+)$/.exec(path)?.[1];
  return operation === 'DELETE' && session !== undefined ? [sessionEnded(session)] : [];
}
