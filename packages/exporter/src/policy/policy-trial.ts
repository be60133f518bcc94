import { isJsonObject, type JsonObject } from '@spanledger/record';
import type { AuditPolicy, PolicyLevel } from './audit-policy.ts';
import { factsOfDocument } from './call-facts.ts';
import { CallerMemory } from './caller-memory.ts';
import { MAX_TRIAL_EXAMPLES } from './limits.ts';
import { PolicyEngine } from './policy-engine.ts';
import type { PolicyViolation } from './violations.ts';

/** How many records something holds of, and some of them. */
export interface TrialCount {
  records: number;
  /** Their `audit.record.id`, the first ones met. */
  examples: string[];
}

/** What one rule would do. */
export interface TrialRule extends TrialCount {
  rule: string;
  /** What it says; the records that may not be left out all the same are kept at `metadata`. */
  level: PolicyLevel;
}

/** Records whose level would be another. */
export interface TrialChange extends TrialCount {
  from: PolicyLevel;
  to: PolicyLevel;
}

/** What a policy would have made of records. */
export interface TrialReport {
  sha256: string;
  /** Records of spans and of what happened on them; those of the service itself no policy is about. */
  records: number;
  /** Every rule in its order, also those that no record matches, and `default`. */
  rules: TrialRule[];
  /** Only where something would change; most records first. */
  changes: TrialChange[];
  violations: ({ violation: PolicyViolation } & TrialCount)[];
}

/** The record of a span or of an event on it, as `mapSpan` names them. */
const RECORD_OF_SPAN = /^[0-9a-f]{32}-[0-9a-f]{16}-/;

/**
 * Finds out what a policy would have made of recorded calls, by the code that judges them at intake. What an earlier
 * policy left out is in no record, and what it cut may have hidden what a rule asks for; erased roles are unknown.
 */
export class PolicyTrial {
  readonly #engine: PolicyEngine;
  readonly #callers: CallerMemory = new CallerMemory();
  readonly #rules: Map<string, TrialRule>;
  readonly #changes: Map<string, TrialChange> = new Map();
  readonly #violations: Map<PolicyViolation, TrialCount> = new Map();
  /** Whether something happened on a span, only the records after it tell. */
  #held: { id: string; document: JsonObject } | undefined;
  #records = 0;

  constructor(policy: AuditPolicy) {
    this.#engine = new PolicyEngine(policy);
    this.#rules = new Map(
      [...policy.rules, policy.fallback].map(({ name, level }) => [
        name,
        { rule: name, level, records: 0, examples: [] },
      ]),
    );
  }

  /** Takes the next opened document, in the order of the ledger. */
  add(document: JsonObject): void {
    const audit = memberOf(document, 'audit');
    const id = memberOf(audit, 'record')?.['id'];
    if (typeof id !== 'string' || !RECORD_OF_SPAN.test(id)) return;
    const isEvent = this.#held !== undefined && id.startsWith(`${this.#held.id}-e`);
    this.#release(isEvent ? 1 : 0);
    if (/-e\d+$/.test(id)) this.#judge(id, document, 1);
    else this.#held = { id, document };
  }

  /** What was found, of all documents so far. */
  report(): TrialReport {
    this.#release(0);
    const violations = [...this.#violations].map(([violation, count]) => ({ violation, ...count }));
    return {
      sha256: this.#engine.policy.sha256,
      records: this.#records,
      rules: [...this.#rules.values()],
      changes: [...this.#changes.values()].sort((a, b) => b.records - a.records),
      violations: violations.sort((a, b) => (a.violation < b.violation ? -1 : 1)),
    };
  }

  #release(events: number): void {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#judge(held.id, held.document, events);
  }

  #judge(id: string, document: JsonObject, events: number): void {
    const audit = memberOf(document, 'audit');
    const session = memberOf(audit, 'session')?.['id'];
    const named = typeof session === 'string' ? { issuer: '', id: session } : undefined;
    const facts = factsOfDocument(document);
    this.#callers.learn(named, facts);
    this.#callers.recall(named, facts);
    const { rule, violations, isSkipped } = this.#engine.judge(facts, events);
    this.#records += 1;
    const ofRule = this.#rules.get(rule.name);
    if (ofRule !== undefined) note(ofRule, id);
    for (const violation of violations) noteIn(this.#violations, violation, () => ({}), id);
    const from = levelOf(memberOf(audit, 'policy')?.['level']);
    const to = rule.level === 'none' && !isSkipped ? 'metadata' : rule.level;
    if (from !== to) noteIn(this.#changes, `${from} ${to}`, () => ({ from, to }), id);
  }
}

function levelOf(level: unknown): PolicyLevel {
  return level === 'metadata' || level === 'request' ? level : 'full';
}

function noteIn<Key, More extends object>(
  counts: Map<Key, TrialCount & More>,
  key: Key,
  more: () => More,
  id: string,
): void {
  const count = counts.get(key) ?? { ...more(), records: 0, examples: [] };
  counts.set(key, count);
  note(count, id);
}

function note(count: TrialCount, id: string): void {
  count.records += 1;
  if (count.examples.length < MAX_TRIAL_EXAMPLES) count.examples.push(id);
}

function memberOf(parent: JsonObject | undefined, name: string): JsonObject | undefined {
  const value = parent?.[name];
  return isJsonObject(value) ? value : undefined;
}
