import { BoundedMap } from '../session/bounded-map.ts';
import { tokenKey } from '../session/token.ts';

/** How many people may be on their way through a login at once and still have their requested scopes known. */
export const MAX_PENDING_AUTHORIZATIONS = 10_000;

/** What was asked of the provider, until the person comes back: by digest of `state`, which is a secret of the two. */
export class PendingAuthorizations {
  readonly #scopes = new BoundedMap<string, readonly string[]>(MAX_PENDING_AUTHORIZATIONS);

  /** Notes the scopes of an authorization request. */
  ask(state: string | undefined, scope: readonly string[] | undefined): void {
    if (state !== undefined && scope !== undefined) this.#scopes.set(tokenKey(state), scope);
  }

  /** The scopes that were asked for with this `state`. */
  requestedWith(state: string | undefined): readonly string[] | undefined {
    return state === undefined ? undefined : this.#scopes.get(tokenKey(state));
  }
}
