import type { EvidenceRecord } from '../derived-draft.ts';
import type { FollowedRecord } from '../followed-records.ts';
import type { CompiledRule } from './compiled-rule.ts';
import { type KeyState, type KeyStates, NEVER } from './key-state.ts';
import { type AlertExtent, alertOf, type RaisedAlert } from './raised-alert.ts';
import type { RecordClock } from './record-clock.ts';
import type { KeyReader, RecordKeys } from './record-keys.ts';
import type { AlertRule } from './rule.ts';

/** What states expire by is told to the minute: then most records of a key leave it as it was. */
const EXPIRY_STEP_MS = 60_000;

/** What one rule knows: the state of each of its keys. */
export class RuleMemory {
  readonly #compiled: CompiledRule;
  readonly #states: KeyStates;
  readonly #keys: RecordKeys;
  readonly #keyOf: KeyReader;
  readonly #samplesKeyOf: KeyReader;
  readonly #clock: Pick<RecordClock, 'nowMs'>;

  /** @param clock - the time by the records */
  constructor(
    compiled: CompiledRule,
    states: KeyStates,
    keys: RecordKeys,
    clock: Pick<RecordClock, 'nowMs'>,
  ) {
    this.#compiled = compiled;
    this.#clock = clock;
    this.#states = states;
    this.#keys = keys;
    this.#keyOf = keys.reader('alerts.key', compiled.groupBy);
    this.#samplesKeyOf = keys.reader('alerts.among', compiled.among);
  }

  /**
   * The key of a record.
   *
   * @param mayLack - false where several records are to be counted together, which need the whole key
   */
  keyOf(record: FollowedRecord, mayLack = false): string | undefined {
    return this.#keyOf(record, mayLack);
  }

  /** The key of what makes values of records comparable. */
  samplesKeyOf(record: FollowedRecord): string {
    return this.#samplesKeyOf(record, true) ?? '';
  }

  /** The token of a value. */
  hide(value: string): string {
    return this.#keys.hide('alerts.value', value);
  }

  /** The state of a key; undefined where there is none. */
  find(key: string): KeyState | undefined {
    return this.#states.get(this.#compiled.rule.id, key);
  }

  /** The state of a key, to be changed in place and then to be kept. */
  read(key: string): KeyState {
    return this.find(key) ?? {};
  }

  /** Keeps a state for as long as a record of this time makes it worth while. */
  write(key: string, state: KeyState, timeMs: number): void {
    // What comes late is kept for as long as what comes in time: others of its time may be as late.
    const lateMs = Math.max(0, this.#clock.nowMs - timeMs);
    this.keep(key, state, expiryOf(state, timeMs, this.#compiled.rule, lateMs));
  }

  /** @param expiresMs - in the time of the records */
  keep(key: string, state: KeyState, expiresMs: number): void {
    this.#states.set(this.#compiled.rule.id, key, state, expiresMs);
  }

  /** Whether the key is to be quiet, since it raised an alert not long ago. */
  isQuiet(state: KeyState, timeMs: number): boolean {
    return isSuppressed(state, timeMs, this.#compiled.rule);
  }

  /**
   * Raises an alert, unless the key is to be quiet, and keeps the state.
   *
   * @param found - records that it rests on, in the order of the ledger
   */
  raise(
    record: FollowedRecord,
    timeMs: number,
    key: string,
    state: KeyState,
    found: readonly EvidenceRecord[],
    extent?: AlertExtent,
  ): RaisedAlert | undefined {
    const isQuiet = this.isQuiet(state, timeMs);
    if (!isQuiet) state.alertedMs = timeMs;
    this.write(key, state, timeMs);
    return isQuiet ? undefined : alertOf(this.#compiled, record, found, extent);
  }
}

/** Whether a key is to be quiet, since it raised an alert not long ago. */
export function isSuppressed({ alertedMs }: KeyState, timeMs: number, { suppressMs }: AlertRule): boolean {
  return alertedMs !== undefined && Math.abs(timeMs - alertedMs) < suppressMs;
}

/** Until when the state of a key is worth keeping, in the time of the records. */
export function expiryOf(
  { alertedMs = 0, awaits }: KeyState,
  timeMs: number,
  rule: AlertRule,
  lateMs = 0,
): number {
  if (awaits !== undefined) return NEVER;
  const windowMs = rule.detection.type === 'rate' ? rule.detection.perMs : rule.windowMs;
  return toStep(Math.max(timeMs + 2 * windowMs, alertedMs + rule.suppressMs) + lateMs);
}

/** The next whole step. */
export function toStep(timeMs: number): number {
  return Math.ceil(timeMs / EXPIRY_STEP_MS) * EXPIRY_STEP_MS;
}
