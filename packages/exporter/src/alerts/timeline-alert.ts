import type { FollowedRecord } from '../followed-records.ts';
import type { CompiledRule } from './compiled-rule.ts';
import type { KeyState } from './key-state.ts';
import type { RaisedAlert } from './raised-alert.ts';
import type { RuleMemory } from './rule-memory.ts';
import { countIn, forgetOld, recordsIn, type Stretch, thinRuns, type TimelineEntry } from './timeline.ts';

/**
 * Puts a record into the timeline of its key, and raises the alert that it completes there.
 *
 * @param insert - puts it there; returns the stretch that is complete with it
 */
export function takeIntoTimeline(
  { rule, hasRuns }: CompiledRule,
  memory: RuleMemory,
  record: FollowedRecord,
  timeMs: number,
  insert: (entries: TimelineEntry[], state: KeyState) => Stretch | undefined,
): RaisedAlert | undefined {
  const key = memory.keyOf(record);
  if (key === undefined) return undefined;
  const state = memory.read(key);
  const entries = (state.timeline ??= []);
  const stretch = insert(entries, state);
  const found = stretch && {
    records: recordsIn(entries, stretch),
    count: countIn(entries, stretch.from, stretch.to),
    firstMs: entries[stretch.from]?.[0],
    lastMs: entries[stretch.to]?.[0],
  };
  if (hasRuns) thinRuns(entries, rule.windowMs);
  forgetOld(entries, rule.windowMs);
  if (found === undefined) {
    memory.write(key, state, timeMs);
    return undefined;
  }
  const { records, ...extent } = found;
  return memory.raise(record, timeMs, key, state, records, extent);
}
