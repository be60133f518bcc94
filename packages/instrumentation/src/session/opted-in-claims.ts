import {
  ATTR_OIDC_CLAIMS_PREFIX,
  ATTR_USER_EMAIL,
  ATTR_USER_NAME,
  ATTR_USER_ROLES,
} from '@spanledger/record';
import type { SpanAttributes } from '../otlp/recorded-span.ts';
import { MAX_CLAIM_CHARS, ownClaim, stringList } from './claims.ts';

/** Claims that semantic conventions have a name for. */
const NAMED: Readonly<Record<string, string>> = {
  preferred_username: ATTR_USER_NAME,
  name: ATTR_USER_NAME,
  email: ATTR_USER_EMAIL,
  roles: ATTR_USER_ROLES,
};

/**
 * The attributes of the claims that `SPANLEDGER_CLAIMS` names. Strings, numbers, booleans and lists of strings are
 * taken; structures are not, but for what a name with a dot takes out of them: `realm_access.roles`, where Keycloak puts the
 * roles of a realm.
 *
 * @param names - Names of claims.
 * @param payload - The claims.
 */
export function optedInAttributes(names: readonly string[], payload: object): SpanAttributes {
  const attributes: SpanAttributes = {};
  for (const name of names) {
    const value = plainValue(ownClaim(payload, name) ?? innerClaim(payload, name));
    if (value === undefined) continue;
    const key = Object.hasOwn(NAMED, name) ? NAMED[name] : undefined;
    attributes[key ?? `${ATTR_OIDC_CLAIMS_PREFIX}${name}`] =
      key === ATTR_USER_ROLES ? stringList(value) : value;
  }
  return attributes;
}

/** A claim within another one, by both names with a dot between them: `realm_access.roles`. */
function innerClaim(payload: object, name: string): unknown {
  const dot = name.indexOf('.');
  const outer = dot < 0 ? undefined : ownClaim(payload, name.slice(0, dot));
  return typeof outer === 'object' && outer !== null ? ownClaim(outer, name.slice(dot + 1)) : undefined;
}

function plainValue(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
      return value.slice(0, MAX_CLAIM_CHARS);
    case 'number':
    case 'boolean':
      return value;
    default:
      return Array.isArray(value) ? stringList(value) : undefined;
  }
}
