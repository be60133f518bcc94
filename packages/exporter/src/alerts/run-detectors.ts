import type { CompiledRule } from './compiled-rule.ts';
import type { Detector } from './detector.ts';
import { evidenceRecord } from './raised-alert.ts';
import type { RuleMemory } from './rule-memory.ts';
import {
  changesIn,
  findStretch,
  insertValue,
  isRepetition,
  type TimelineEntry,
  valuesIn,
} from './timeline.ts';
import { takeIntoTimeline } from './timeline-alert.ts';

type Measure = (entries: readonly TimelineEntry[], from: number, to: number) => number;

/** A field has so many different values within the window. */
export function detectDistinct(compiled: CompiledRule, memory: RuleMemory, atLeast: number): Detector {
  return followValue(compiled, memory, valuesIn, atLeast);
}

/** The value of a field changes so often within the window. */
export function detectChanges(compiled: CompiledRule, memory: RuleMemory, atLeast: number): Detector {
  return followValue(compiled, memory, changesIn, atLeast);
}

function followValue(
  compiled: CompiledRule,
  memory: RuleMemory,
  measure: Measure,
  atLeast: number,
): Detector {
  const { matches, value: read, rule } = compiled;
  return (record, timeMs) => {
    if (!matches(record)) return undefined;
    const [value] = read?.(record) ?? [];
    if (value === undefined) return undefined;
    const token = memory.hide(String(value));
    return takeIntoTimeline(compiled, memory, record, timeMs, (entries, state) => {
      const { id, index } = evidenceRecord(record);
      const at = insertValue(entries, [timeMs, 1, 0, token, id, index]);
      // What it would complete was complete without it, and then an alert was raised, or nothing is to be raised now.
      const isNothingNew = state.alertedMs === undefined || memory.isQuiet(state, timeMs);
      if (isNothingNew && isRepetition(entries, at)) return undefined;
      return findStretch(entries, at, rule.windowMs, (from, to) => measure(entries, from, to) >= atLeast);
    });
  };
}
