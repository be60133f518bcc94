import type { KeyState, KeyStates } from './key-state.ts';
import type { AlertRule } from './rule.ts';
import { LATENESS_MS } from './timeline.ts';

/**
 * How much of what came before a time a rule takes into account, milliseconds; undefined where that is all of it: for
 * baselines, for what was ever seen, and for what is still awaited.
 */
export function lookBackOf({ detection, windowMs, suppressMs }: AlertRule): number | undefined {
  switch (detection.type) {
    case 'absence':
    case 'first':
    case 'outliers':
    case 'rate':
    case 'return':
      return undefined;
    case 'changes':
    case 'count':
    case 'distinct':
    case 'sequence':
    case 'sum':
      return 2 * windowMs + 2 * suppressMs + LATENESS_MS;
  }
}

/**
 * States of keys of which nobody knows what came before a time: all of them as if they had raised an alert just then.
 * The other extreme is that none of them had. Where both lead to the same alerts, so does what was.
 */
export class QuietedKeyStates implements KeyStates {
  readonly #states: KeyStates;
  readonly #untilMs: ReadonlyMap<string, number>;
  readonly #startMs: number;
  readonly #nowMs: () => number;

  /** @param nowMs - the time by the records */
  constructor(states: KeyStates, rules: readonly AlertRule[], startMs: number, nowMs: () => number) {
    this.#states = states;
    this.#untilMs = new Map(rules.map(({ id, suppressMs }) => [id, startMs + suppressMs]));
    this.#startMs = startMs;
    this.#nowMs = nowMs;
  }

  get(rule: string, key: string): KeyState | undefined {
    const known = this.#states.get(rule, key);
    if (known !== undefined || this.#nowMs() >= (this.#untilMs.get(rule) ?? 0)) return known;
    return { alertedMs: this.#startMs };
  }

  set(rule: string, key: string, state: KeyState, expiresMs: number): void {
    this.#states.set(rule, key, state, expiresMs);
  }

  awaiting(untilMs: (rule: string) => number): ReturnType<KeyStates['awaiting']> {
    return this.#states.awaiting(untilMs);
  }
}
