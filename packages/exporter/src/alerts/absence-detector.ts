import { evidenceOf } from '../derived-draft.ts';
import type { CompiledRule } from './compiled-rule.ts';
import type { Detector } from './detector.ts';
import { type KeyStates, NEVER } from './key-state.ts';
import { evidenceRecord, type RaisedAlert } from './raised-alert.ts';
import { timestampOf } from '../timestamp.ts';
import type { AlertRule } from './rule.ts';
import { expiryOf, isSuppressed, type RuleMemory } from './rule-memory.ts';
import { LATENESS_MS } from './timeline.ts';

/** Notes what is to be followed by something. That may be in the ledger before what it must follow. */
export function awaitFollowing({ matches, absent, rule }: CompiledRule, memory: RuleMemory): Detector {
  return (record, timeMs) => {
    const isAwaited = absent?.(record) ?? false;
    const isTrigger = matches(record);
    if (!isAwaited && !isTrigger) return undefined;
    const key = memory.keyOf(record);
    if (key === undefined) return undefined;
    const state = memory.read(key);
    if (isAwaited) state.seenMs = Math.max(state.seenMs ?? 0, timeMs);
    const { id, index } = evidenceRecord(record);
    if (isTrigger && state.awaits === undefined) {
      state.awaits = { sinceMs: timeMs, timestamp: record.record['@timestamp'], recordId: id, index };
    }
    const { awaits, seenMs = Number.NEGATIVE_INFINITY } = state;
    if (awaits !== undefined && seenMs >= awaits.sinceMs && seenMs <= awaits.sinceMs + rule.windowMs) {
      delete state.awaits;
    }
    memory.write(key, state, timeMs);
    return undefined;
  };
}

/**
 * What did not come about in time.
 *
 * @param rules - those that await something
 * @param nowMs - milliseconds since the epoch
 */
export function overdueAlerts(
  rules: ReadonlyMap<string, AlertRule>,
  states: KeyStates,
  nowMs: number,
): RaisedAlert[] {
  const raised: RaisedAlert[] = [];
  const until = (id: string): number => nowMs - (rules.get(id)?.windowMs ?? NEVER) - LATENESS_MS;
  for (const { rule: id, key, state } of states.awaiting(until)) {
    const rule = rules.get(id);
    const { awaits } = state;
    if (rule === undefined || awaits === undefined) continue;
    delete state.awaits;
    const deadlineMs = awaits.sinceMs + rule.windowMs;
    if (!isSuppressed(state, deadlineMs, rule)) {
      state.alertedMs = deadlineMs;
      const trigger = { id: awaits.recordId, index: awaits.index };
      raised.push({
        rule,
        severity: rule.severity,
        timestamp: timestampOf(deadlineMs),
        trigger,
        evidence: evidenceOf([trigger]),
        first: awaits.timestamp,
        last: awaits.timestamp,
      });
    }
    states.set(id, key, state, expiryOf(state, deadlineMs, rule));
  }
  return raised;
}
