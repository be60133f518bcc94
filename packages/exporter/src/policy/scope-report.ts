import type { JsonObject } from '@spanledger/record';
import type { AuditPolicy } from './audit-policy.ts';
import { factsOfDocument } from './call-facts.ts';
import { MAX_REPORTED_SCOPES } from './limits.ts';
import { Violations } from './violations.ts';

/** What became of a scope that a client was granted. */
export interface ScopeUse {
  client: string;
  scope: string;
  /** Records that say it was granted: calls with the token, and what happened to tokens. */
  granted: number;
  /** Calls that reached a route which asks for it. */
  used: number;
  /** `unasked`: no protected route asks for it, so that nobody can tell. */
  state: 'used' | 'never_used' | 'unasked';
}

/** Finds the scopes that were granted and never used, by the routes that the policy protects with them. */
export class ScopeReport {
  readonly #violations: Violations;
  readonly #asked: ReadonlySet<string>;
  readonly #uses: Map<string, ScopeUse> = new Map();
  #isCut = false;

  constructor(policy: AuditPolicy) {
    this.#violations = new Violations(policy);
    this.#asked = new Set(policy.protectedRoutes.flatMap(({ scopes }) => scopes ?? []));
  }

  /** Whether there were more clients and scopes than are followed. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Takes an opened document, in any order. */
  add(document: JsonObject): void {
    const facts = factsOfDocument(document);
    if (facts.scopes === undefined) return;
    const used = new Set(this.#violations.scopesUsed(facts));
    for (const scope of new Set(facts.scopes)) {
      const use = this.#use(facts.client, scope);
      if (use === undefined) continue;
      use.granted += 1;
      if (!used.has(scope)) continue;
      use.used += 1;
      use.state = 'used';
    }
  }

  /** By client and scope. */
  uses(): ScopeUse[] {
    return [...this.#uses.values()].sort((a, b) =>
      a.client === b.client ? compare(a.scope, b.scope) : compare(a.client, b.client),
    );
  }

  #use(client: string, scope: string): ScopeUse | undefined {
    const key = JSON.stringify([client, scope]);
    let use = this.#uses.get(key);
    if (use !== undefined) return use;
    if (this.#uses.size >= MAX_REPORTED_SCOPES) {
      this.#isCut = true;
      return undefined;
    }
    use = { client, scope, granted: 0, used: 0, state: this.#asked.has(scope) ? 'never_used' : 'unasked' };
    this.#uses.set(key, use);
    return use;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
