import type { CompiledRule } from './compiled-rule.ts';
import type { Detector } from './detector.ts';
import { evidenceRecord } from './raised-alert.ts';
import type { RuleMemory } from './rule-memory.ts';
import { findStretch, hasSequence, insertValue } from './timeline.ts';
import { takeIntoTimeline } from './timeline-alert.ts';

/** One record of each selection, in this order, within the window. */
export function detectSequence(
  compiled: CompiledRule,
  memory: RuleMemory,
  steps: readonly string[],
): Detector {
  const { selections, rule } = compiled;
  return (record, timeMs) => {
    const fitting = steps.filter((step) => selections.get(step)?.(record) === true);
    if (fitting.length === 0) return undefined;
    return takeIntoTimeline(compiled, memory, record, timeMs, (entries) => {
      const { id, index } = evidenceRecord(record);
      const places = fitting.map((step) => insertValue(entries, [timeMs, 1, 0, step, id, index]));
      return findStretch(entries, Math.min(...places), rule.windowMs, (from, to) => {
        return hasSequence(entries, from, to, steps);
      });
    });
  };
}
