import type { AlertSeverity, EvidenceFields } from '@spanledger/record';

import { timestampOf } from '../timestamp.ts';
import { evidenceOf, type EvidenceRecord } from '../derived-draft.ts';
import type { FollowedRecord } from '../followed-records.ts';
import { addSample } from './baseline.ts';
import { type CompiledRule, compileRule } from './compiled-rule.ts';
import { type KeyState, type KeyStates, NEVER } from './key-state.ts';
import { type RecordClock, timeOf } from './record-clock.ts';
import { type AlertRule, isSeverity } from './rule.ts';
import { numberOf } from './selection.ts';
import {
  changesIn,
  countIn,
  findStretch,
  forgetOld,
  hasSequence,
  insertCounted,
  insertValue,
  LATENESS_MS,
  MAX_EXACT_COUNT,
  recordsIn,
  STRETCHES,
  sumIn,
  thinRuns,
  type TimelineEntry,
  valuesIn,
} from './timeline.ts';

/** An alert that a rule raises. */
export interface RaisedAlert {
  rule: AlertRule;
  severity: AlertSeverity;
  /** RFC 3339: when what raised it happened. */
  timestamp: string;
  /** The record that completed it; of an absence, the one that nothing followed. */
  trigger: EvidenceRecord;
  evidence: EvidenceFields;
  /** RFC 3339: the earliest record that it rests on. */
  first: string;
  /** RFC 3339: the latest. */
  last: string;
}

/** What the engine works with. */
export interface EngineOptions {
  states: KeyStates;
  /** Hides a value: equal ones give equal tokens, and nobody can tell what they stand for. */
  hide: (kind: string, value: string) => string;
  /** The time by the records. */
  clock: RecordClock;
}

/** How long an account is remembered that a rule waits for the return of. */
const REMEMBERED_MS = 400 * 86_400_000;

/** How long values are remembered that others are compared with. */
const SAMPLES_REMEMBERED_MS = 30 * 86_400_000;

/** Records of a stretch of time that are named as evidence. */
const BUCKET_RECORDS = 8;

/** The key of what a rule knows as a whole. */
const WHOLE = '';

/**
 * Runs rules over records in the order of the ledger. It knows no clock and no order of batches: the same records give the
 * same alerts, whether they come now or in a replay.
 */
export class AlertEngine {
  readonly #rules: readonly CompiledRule[];
  readonly #states: KeyStates;
  readonly #hide: EngineOptions['hide'];
  readonly #clock: RecordClock;
  readonly #awaitsAny: boolean;

  constructor(rules: readonly AlertRule[], { states, hide, clock }: EngineOptions) {
    this.#clock = clock;
    this.#awaitsAny = rules.some(({ detection }) => detection.type === 'absence');
    this.#rules = rules.map((rule) => compileRule(rule));
    this.#states = states;
    this.#hide = hide;
  }

  /** Takes a record in. Alerts raise no alerts. */
  take(record: FollowedRecord): RaisedAlert[] {
    if (record.record.event.kind === 'alert') return [];
    const timeMs = timeOf(record.record['@timestamp']);
    const beforeMs = this.#clock.nowMs;
    this.#clock.take(timeMs);
    const raised: RaisedAlert[] = [];
    for (const compiled of this.#rules) {
      const alert = this.#apply(compiled, record, timeMs);
      if (alert !== undefined) raised.push(alert);
    }
    const { nowMs } = this.#clock;
    return this.#awaitsAny && nowMs > beforeMs ? [...raised, ...this.overdue(nowMs)] : raised;
  }

  /**
   * What did not come about in time.
   *
   * @param nowMs - milliseconds since the epoch
   */
  overdue(nowMs: number): RaisedAlert[] {
    const windows = new Map(
      this.#rules.filter(({ absent }) => absent !== undefined).map((one) => [one.rule.id, one.rule]),
    );
    const raised: RaisedAlert[] = [];
    const until = (id: string): number => nowMs - (windows.get(id)?.windowMs ?? NEVER) - LATENESS_MS;
    for (const { rule: id, key, state } of this.#states.awaiting(until)) {
      const rule = windows.get(id);
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
      this.#states.set(id, key, state, expiryOf(state, deadlineMs, rule));
    }
    return raised;
  }

