import type { CompiledRule } from './compiled-rule.ts';
import type { Detector } from './detector.ts';
import { evidenceRecord } from './raised-alert.ts';
import type { Detection } from './rule.ts';
import type { RuleMemory } from './rule-memory.ts';
import { numberOf } from './selection.ts';
import { countIn, findStretch, insertCounted, MAX_EXACT_COUNT, STRETCHES, sumIn } from './timeline.ts';
import type { TimelineEntry } from './timeline.ts';
import { takeIntoTimeline } from './timeline-alert.ts';

type IsComplete = (entries: readonly TimelineEntry[], from: number, to: number) => boolean;

/** Each record that matches is an alert. */
export function detectEach({ matches }: CompiledRule, memory: RuleMemory): Detector {
  return (record, timeMs) => {
    if (!matches(record)) return undefined;
    const key = memory.keyOf(record, true);
    if (key === undefined) return undefined;
    return memory.raise(record, timeMs, key, memory.read(key), [evidenceRecord(record)]);
  };
}

/** So many records within the window. */
export function detectCount(compiled: CompiledRule, memory: RuleMemory, atLeast: number): Detector {
  const stretchMs = atLeast > MAX_EXACT_COUNT ? compiled.rule.windowMs / STRETCHES : 0;
  return countRecords(compiled, memory, stretchMs, (entries, from, to) => {
    return countIn(entries, from, to) >= atLeast;
  });
}

/** Values that add up to so much within the window, or so many records. */
export function detectSum(
  compiled: CompiledRule,
  memory: RuleMemory,
  { atLeast, orCount }: Extract<Detection, { type: 'sum' }>,
): Detector {
  return countRecords(compiled, memory, compiled.rule.windowMs / STRETCHES, (entries, from, to) => {
    return sumIn(entries, from, to) >= atLeast || countIn(entries, from, to) >= orCount;
  });
}

/** @param stretchMs - records of one stretch of this length count as one entry; 0: each is one */
function countRecords(
  compiled: CompiledRule,
  memory: RuleMemory,
  stretchMs: number,
  isComplete: IsComplete,
): Detector {
  const { matches, value, rule } = compiled;
  return (record, timeMs) => {
    if (!matches(record)) return undefined;
    // Where there is no number there is nothing to add.
    const sum = numberOf(value?.(record)[0] ?? 0) || 0;
    return takeIntoTimeline(compiled, memory, record, timeMs, (entries) => {
      const { id, index } = evidenceRecord(record);
      const at = insertCounted(entries, [timeMs, 1, sum, '', id, index], stretchMs);
      return findStretch(entries, at, rule.windowMs - stretchMs, (from, to) => isComplete(entries, from, to));
    });
  };
}
