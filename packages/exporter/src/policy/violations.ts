import type { AuditPolicy, ProtectedRoute } from './audit-policy.ts';
import type { CallFacts } from './call-facts.ts';
import { MAX_CACHED_CALLS } from './limits.ts';
import { nameTest, plainPath, routeTest, type TextTest } from './pattern.ts';

/**
 * What does not fit the policy, as `audit.policy.violations` has it. `role_too_low` and `scope_missing`: whoever called
 * got in without the role or scope that the route is protected by; `role_refused` and `scope_refused`: tried to, and was
 * turned away (401, 403); `role_unknown` and `scope_unknown`: got in, and nobody knows with what roles or scopes;
 * `scope_not_requestable`: a client asked for scopes that it may not ask for.
 */
export type PolicyViolation =
  | 'role_refused'
  | 'role_too_low'
  | 'role_unknown'
  | 'scope_missing'
  | 'scope_not_requestable'
  | 'scope_refused'
  | 'scope_unknown';

/** A protected route, made ready. */
interface ReadyRoute {
  route: TextTest;
  path: TextTest;
  method: TextTest | undefined;
  service: TextTest | undefined;
  roles: ReadonlySet<string> | undefined;
  scopes: ReadonlySet<string> | undefined;
}

const NONE: readonly PolicyViolation[] = [];
const REFUSED: ReadonlySet<number> = new Set([401, 403]);
/** Nothing is there, or not for this method: a path that is spelt like a protected one reached nothing. */
const NOTHING_THERE: ReadonlySet<number> = new Set([404, 405]);

/** Finds what does not fit the protected routes of a policy, and the scopes that clients may ask for. */
export class Violations {
  readonly #routes: readonly ReadyRoute[];
  readonly #clients: ReadonlyMap<string, ReadonlySet<string>>;
  /** Undefined where no route is protected. */
  readonly #anyPath: TextTest | undefined;
  readonly #cache: Map<string, readonly ReadyRoute[]> = new Map();

  constructor({ protectedRoutes, clients }: Pick<AuditPolicy, 'protectedRoutes' | 'clients'>) {
    this.#routes = protectedRoutes.map(readyRoute);
    this.#clients = new Map(clients.map(({ client, scopes }) => [client, new Set(scopes)]));
    const patterns = protectedRoutes.flatMap(({ route }) => route);
    this.#anyPath = patterns.length === 0 ? undefined : routeTest(patterns, true);
  }

  /** Whether a call can violate anything. */
  get isEmpty(): boolean {
    return this.#anyPath === undefined && this.#clients.size === 0;
  }

  /** What does not fit, in alphabetical order, each once. */
  find(facts: CallFacts): readonly PolicyViolation[] {
    if (
      facts.requested !== undefined &&
      this.#clients.size > 0 &&
      this.#isBeyond(facts.client, facts.requested)
    )
      return ['scope_not_requestable'];
    if (!facts.isInbound || this.#anyPath === undefined) return NONE;
    const routes = this.#protecting(facts, this.#anyPath);
    if (routes.length === 0) return NONE;
    const found = new Set<PolicyViolation>();
    const isRefused = REFUSED.has(facts.status);
    for (const { roles, scopes } of routes) {
      if (roles !== undefined && !(facts.roles?.some((role) => roles.has(role)) ?? false)) {
        if (facts.roles !== undefined) found.add(isRefused ? 'role_refused' : 'role_too_low');
        else if (!isRefused) found.add('role_unknown');
      }
      if (scopes !== undefined && !(facts.scopes?.some((scope) => scopes.has(scope)) ?? false)) {
        if (facts.scopes !== undefined) found.add(isRefused ? 'scope_refused' : 'scope_missing');
        else if (!isRefused) found.add('scope_unknown');
      }
    }
    return found.size === 0 ? NONE : [...found].sort();
  }

  /** Of the granted scopes those that a call needed: it reached a route that asks for one of them. */
  scopesUsed(facts: CallFacts): readonly string[] {
    const { isInbound, scopes: granted = [], status } = facts;
    if (!isInbound || this.#anyPath === undefined || REFUSED.has(status)) return [];
    const routes = this.#protecting(facts, this.#anyPath);
    return granted.filter((scope) => routes.some(({ scopes }) => scopes?.has(scope) ?? false));
  }

  #isBeyond(client: string, requested: readonly string[]): boolean {
    const allowed = this.#clients.get(client);
    return allowed !== undefined && requested.some((scope) => !allowed.has(scope));
  }

  /** The routes that protect what was called: by its route, and by its path, which is what the caller chose. */
  #protecting(facts: CallFacts, anyPath: TextTest): readonly ReadyRoute[] {
    const { service, method, route, path, status } = facts;
    const byRoute = route === undefined ? [] : this.#byRoute(service, method, route);
    if (path === undefined) return byRoute;
    const plain = plainPath(path);
    // Where a route answered, it says what was reached; a path alone may have reached nothing.
    if (!anyPath(plain) || (route === undefined && NOTHING_THERE.has(status))) return byRoute;
    const byPath = this.#routes.filter((ready) => concerns(ready, service, method) && ready.path(plain));
    return [...new Set([...byRoute, ...byPath])];
  }

  #byRoute(service: string, method: string, route: string): readonly ReadyRoute[] {
    const key = `${service}\n${method}\n${route}`;
    let routes = this.#cache.get(key);
    if (routes === undefined) {
      routes = this.#routes.filter((ready) => concerns(ready, service, method) && ready.route(route));
      if (this.#cache.size >= MAX_CACHED_CALLS) this.#cache.clear();
      this.#cache.set(key, routes);
    }
    return routes;
  }
}

function readyRoute({ route, method, service, roles, scopes }: ProtectedRoute): ReadyRoute {
  return {
    route: routeTest(route),
    path: routeTest(route, true),
    method: method && nameTest(method),
    service: service && nameTest(service),
    roles: roles && new Set(roles),
    scopes: scopes && new Set(scopes),
  };
}

function concerns(ready: ReadyRoute, service: string, method: string): boolean {
  return (
    (ready.service === undefined || ready.service(service)) &&
    (ready.method === undefined || ready.method(method))
  );
}
