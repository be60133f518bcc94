import { isJsonObject, type JsonObject, type RecordDraft } from '@spanledger/record';
import type { PolicyVerdict, SkippedSpan } from '../intake-policy.ts';
import type { AuditPolicy, PolicyRule } from './audit-policy.ts';
import { type CallFacts, factsOfDraft } from './call-facts.ts';
import type { CallerMemory } from './caller-memory.ts';
import { type LevelCut, levelCut } from './record-level.ts';
import { RuleTable } from './rule-table.ts';
import { type PolicyViolation, Violations } from './violations.ts';

/** What a rule does to a record. */
interface RuleEffect {
  /** `audit.policy` of records without violations; shared, never changed. */
  stamp: JsonObject;
  cut: LevelCut | undefined;
}

/** What a policy says of one call. */
export interface PolicyJudgement {
  rule: PolicyRule;
  violations: readonly PolicyViolation[];
  /** Whether the span would be in no record; only a span on which nothing happened may be. */
  isSkipped: boolean;
}

/** One policy, ready to be applied: patterns compiled, what each rule does prepared. */
export class PolicyEngine {
  readonly policy: AuditPolicy;
  readonly #rules: RuleTable;
  readonly #violations: Violations;
  readonly #effects: ReadonlyMap<PolicyRule, RuleEffect>;
  /** Whether it matters who calls. */
  readonly #asksForCaller: boolean;

  constructor(policy: AuditPolicy) {
    this.policy = policy;
    this.#rules = new RuleTable(policy);
    this.#violations = new Violations(policy);
    this.#asksForCaller = this.#rules.asksForCaller || !this.#violations.isEmpty;
    this.#effects = new Map(
      [...policy.rules, policy.fallback].map((rule) => [
        rule,
        { stamp: makeStamp(rule, policy.sha256, []), cut: levelCut(rule) },
      ]),
    );
  }

  /** See {@link IntakePolicy.isLocal}. */
  get isLocal(): boolean {
    return !this.#asksForCaller;
  }

  /** See {@link IntakePolicy.isSettledBy}. */
  isSettledBy(draft: RecordDraft): boolean {
    return this.isLocal && (!this.#rules.asksForPath || factsOfDraft(draft, true).route !== undefined);
  }

  /** What the policy says of a call; `events` is how many lifecycle events are on the span. */
  judge(facts: CallFacts, events: number): PolicyJudgement {
    const rule = this.#rules.find(facts);
    const violations = this.#violations.isEmpty ? [] : this.#violations.find(facts);
    const isSkipped = rule.level === 'none' && events === 0 && violations.length === 0 && isOrdinary(facts);
    return { rule, violations, isSkipped };
  }

  /** See {@link IntakePolicy.apply}. */
  apply(spans: readonly RecordDraft[][], callers: CallerMemory): PolicyVerdict {
    const verdict: PolicyVerdict = { drafts: [], skipped: [] };
    const facts: CallFacts[] = [];
    for (const drafts of spans) {
      for (let of = 0; of < drafts.length; of++) {
        const draft = drafts[of];
        if (draft !== undefined) facts.push(factsOfDraft(draft, of === 0));
      }
    }
    if (this.#asksForCaller) {
      // A root ends after its children: what it says is known before any of them is judged.
      eachDraft(spans, facts, ({ session }, fact) => {
        callers.learn(session, fact);
      });
      eachDraft(spans, facts, ({ session }, fact) => {
        callers.recall(session, fact);
      });
    }
    eachDraft(spans, facts, (draft, fact, events, isSpan) => {
      const judgement = this.judge(fact, events);
      if (judgement.isSkipped && isSpan) {
        verdict.skipped.push(this.#skip(draft, fact, judgement.rule));
        return;
      }
      this.#mark(draft, judgement);
      verdict.drafts.push(draft);
    });
    return verdict;
  }

  #skip({ id, producer, clear }: RecordDraft, { service }: CallFacts, { name }: PolicyRule): SkippedSpan {
    const timestamp = clear['@timestamp'];
    return {
      id,
      ...(producer !== undefined && { producer }),
      rule: name,
      sha256: this.policy.sha256,
      service,
      timestamp: typeof timestamp === 'string' ? timestamp : '',
    };
  }

  #mark(draft: RecordDraft, { rule, violations }: PolicyJudgement): void {
    const effect = this.#effects.get(rule);
    const { audit } = draft.clear;
    if (effect === undefined || !isJsonObject(audit)) return;
    audit['policy'] =
      violations.length === 0 ? effect.stamp : makeStamp(rule, this.policy.sha256, violations);
    effect.cut?.(draft);
  }
}

/** Whether nothing is to be known of a call but that it was made: business actions are recorded whatever the route is. */
function isOrdinary({ isInbound, action, method, route }: CallFacts): boolean {
  return isInbound && action === (route === undefined ? method : `${method} ${route}`);
}

function makeStamp(rule: PolicyRule, sha256: string, violations: readonly PolicyViolation[]): JsonObject {
  const { name, level, retention, severity } = rule;
  return {
    // What a rule would leave out and has to be recorded all the same is cut as far as can be.
    level: level === 'none' ? 'metadata' : level,
    ...(retention !== undefined && { retention }),
    rule: name,
    ...(severity !== undefined && { severity }),
    sha256,
    ...(violations.length > 0 && { violations: [...violations] }),
  };
}

/**
 * Calls `work` with each draft, its facts, how many events are on its span, and whether it is the span's own.
 *
 * @param facts - of all drafts, in their order
 */
function eachDraft(
  spans: readonly RecordDraft[][],
  facts: readonly CallFacts[],
  work: (draft: RecordDraft, facts: CallFacts, events: number, isSpan: boolean) => void,
): void {
  let next = 0;
  for (const drafts of spans) {
    for (let of = 0; of < drafts.length; of++) {
      const draft = drafts[of];
      const fact = facts[next++];
      if (draft !== undefined && fact !== undefined) work(draft, fact, drafts.length - 1, of === 0);
    }
  }
}
