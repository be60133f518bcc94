import type { CallFacts } from './call-facts.ts';
import { MAX_REMEMBERED_SESSIONS } from './limits.ts';

/** A session, by what tells it from others. */
export interface SessionName {
  issuer: string;
  id: string;
}

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
  /** By issuer and id: two look-ups take less than putting a key together. */
  readonly #issuers: Map<string, Map<string, Caller>> = new Map();
  #count = 0;

  /** Takes note of what a record says of its session; undefined: it has none. */
  learn(session: SessionName | undefined, { roles, scopes }: CallFacts): void {
    if (session === undefined || (roles === undefined && scopes === undefined)) return;
    const known = this.#find(session);
    if (known !== undefined) {
      known.roles = roles ?? known.roles;
      known.scopes = scopes ?? known.scopes;
      return;
    }
    // Sessions come from outside: what is full is begun anew, and learnt again from the next roots.
    if (this.#count >= MAX_REMEMBERED_SESSIONS) {
      this.#issuers.clear();
      this.#count = 0;
    }
    let sessions = this.#issuers.get(session.issuer);
    if (sessions === undefined) this.#issuers.set(session.issuer, (sessions = new Map()));
    sessions.set(session.id, { roles, scopes });
    this.#count += 1;
  }

  /** Completes what a record does not say itself. */
  recall(session: SessionName | undefined, facts: CallFacts): void {
    if (session === undefined || (facts.roles !== undefined && facts.scopes !== undefined)) return;
    const known = this.#find(session);
    facts.roles ??= known?.roles;
    facts.scopes ??= known?.scopes;
  }

  #find({ issuer, id }: SessionName): Caller | undefined {
    return this.#issuers.get(issuer)?.get(id);
  }
}
