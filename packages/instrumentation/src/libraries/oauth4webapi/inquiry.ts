import type { ClientIdentity } from '../../events/client.ts';
import type { RefreshAttempt } from '../../events/refresh.ts';
import { memberOf } from '../../attach/global-api.ts';
import { stringClaim } from '../../session/claims.ts';

/**
 * What a request function was called with, kept until the function that processes its answer. An answer that comes from
 * no request of this library is not looked at: its ID token may be anybody's, since `process…Response` does not check
 * signatures but relies on the connection to the token endpoint.
 */
export interface Inquiry {
  readonly client: ClientIdentity;
  readonly purpose: 'authorization' | 'introspection' | 'revocation' | 'userinfo';
  readonly grantType?: string | undefined;
  /** What was sent and must not come back in an error. */
  readonly secrets: readonly unknown[];
  readonly state?: string | undefined;
  /** The scopes that were asked for. */
  readonly requested?: readonly string[] | undefined;
  readonly attempt?: RefreshAttempt | undefined;
  /** The token that is asked about, revoked or used. */
  readonly token?: unknown;
  readonly hint?: string | undefined;
}

/** The arguments of a request function. */
export interface RequestArguments {
  readonly client: ClientIdentity;
  /** What follows the provider, the client and its authentication. */
  readonly rest: readonly unknown[];
}

/** Reads the arguments of a request function; version 3 put the client's authentication third, where there is one. */
export function readRequest(name: string, args: readonly unknown[], major: number): RequestArguments {
  const authenticates = major >= 3 && name !== 'userInfoRequest';
  return { client: clientOf(args), rest: args.slice(authenticates ? 3 : 2) };
}

/** The provider and the client come first everywhere. */
export function clientOf([server, client]: readonly unknown[]): ClientIdentity {
  return {
    clientId: stringClaim(Object(client), 'client_id'),
    issuer: stringClaim(Object(server), 'issuer'),
  };
}

/** A parameter, in a URL or in whatever `URLSearchParams` is made from. */
export function parameterOf(parameters: unknown, name: string): string | undefined {
  const source = parameters instanceof URL ? parameters.searchParams : parameters;
  const value =
    source instanceof URLSearchParams ? source.get(name) : memberOf(entriesToObject(source), name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function entriesToObject(source: unknown): unknown {
  return Array.isArray(source) ? Object.fromEntries(source) : source;
}
