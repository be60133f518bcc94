import type { AuditPolicy, PolicyMatch, PolicyRule } from './audit-policy.ts';
import type { CallFacts } from './call-facts.ts';
import { MAX_CACHED_CALLS } from './limits.ts';
import { nameTest, plainPath, routeTest, type TextTest } from './pattern.ts';

/** A rule, made ready. A test that is absent asks nothing. */
interface ReadyRule {
  rule: PolicyRule;
  service: TextTest | undefined;
  client: TextTest | undefined;
  route: TextTest | undefined;
  method: TextTest | undefined;
  outcome: TextTest | undefined;
  action: TextTest | undefined;
  role: TextTest | undefined;
  scope: TextTest | undefined;
}

/** A call that was met lately. */
interface RecentCall {
  facts: CallFacts;
  candidates: readonly ReadyRule[];
}

/** A power of two. */
const RECENT_CALLS = 1024;

/**
 * Finds the rule of a call: the first that matches. What depends on service, client, route, method, outcome and action is
 * found once for each such call and kept; roles and scopes, and the path of a call without a route, are looked at each
 * time.
 */
export class RuleTable {
  readonly #rules: readonly ReadyRule[];
  readonly #fallback: PolicyRule;
  /** The rules that may match, in their order, up to the first that does whatever else there is. */
  readonly #cache: Map<string, readonly ReadyRule[]> = new Map();
  /** The same for the calls met last, by a cheap hash: comparing them takes less than putting a key together. */
  readonly #recent: (RecentCall | undefined)[] = Array.from({ length: RECENT_CALLS }, () => undefined);
  /** Whether any rule asks for roles or scopes. */
  readonly asksForCaller: boolean;
  /** Whether any rule asks for the route, for which the path stands where there is none. */
  readonly asksForPath: boolean;

  constructor({ rules, fallback }: Pick<AuditPolicy, 'rules' | 'fallback'>) {
    this.#rules = rules.map(readyRule);
    this.#fallback = fallback;
    this.asksForPath = this.#rules.some(({ route }) => route !== undefined);
    this.asksForCaller = this.#rules.some(({ role, scope }) => role !== undefined || scope !== undefined);
  }

  /** The first rule that matches; the fallback where none does. */
  find(facts: CallFacts): PolicyRule {
    const candidates = this.#candidates(facts);
    for (const candidate of candidates) {
      if (
        matchesCaller(candidate, facts) &&
        (facts.route !== undefined || matchesPath(candidate, facts.path))
      )
        return candidate.rule;
    }
    return this.#fallback;
  }

  #candidates(facts: CallFacts): readonly ReadyRule[] {
    const slot = slotOf(facts);
    const recent = this.#recent[slot];
    if (recent !== undefined && isSameCall(recent.facts, facts)) return recent.candidates;
    const candidates = this.#cached(facts);
    this.#recent[slot] = { facts, candidates };
    return candidates;
  }

  #cached(facts: CallFacts): readonly ReadyRule[] {
    const { service, client, route = '', method, outcome, action, verb } = facts;
    // The action of a call of HTTP is made of method and route; of any other it stands for itself.
    const key = `${service}\n${client}\n${action}\n${route}\n${method}\n${outcome}\n${verb}`;
    let candidates = this.#cache.get(key);
    if (candidates === undefined) {
      candidates = this.#selectCandidates(facts);
      // Names come from outside: what is full is begun anew.
      if (this.#cache.size >= MAX_CACHED_CALLS) this.#cache.clear();
      this.#cache.set(key, candidates);
    }
    return candidates;
  }

  #selectCandidates(facts: CallFacts): ReadyRule[] {
    const candidates: ReadyRule[] = [];
    for (const candidate of this.#rules) {
      if (!matchesCall(candidate, facts)) continue;
      candidates.push(candidate);
      const { role, scope, route } = candidate;
      const isDecided = facts.route !== undefined || route === undefined;
      if (role === undefined && scope === undefined && isDecided) break;
    }
    return candidates;
  }
}

/** Where a call may stand among the recent ones: by lengths, and characters that differ between routes. */
function slotOf({ service, client, action, outcome, route = '' }: CallFacts): number {
  let hash = (service.length << 5) ^ (client.length << 2) ^ outcome.length;
  hash = Math.imul(hash ^ action.length, 0x01000193) ^ action.charCodeAt(action.length >> 1);
  hash = Math.imul(hash, 0x01000193) ^ action.charCodeAt(action.length - 1) ^ (route.length << 3);
  hash = Math.imul(hash, 0x01000193) ^ service.charCodeAt(service.length - 1);
  return (hash ^ (hash >>> 15)) & (RECENT_CALLS - 1);
}

function isSameCall(a: CallFacts, b: CallFacts): boolean {
  return (
    a.action === b.action &&
    a.route === b.route &&
    a.service === b.service &&
    a.client === b.client &&
    a.method === b.method &&
    a.outcome === b.outcome &&
    a.verb === b.verb
  );
}

function readyRule(rule: PolicyRule): ReadyRule {
  const names = (field: Exclude<keyof PolicyMatch, 'route'>): TextTest | undefined => {
    const patterns = rule.match[field];
    return patterns && nameTest(patterns);
  };
  return {
    rule,
    service: names('service'),
    client: names('client'),
    route: rule.match.route && routeTest(rule.match.route),
    method: names('method'),
    outcome: names('outcome'),
    action: names('action'),
    role: names('role'),
    scope: names('scope'),
  };
}

/** What is the same for all calls of one kind; the path of one without a route is looked at later. */
function matchesCall(ready: ReadyRule, facts: CallFacts): boolean {
  const { service, client, route, method, outcome, action } = ready;
  return (
    (service === undefined || service(facts.service)) &&
    (client === undefined || client(facts.client)) &&
    (route === undefined || facts.route === undefined || route(facts.route)) &&
    (method === undefined || method(facts.method)) &&
    (outcome === undefined || outcome(facts.outcome)) &&
    (action === undefined || action(facts.action) || action(facts.verb))
  );
}

function matchesCaller({ role, scope }: ReadyRule, { roles, scopes }: CallFacts): boolean {
  return (
    (role === undefined || (roles?.some(role) ?? false)) &&
    (scope === undefined || (scopes?.some(scope) ?? false))
  );
}

/** A path that is written so that it may mean another one fits no rule that leaves calls out. */
function matchesPath({ route, rule }: ReadyRule, path: string | undefined): boolean {
  if (route === undefined) return true;
  if (path === undefined) return false;
  const plain = plainPath(path);
  return route(plain) && (rule.level !== 'none' || plain === path);
}
