import type { FollowedRecord } from '../followed-records.ts';
import { tellsTime } from '../log-time.ts';
import { overdueAlerts } from './absence-detector.ts';
import { compileRule } from './compiled-rule.ts';
import type { Detector } from './detector.ts';
import { createDetector } from './detectors.ts';
import type { Hide } from './hidden-values.ts';
import type { KeyStates } from './key-state.ts';
import type { RaisedAlert } from './raised-alert.ts';
import { type RecordClock, timeOf } from './record-clock.ts';
import { RecordKeys } from './record-keys.ts';
import type { AlertRule } from './rule.ts';
import { RuleMemory } from './rule-memory.ts';

/** What the engine works with. */
export interface EngineOptions {
  states: KeyStates;
  hide: Hide;
  /** The time by the records. */
  clock: RecordClock;
}

/**
 * Runs rules over records in the order of the ledger. It knows no clock and no order of batches: the same records give the
 * same alerts, whether they come now or in a replay.
 */
export class AlertEngine {
  readonly #detectors: readonly Detector[];
  /** Rules that await something, by their ids. */
  readonly #awaiting: ReadonlyMap<string, AlertRule>;
  readonly #states: KeyStates;
  readonly #keys: RecordKeys;
  readonly #clock: RecordClock;

  constructor(rules: readonly AlertRule[], { states, hide, clock }: EngineOptions) {
    this.#clock = clock;
    this.#states = states;
    this.#keys = new RecordKeys(hide);
    this.#detectors = rules.map((rule) => {
      const compiled = compileRule(rule);
      return createDetector(compiled, new RuleMemory(compiled, states, this.#keys, clock));
    });
    this.#awaiting = new Map(
      rules.filter(({ detection }) => detection.type === 'absence').map((rule) => [rule.id, rule]),
    );
  }

  /** Takes a record in. Alerts raise no alerts. */
  take(record: FollowedRecord): RaisedAlert[] {
    if (record.record.event.kind === 'alert') return [];
    const timeMs = timeOf(record.record['@timestamp']);
    const beforeMs = this.#clock.nowMs;
    if (tellsTime(record.record)) this.#clock.take(timeMs);
    const raised: RaisedAlert[] = [];
    for (const detect of this.#detectors) {
      const alert = detect(record, timeMs);
      if (alert !== undefined) raised.push(alert);
    }
    const { nowMs } = this.#clock;
    return nowMs > beforeMs ? [...raised, ...this.overdue(nowMs)] : raised;
  }

  /**
   * What did not come about in time.
   *
   * @param nowMs - milliseconds since the epoch
   */
  overdue(nowMs: number): RaisedAlert[] {
    return this.#awaiting.size === 0 ? [] : overdueAlerts(this.#awaiting, this.#states, nowMs);
  }

  /** Somebody is to be forgotten: no value of a record is at hand any more. */
  forget(): void {
    this.#keys.forget();
  }
}