  #apply(compiled: CompiledRule, record: FollowedRecord, timeMs: number): RaisedAlert | undefined {
    const { detection } = compiled.rule;
    switch (detection.type) {
      case 'count':
        if (detection.atLeast === 1) return this.#raiseAtOnce(compiled, record, timeMs);
        return this.#count(compiled, record, timeMs, detection.atLeast, (entries, from, to) => {
          return countIn(entries, from, to) >= detection.atLeast;
        });
      case 'sum':
        return this.#count(compiled, record, timeMs, Infinity, (entries, from, to) => {
          const { atLeast, orCount } = detection;
          return sumIn(entries, from, to) >= atLeast || countIn(entries, from, to) >= orCount;
        });
      case 'distinct':
        return this.#runs(compiled, record, timeMs, (entries, from, to) => {
          return valuesIn(entries, from, to) >= detection.atLeast;
        });
      case 'changes':
        return this.#runs(compiled, record, timeMs, (entries, from, to) => {
          return changesIn(entries, from, to) >= detection.atLeast;
        });
      case 'sequence':
        return this.#sequence(compiled, record, timeMs, detection.steps);
      case 'absence':
        this.#await(compiled, record, timeMs);
        return undefined;
      case 'first':
        return this.#first(compiled, record, timeMs, detection.learningMs);
      case 'return':
        return this.#return(compiled, record, timeMs, detection.afterMs);
      case 'rate':
        return this.#rate(compiled, record, timeMs);
      case 'outliers':
        return this.#outliers(compiled, record, timeMs, detection.count);
    }
  }

  #raiseAtOnce(compiled: CompiledRule, record: FollowedRecord, timeMs: number): RaisedAlert | undefined {
    if (!compiled.matches(record)) return undefined;
    const key = this.#keyOf(compiled, record, true);
    if (key === undefined) return undefined;
    return this.#raise(compiled, record, timeMs, key, this.#read(compiled, key), [evidenceRecord(record)]);
  }

  #count(
    compiled: CompiledRule,
    record: FollowedRecord,
    timeMs: number,
    most: number,
    isComplete: (entries: readonly TimelineEntry[], from: number, to: number) => boolean,
  ): RaisedAlert | undefined {
    if (!compiled.matches(record)) return undefined;
    const { rule } = compiled;
    // Where there is no number there is nothing to add.
    const sum = numberOf(compiled.value?.(record)[0] ?? 0) || 0;
    const stretchMs = most > MAX_EXACT_COUNT ? rule.windowMs / STRETCHES : 0;
    return this.#withTimeline(compiled, record, timeMs, (entries) => {
      const { id, index } = evidenceRecord(record);
      const at = insertCounted(entries, [timeMs, 1, sum, '', id, index], stretchMs);
      return findStretch(entries, at, rule.windowMs - stretchMs, (from, to) => isComplete(entries, from, to));
    });
  }

  #runs(
    compiled: CompiledRule,
    record: FollowedRecord,
    timeMs: number,
    isComplete: (entries: readonly TimelineEntry[], from: number, to: number) => boolean,
  ): RaisedAlert | undefined {
    if (!compiled.matches(record)) return undefined;
    const [value] = compiled.value?.(record) ?? [];
    if (value === undefined) return undefined;
    const token = this.#hide('alerts.value', String(value));
    return this.#withTimeline(compiled, record, timeMs, (entries) => {
      const { id, index } = evidenceRecord(record);
      const at = insertValue(entries, [timeMs, 1, 0, token, id, index]);
      return findStretch(entries, at, compiled.rule.windowMs, (from, to) => isComplete(entries, from, to));
    });
  }

  #sequence(
    compiled: CompiledRule,
    record: FollowedRecord,
    timeMs: number,
    steps: readonly string[],
  ): RaisedAlert | undefined {
    const fitting = steps.filter((step) => compiled.selections.get(step)?.(record) === true);
    if (fitting.length === 0) return undefined;
    return this.#withTimeline(compiled, record, timeMs, (entries) => {
      const { id, index } = evidenceRecord(record);
      const places = fitting.map((step) => insertValue(entries, [timeMs, 1, 0, step, id, index]));
      return findStretch(entries, Math.min(...places), compiled.rule.windowMs, (from, to) =>
        hasSequence(entries, from, to, steps),
      );
    });
  }

  #withTimeline(
    compiled: CompiledRule,
    record: FollowedRecord,
    timeMs: number,
    insert: (entries: TimelineEntry[]) => { from: number; to: number } | undefined,
  ): RaisedAlert | undefined {
    const key = this.#keyOf(compiled, record, false);
    if (key === undefined) return undefined;
    const state = this.#read(compiled, key);
    const entries = (state.timeline ??= []);
    const stretch = insert(entries);
    const found = stretch === undefined ? [] : recordsIn(entries, stretch);
    const count = stretch === undefined ? 0 : countIn(entries, stretch.from, stretch.to);
    const firstMs = entries[stretch?.from ?? 0]?.[0];
    const lastMs = entries[stretch?.to ?? 0]?.[0];
    if (compiled.hasRuns) thinRuns(entries);
    forgetOld(entries, compiled.rule.windowMs);
    if (stretch === undefined) {
      this.#write(compiled, key, state, timeMs);
      return undefined;
    }
    return this.#raise(compiled, record, timeMs, key, state, found, { count, firstMs, lastMs });
  }

  /** What is awaited may be in the ledger before what it must follow. */
  #await(compiled: CompiledRule, record: FollowedRecord, timeMs: number): void {
    const { rule, absent } = compiled;
    const isAwaited = absent?.(record) ?? false;
    const isTrigger = compiled.matches(record);
    if (!isAwaited && !isTrigger) return;
    const key = this.#keyOf(compiled, record, false);
    if (key === undefined) return;
    const state = this.#read(compiled, key);
    if (isAwaited) state.seenMs = Math.max(state.seenMs ?? 0, timeMs);
    const { id, index } = evidenceRecord(record);
    if (isTrigger && state.awaits === undefined) {
      state.awaits = { sinceMs: timeMs, timestamp: record.record['@timestamp'], recordId: id, index };
    }
    const { awaits, seenMs = Number.NEGATIVE_INFINITY } = state;
    if (awaits !== undefined && seenMs >= awaits.sinceMs && seenMs <= awaits.sinceMs + rule.windowMs) {
      delete state.awaits;
    }
    this.#write(compiled, key, state, timeMs);
  }

  #first(
    compiled: CompiledRule,
    record: FollowedRecord,
    timeMs: number,
    learningMs: number,
  ): RaisedAlert | undefined {
    if (!compiled.matches(record)) return undefined;
    const key = this.#keyOf(compiled, record, false);
    if (key === undefined) return undefined;
    const whole = this.#states.get(compiled.rule.id, WHOLE) ?? {};
    const begunMs = whole.seenMs ?? timeMs;
    if (whole.seenMs === undefined || timeMs < whole.seenMs) {
      whole.seenMs = timeMs;
      this.#states.set(compiled.rule.id, WHOLE, whole, NEVER);
    }
    const known = this.#states.get(compiled.rule.id, key);
    if (known !== undefined) return undefined;
    const state: KeyState = { seenMs: timeMs };
    this.#states.set(compiled.rule.id, key, state, NEVER);
    if (timeMs - begunMs < learningMs) return undefined;
    return this.#alert(compiled, record, [evidenceRecord(record)]);
  }

  #return(
    compiled: CompiledRule,
    record: FollowedRecord,
    timeMs: number,
    afterMs: number,
  ): RaisedAlert | undefined {
    if (!compiled.matches(record)) return undefined;
    const key = this.#keyOf(compiled, record, false);
    if (key === undefined) return undefined;
    const state = this.#read(compiled, key);
    const before = state.seenMs;
    state.seenMs = Math.max(before ?? 0, timeMs);
    this.#states.set(compiled.rule.id, key, state, state.seenMs + REMEMBERED_MS);
    if (before === undefined || timeMs - before < afterMs) return undefined;
    return this.#alert(compiled, record, [evidenceRecord(record)]);
  }

  #rate(compiled: CompiledRule, record: FollowedRecord, timeMs: number): RaisedAlert | undefined {
    const { rule } = compiled;
    if (rule.detection.type !== 'rate' || !compiled.matches(record)) return undefined;
    const { perMs, baseline } = rule.detection;
    const key = this.#keyOf(compiled, record, false);
    if (key === undefined) return undefined;
    const state = this.#read(compiled, key);
    const startMs = Math.floor(timeMs / perMs) * perMs;
    const evidence = evidenceRecord(record);
    let { bucket } = state;
    // Late ones are of a stretch that was judged already.
    if (bucket !== undefined && startMs < bucket.startMs) return undefined;
    const samplesKey = this.#samplesKey(compiled, record);
    const comparable = this.#states.get(rule.id, samplesKey) ?? {};
    if (bucket === undefined || startMs > bucket.startMs) {
      if (bucket !== undefined) {
        const samples = (comparable.samples ??= { values: [], seen: 0 });
        addSample(samples, bucket.count, baseline);
        this.#states.set(rule.id, samplesKey, comparable, timeMs + SAMPLES_REMEMBERED_MS);
      }
      bucket = { startMs, count: 0, firstIndex: evidence.index, firstMs: timeMs, records: [] };
      state.bucket = bucket;
    }
    bucket.count++;
    bucket.records.push(evidence);
    if (bucket.records.length > BUCKET_RECORDS) bucket.records.shift();
    const limit = comparable.samples?.limit;
    if (limit === undefined || bucket.count <= limit) {
      this.#write(compiled, key, state, timeMs);
      return undefined;
    }
    const { count, firstIndex, firstMs, records } = bucket;
    return this.#raise(compiled, record, timeMs, key, state, records, { count, firstIndex, firstMs });
  }

  #outliers(
    compiled: CompiledRule,
    record: FollowedRecord,
    timeMs: number,
    atLeast: number,
  ): RaisedAlert | undefined {
    const { rule } = compiled;
    if (rule.detection.type !== 'outliers' || !compiled.matches(record)) return undefined;
    const value = numberOf(compiled.value?.(record)[0] ?? '');
    if (Number.isNaN(value)) return undefined;
    const samplesKey = this.#samplesKey(compiled, record);
    const comparable = this.#states.get(rule.id, samplesKey) ?? {};
    const samples = (comparable.samples ??= { values: [], seen: 0 });
    const isOutlier = samples.limit !== undefined && value > samples.limit;
    addSample(samples, value, rule.detection.baseline);
    this.#states.set(rule.id, samplesKey, comparable, timeMs + SAMPLES_REMEMBERED_MS);
    if (!isOutlier) return undefined;
    return this.#withTimeline(compiled, record, timeMs, (entries) => {
      const { id, index } = evidenceRecord(record);
      const at = insertCounted(entries, [timeMs, 1, 0, '', id, index], 0);
      return findStretch(entries, at, rule.windowMs, (from, to) => countIn(entries, from, to) >= atLeast);
    });
  }

  #raise(
    compiled: CompiledRule,
    record: FollowedRecord,
    timeMs: number,
    key: string,
    state: KeyState,
    found: readonly EvidenceRecord[],
    more: {
      count?: number;
      firstIndex?: number;
      firstMs?: number | undefined;
      lastMs?: number | undefined;
    } = {},
  ): RaisedAlert | undefined {
    const isQuiet = isSuppressed(state, timeMs, compiled.rule);
    if (!isQuiet) state.alertedMs = timeMs;
    this.#write(compiled, key, state, timeMs);
    return isQuiet ? undefined : this.#alert(compiled, record, found, more);
  }

  #alert(
    { rule, severity }: CompiledRule,
    record: FollowedRecord,
    found: readonly EvidenceRecord[],
    more: {
      count?: number;
      firstIndex?: number;
      firstMs?: number | undefined;
      lastMs?: number | undefined;
    } = {},
  ): RaisedAlert {
    const timestamp = record.record['@timestamp'];
    const [said] = severity?.(record) ?? [];
    const timeMs = timeOf(timestamp);
    const trigger = evidenceRecord(record);
    // It is named, also where others stand for it.
    const named = withTrigger(found, trigger);
    const { count = found.length, firstIndex = found[0]?.index, firstMs = timeMs, lastMs = timeMs } = more;
    return {
      rule,
      severity: isSeverity(said) ? said : rule.severity,
      timestamp,
      trigger,
      evidence: evidenceOf(named, count, firstIndex),
      first: firstMs < timeMs ? timestampOf(firstMs) : timestamp,
      last: lastMs > timeMs ? timestampOf(lastMs) : timestamp,
    };
  }

  #read({ rule }: CompiledRule, key: string): KeyState {
    return this.#states.get(rule.id, key) ?? {};
  }

  #write({ rule }: CompiledRule, key: string, state: KeyState, timeMs: number): void {
    this.#states.set(rule.id, key, state, expiryOf(state, timeMs, rule));
  }

  /** Of several records to be counted together a part of the key must not lack. */
  #keyOf({ groupBy, rule }: CompiledRule, record: FollowedRecord, mayLack: boolean): string | undefined {
    const parts: string[] = [];
    for (const read of groupBy) {
      const values = read(record);
      if (values.length === 0 && !mayLack) return undefined;
      parts.push(values.join('\n'));
    }
    return this.#hide('alerts.key', JSON.stringify([rule.id, ...parts]));
  }

  #samplesKey({ among, rule }: CompiledRule, record: FollowedRecord): string {
    const parts = among.map((read) => read(record).join('\n'));
    return this.#hide('alerts.among', JSON.stringify([rule.id, ...parts]));
  }
}

function isSuppressed({ alertedMs }: KeyState, timeMs: number, { suppressMs }: AlertRule): boolean {
  return alertedMs !== undefined && Math.abs(timeMs - alertedMs) < suppressMs;
}

function expiryOf({ alertedMs = 0, awaits }: KeyState, timeMs: number, rule: AlertRule): number {
  if (awaits !== undefined) return NEVER;
  const windowMs = rule.detection.type === 'rate' ? rule.detection.perMs : rule.windowMs;
  return Math.max(timeMs + 2 * windowMs, alertedMs + rule.suppressMs);
}

/** The records in the order of the ledger, and the one that completed them, which may be a late one. */
function withTrigger(found: readonly EvidenceRecord[], trigger: EvidenceRecord): EvidenceRecord[] {
  if (found.some(({ index }) => index === trigger.index)) return [...found];
  return [...found, trigger].toSorted((a, b) => a.index - b.index);
}

function evidenceRecord({ index, record }: FollowedRecord): EvidenceRecord {
  return { id: record.audit.record.id, index };
}
