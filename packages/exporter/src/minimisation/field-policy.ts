import type { CommitmentGroup } from '@spanledger/record';
import type { FieldAction, FieldRule } from './field-rule.ts';
import { selectFields } from './field-selection.ts';

/** Services and routes whose rules are kept at hand; both come from outside. */
const MAX_CACHED_SCOPES = 4_096;

/** What the rules say about the fields of one service and route: a tree of member names for each group. */
export interface FieldNode {
  /** What is done with the field here, or with all below that no other rule is about. */
  action: FieldAction | undefined;
  children: Map<string, FieldNode>;
}

/** The rules that apply somewhere; absent for a group that none is about. */
export type ScopeRules = ReadonlyMap<CommitmentGroup, FieldNode>;

/** A rule, ready to be asked. */
interface PreparedRule {
  rule: FieldRule;
  services: ReadonlySet<string> | undefined;
  routes: readonly RegExp[] | undefined;
}

/** The rules about fields, by service and route. */
export class FieldPolicy {
  readonly #rules: readonly PreparedRule[];
  readonly #scopes: Map<string, ScopeRules> = new Map();

  /** @param rules - checked: each of their fields can be selected */
  constructor(rules: readonly FieldRule[]) {
    this.#rules = rules.map((rule) => ({
      rule,
      services: rule.services && new Set(rule.services),
      routes: rule.routes?.map(asPattern),
    }));
  }

  /** Whether there is nothing to do, anywhere. */
  get isEmpty(): boolean {
    return this.#rules.length === 0;
  }

  /** The rules for records of a service and a route, each empty where the record has none. */
  of(service: string, route: string): ScopeRules {
    const key = `${service}\n${route}`;
    const known = this.#scopes.get(key);
    if (known !== undefined) return known;
    const rules = this.#gather(service, route);
    if (this.#scopes.size < MAX_CACHED_SCOPES) this.#scopes.set(key, rules);
    return rules;
  }

  #gather(service: string, route: string): ScopeRules {
    const groups = new Map<CommitmentGroup, FieldNode>();
    for (const { rule, services, routes } of this.#rules) {
      if (services?.has(service) === false) continue;
      if (routes?.some((pattern) => pattern.test(route)) === false) continue;
      for (const name of rule.fields) {
        const selection = selectFields(name);
        if (typeof selection === 'string') continue;
        const root = groups.get(selection.group) ?? emptyNode();
        groups.set(selection.group, root);
        note(root, selection.path, rule.action);
      }
    }
    return groups;
  }
}

/** Notes what is done with a field, unless an earlier rule was about it, or about all that it is part of. */
function note(root: FieldNode, path: readonly string[], action: FieldAction): void {
  let node = root;
  for (const name of path) {
    if (node.action !== undefined) return;
    let child = node.children.get(name);
    if (child === undefined) {
      child = emptyNode();
      node.children.set(name, child);
    }
    node = child;
  }
  node.action ??= action;
}

function emptyNode(): FieldNode {
  return { action: undefined, children: new Map() };
}

function asPattern(glob: string): RegExp {
  const pieces = glob.split('*').map((piece) => piece.replace(/[.+?^${}()|[\]\\/]/g, String.raw`\$&`));
  return new RegExp(`^${pieces.join('.*')}$`, 's');
}
