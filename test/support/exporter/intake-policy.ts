import type { IntakePolicy } from '../../../packages/exporter/src/intake-policy.ts';
import { CallerMemory } from '../../../packages/exporter/src/policy/caller-memory.ts';
import { parsePolicy } from '../../../packages/exporter/src/policy/parse-policy.ts';
import { PolicyEngine } from '../../../packages/exporter/src/policy/policy-engine.ts';

/** An audit policy as the intake asks it; what it leaves out is accounted for nowhere. */
export function makeIntakePolicy(text: string): IntakePolicy {
  const parsed = parsePolicy(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const engine = new PolicyEngine(parsed.policy);
  const callers = new CallerMemory();
  return {
    sha256: engine.policy.sha256,
    isLocal: engine.isLocal,
    isSettledBy: (draft) => engine.isSettledBy(draft),
    apply: (spans) => engine.apply(spans, callers),
    account: () => Promise.resolve(),
  };
}
