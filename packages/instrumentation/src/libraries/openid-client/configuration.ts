import { memberOf, methodOf } from '../../attach/global-api.ts';
import type { ClientIdentity } from '../../events/client.ts';
import { stringClaim } from '../../session/claims.ts';

/** Its metadata are deep copies each time, so one look per configuration is enough. */
const known = new WeakMap<object, ClientIdentity>();

/** Reads the client and the provider of a `Configuration`. */
export function clientIdentity(configuration: unknown): ClientIdentity {
  if (typeof configuration !== 'object' || configuration === null)
    return { clientId: undefined, issuer: undefined };
  const cached = known.get(configuration);
  if (cached !== undefined) return cached;
  const client: unknown = methodOf(configuration, 'clientMetadata')?.();
  const server: unknown = methodOf(configuration, 'serverMetadata')?.();
  const identity = {
    clientId: stringClaim(Object(client), 'client_id'),
    issuer: stringClaim(Object(server), 'issuer'),
  };
  known.set(configuration, identity);
  return identity;
}

/** The secret by which a client authenticates, where its metadata have it: a provider may quote it in its refusal. */
export function clientSecret(configuration: unknown): string | undefined {
  return stringClaim(Object(methodOf(configuration, 'clientMetadata')?.()), 'client_secret');
}

/** A parameter of a call: functions take `URLSearchParams`, or an object of strings. */
export function parameterOf(parameters: unknown, name: string): string | undefined {
  const value: unknown =
    parameters instanceof URLSearchParams ? parameters.get(name) : memberOf(parameters, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
