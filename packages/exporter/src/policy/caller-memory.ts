import type { CallFacts } from './call-facts.ts';
import { MAX_REMEMBERED_SESSIONS } from './limits.ts';

/** What a session's spans said last of whoever acts in it. */
interface Caller {
  roles: readonly string[] | undefined;
  scopes: readonly string[] | undefined;
}

/**
 * Roles and scopes stand on the local root of a request and on lifecycle events; the other spans of the session have
 * its id only. They are judged by what the session's roots said last.
 */
export class CallerMemory {
  readonly #sessions: Map<string, Caller> = new Map();

  /**
   * Takes note of what a record says of its session.
   *
   * @param key - names the session; undefined: the record has none
   */
  learn(key: string | undefined, { roles, scopes }: CallFacts): void {
    if (key === undefined || (roles === undefined && scopes === undefined)) return;
    const known = this.#sessions.get(key);
    if (known !== undefined) {
      known.roles = roles ?? known.roles;
      known.scopes = scopes ?? known.scopes;
      return;
    }
    if (this.#sessions.size >= MAX_REMEMBERED_SESSIONS) this.#forgetOldest();
    this.#sessions.set(key, { roles, scopes });
  }

  /** Completes what a record does not say itself. */
  recall(key: string | undefined, facts: CallFacts): void {
    if (key === undefined || (facts.roles !== undefined && facts.scopes !== undefined)) return;
    const known = this.#sessions.get(key);
    facts.roles ??= known?.roles;
    facts.scopes ??= known?.scopes;
  }

  #forgetOldest(): void {
    for (const oldest of this.#sessions.keys()) {
      this.#sessions.delete(oldest);
      return;
    }
  }
}
