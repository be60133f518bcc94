import { createBlindKey } from '../blind-key.ts';
import type { FollowedRecord } from '../followed-records.ts';
import { lookBackOf, QuietedKeyStates } from './look-back.ts';
import type { RaisedAlert } from './raised-alert.ts';
import { timeOf } from './record-clock.ts';
import type { AlertRule } from './rule.ts';
import { RuleRun } from './rule-run.ts';
import { LATENESS_MS } from './timeline.ts';

const BATCH_ENTRIES = 1024;

/** What rules are replayed over. */
export interface RuleReplay {
  rules: readonly AlertRule[];
  /** 32 bytes: the key that hides what rules keep. */
  key: Uint8Array;
  /** Entries of the log. */
  size: number;
  /** Records of the log, in its order. */
  read: (first: number, end: number) => Promise<readonly FollowedRecord[]>;
  /** The first ledger index whose record is not earlier; lower where nobody knows. Milliseconds since the epoch. */
  firstAt: (timeMs: number) => Promise<number>;
  /** The ledger index after the last whose record is earlier; higher where nobody knows. */
  endAt: (timeMs: number) => Promise<number>;
  /** Only alerts of this time and later, milliseconds since the epoch; absent: all. */
  sinceMs?: number;
  /** Only alerts before this time; absent: all. */
  untilMs?: number;
  /** Milliseconds since the epoch: what had to follow by then and did not is told. */
  nowMs: number;
  /** Told how many records of how many were looked at. */
  onProgress?: (done: number, all: number) => void;
}

/** An alert that is raised. */
export interface Replayed {
  alert: RaisedAlert;
  /** `audit.alert.id`. */
  id: string;
  /** The record that completed it, where that is at hand. */
  record?: FollowedRecord;
}

/** The rules of one run, by what of the log they need. */
interface Pass {
  /** From its beginning. */
  lasting: readonly AlertRule[];
  /** From `from` on, which is their look-back before the range: later than all records before. */
  brief: readonly AlertRule[];
  from: number;
  fromMs: number;
}

/**
 * Runs rules over a range of a log, as following it does, and gives the alerts of the range that it gives. Each rule
 * begins as long before the range as it looks back. That would not do where a rule fires all the time, so that each alert
 * of a key depends on when the one before came: such a rule is found out, and is run from the beginning of the log.
 */
export async function* replayRules(replay: RuleReplay): AsyncGenerator<Replayed> {
  const { rules, sinceMs } = replay;
  const isLasting = (rule: AlertRule): boolean => sinceMs === undefined || lookBackOf(rule) === undefined;
  const brief = rules.filter((rule) => !isLasting(rule));
  const fromMs = (sinceMs ?? 0) - Math.max(0, ...brief.map((rule) => lookBackOf(rule) ?? 0));
  const from = brief.length === 0 ? 0 : await replay.firstAt(fromMs);
  const unsettled = new Set<AlertRule>();
  const told = new Set<string>();
  const lasting = rules.filter(isLasting);
  for await (const replayed of run(replay, { lasting, brief, from, fromMs }, unsettled)) {
    told.add(replayed.id);
    yield replayed;
  }
  if (unsettled.size === 0) return;
  const again = { lasting: [...unsettled], brief: [], from: 0, fromMs: 0 };
  for await (const replayed of run(replay, again, unsettled)) if (!told.has(replayed.id)) yield replayed;
}

/** @param unsettled - given the rules whose alerts depend on what came before */
async function* run(
  replay: RuleReplay,
  { lasting, brief, from, fromMs }: Pass,
  unsettled: Set<AlertRule>,
): AsyncGenerator<Replayed> {
  const { key, size, read, endAt, sinceMs = -Infinity, untilMs = Infinity, nowMs, onProgress } = replay;
  const blindKey = createBlindKey(key);
  const hide = (kind: string, value: string): string => blindKey.token(kind, value);
  const whole = new RuleRun(lasting, hide);
  const one = new RuleRun(brief, hide);
  const other = new RuleRun(brief, hide, (states, clockMs) => {
    return new QuietedKeyStates(states, brief, fromMs, clockMs);
  });
  const isAsked = ({ timestamp }: RaisedAlert): boolean => {
    const timeMs = timeOf(timestamp);
    return timeMs >= sinceMs && timeMs < untilMs;
  };
  function* settled(record: FollowedRecord): Generator<[string, RaisedAlert]> {
    const [alerts, others] = [one.take(record), other.take(record)];
    for (const [id, alert] of new Map([...others, ...alerts])) {
      if (!isAsked(alert) || unsettled.has(alert.rule)) continue;
      if (alerts.has(id) && others.has(id)) yield [id, alert];
      else unsettled.add(alert.rule);
    }
  }
  try {
    const end = Math.min(size, untilMs === Infinity ? size : await endAt(untilMs));
    const begin = lasting.length > 0 ? 0 : Math.min(from, end);
    for (let first = begin; first < end; first += BATCH_ENTRIES) {
      const to = Math.min(end, first + BATCH_ENTRIES);
      for (const record of await read(first, to)) {
        for (const [id, alert] of whole.take(record)) if (isAsked(alert)) yield { id, alert, record };
        if (record.index < from || brief.length === 0) continue;
        for (const [id, alert] of settled(record)) yield { id, alert, record };
      }
      for (const each of [whole, one, other]) each.save();
      onProgress?.(to - begin, end - begin);
    }
    // What was awaited until then has all been looked at.
    for (const [id, alert] of whole.overdue(Math.min(nowMs, untilMs + LATENESS_MS))) {
      if (isAsked(alert)) yield { id, alert };
    }
  } finally {
    for (const each of [whole, one, other]) each.close();
  }
}
