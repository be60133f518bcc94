import * as names from '../attributes.ts';
import type { DraftSession, DraftSubject } from '../draft.ts';
import type { OtlpAttributes } from '../span.ts';
import { readCommittedText, readText } from './read.ts';

const CLIENT_CREDENTIALS = 'client_credentials';

/** What may name a user, the first that is there; each stands at a place of its own name. */
const USER_NAMES = [names.ATTR_USER_ID, names.ATTR_ENDUSER_ID, names.ATTR_ENDUSER_PSEUDO_ID];

/**
 * Who acted. A user where the span names one; a service where the user is the client itself or the grant is
 * client credentials; the reporting service itself where nobody is named.
 */
export function subjectOf(attributes: OtlpAttributes, serviceName: string): DraftSubject {
  const issuer = readText(attributes, names.ATTR_OIDC_ISSUER) ?? '';
  const user = userOf(attributes);
  const client = readText(attributes, names.ATTR_OIDC_CLIENT_ID);
  const asClient = readText(attributes, names.ATTR_OIDC_GRANT_TYPE) === CLIENT_CREDENTIALS;
  if (user !== undefined) return { issuer, id: user, type: asClient || user === client ? 'service' : 'user' };
  if (asClient && client !== undefined) return { issuer, id: client, type: 'service' };
  return { issuer: '', id: serviceName, type: 'system' };
}

/**
 * The session. Without an issuer it is one that the sender names and nobody verified: instrumentations of browsers and
 * SDKs of other languages write that name for sessions of their own.
 */
export function sessionOf(attributes: OtlpAttributes): DraftSession | undefined {
  const id = readCommittedText(attributes, names.ATTR_SESSION_ID);
  if (id === undefined) return undefined;
  return { issuer: readText(attributes, names.ATTR_OIDC_ISSUER) ?? '', id };
}

function userOf(attributes: OtlpAttributes): string | undefined {
  for (const name of USER_NAMES) {
    const user = readCommittedText(attributes, name);
    if (user !== undefined) return user;
  }
  return undefined;
}

/** What an event takes over from its span where it names neither a user nor a session of its own. */
const SHORT_SET = [names.ATTR_SESSION_ID, ...USER_NAMES, names.ATTR_OIDC_CLIENT_ID, names.ATTR_OIDC_ISSUER];

/** Where the call came from: the same for an event as for the span that it happened in. */
const ORIGIN = [
  names.ATTR_CLIENT_ADDRESS,
  'client.port',
  'network.peer.address',
  names.ATTR_USER_AGENT_ORIGINAL,
];

/** An event's attributes, completed from its span's. Parts of two sessions are never mixed. */
export function eventAttributes(event: OtlpAttributes, span: OtlpAttributes): OtlpAttributes {
  const attributes = new Map(event);
  const named = [names.ATTR_SESSION_ID, ...USER_NAMES].some((name) => attributes.has(name));
  for (const key of named ? ORIGIN : [...SHORT_SET, ...ORIGIN]) {
    const value = span.get(key);
    if (value !== undefined && !attributes.has(key)) attributes.set(key, value);
  }
  return attributes;
}
