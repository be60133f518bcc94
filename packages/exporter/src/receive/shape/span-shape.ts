import {
  ATTR_ENDUSER_ID,
  ATTR_ENDUSER_PSEUDO_ID,
  ATTR_OIDC_CLIENT_ID,
  ATTR_USER_ID,
} from '@spanledger/record';
import { roleOf } from './attribute-role.ts';

/** What may name a user, the first that is there. */
const USER_NAMES = [ATTR_USER_ID, ATTR_ENDUSER_ID, ATTR_ENDUSER_PSEUDO_ID];

/** What is known of spans of one kind whose attribute keys come in one order. */
export interface SpanShape {
  keys: readonly string[];
  /** Numbers of the attributes whose values a template is for. */
  fixed: readonly number[];
  /** Number of the attribute that holds the producer's number; -1 where there is none. */
  number: number;
  /** Number of the attribute that names the user; -1 where there is none. */
  user: number;
  /** Number of the attribute that names the client; -1 where there is none. */
  client: number;
}

/**
 * What can be said of an order of keys; undefined where templates cannot stand for it: a key comes twice, or an attribute
 * may go to more than one place.
 */
export function makeShape(keys: readonly string[], spanKind: number): SpanShape | undefined {
  if (new Set(keys).size !== keys.length) return undefined;
  const fixed: number[] = [];
  let number = -1;
  for (const [i, key] of keys.entries()) {
    // Where it stands depends on the session; whether it is fixed does not.
    const role = roleOf(key, spanKind, true);
    if (role === undefined) return undefined;
    if (role.kind === 'fixed') fixed.push(i);
    if (role.kind === 'number') number = i;
  }
  return { keys, fixed, number, user: userIn(keys), client: keys.indexOf(ATTR_OIDC_CLIENT_ID) };
}

/** Number of the attribute that names the user; -1 where there is none. */
function userIn(keys: readonly string[]): number {
  const name = USER_NAMES.find((candidate) => keys.includes(candidate));
  return name === undefined ? -1 : keys.indexOf(name);
}
