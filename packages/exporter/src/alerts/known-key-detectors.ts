import type { CompiledRule } from './compiled-rule.ts';
import type { Detector } from './detector.ts';
import { NEVER } from './key-state.ts';
import { alertOf, evidenceRecord } from './raised-alert.ts';
import { type RuleMemory, toStep } from './rule-memory.ts';

/** How long an account is remembered that a rule waits for the return of. */
const REMEMBERED_MS = 400 * 86_400_000;

/** The key of what a rule knows as a whole. */
const WHOLE = '';

/** A key that was never seen before, by a rule that knows the log for so long. */
export function detectFirst(compiled: CompiledRule, memory: RuleMemory, learningMs: number): Detector {
  return (record, timeMs) => {
    if (!compiled.matches(record)) return undefined;
    const key = memory.keyOf(record);
    if (key === undefined) return undefined;
    const whole = memory.read(WHOLE);
    const begunMs = whole.seenMs ?? timeMs;
    if (whole.seenMs === undefined || timeMs < whole.seenMs) {
      whole.seenMs = timeMs;
      memory.keep(WHOLE, whole, NEVER);
    }
    if (memory.find(key) !== undefined) return undefined;
    memory.keep(key, { seenMs: timeMs }, NEVER);
    if (timeMs - begunMs < learningMs) return undefined;
    return alertOf(compiled, record, [evidenceRecord(record)]);
  };
}

/** A key that was not seen for so long, and was seen before. */
export function detectReturn(compiled: CompiledRule, memory: RuleMemory, afterMs: number): Detector {
  return (record, timeMs) => {
    if (!compiled.matches(record)) return undefined;
    const key = memory.keyOf(record);
    if (key === undefined) return undefined;
    const state = memory.read(key);
    const before = state.seenMs;
    state.seenMs = Math.max(before ?? 0, timeMs);
    memory.keep(key, state, toStep(state.seenMs + REMEMBERED_MS));
    if (before === undefined || timeMs - before < afterMs) return undefined;
    return alertOf(compiled, record, [evidenceRecord(record)]);
  };
}
