import { setTimeout as delay } from 'node:timers/promises';
import { type Alert, SEVERITIES } from './alert.ts';
import type { AlertTarget } from './alert-target.ts';
import { attempt } from './attempt.ts';
import { type DeliveryState, MAX_TARGET_DEAD_LETTERS, type WaitingAlert } from './delivery-state.ts';
import type { Outcome } from './outcome.ts';
import type { TargetConfig } from './target-config.ts';

/** The pauses between two attempts: the first, and the longest that nobody asked for. */
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 300_000;

/** How often a target that has nothing to do looks for dead letters that somebody wants to be tried again. */
const RETRY_POLL_MS = 2_000;

/** How a target is; all counts are since the start, but for what waits and the dead letters. */
export interface TargetStatus {
  name: string;
  kind: TargetConfig['kind'];
  waiting: number;
  deadLetters: number;
  delivered: number;
  refused: number;
  /** Attempts that failed and were or will be repeated. */
  failed: number;
  /** Attempts that failed since the last one that did not. */
  failures: number;
  /** Why the last one failed; absent if it did not. */
  trouble?: string;
  /** Since when, in milliseconds since the epoch. */
  failingSinceMs?: number;
}

/** What {@link TargetDelivery} works with. */
export interface TargetDeliveryOptions {
  config: TargetConfig;
  target: AlertTarget;
  state: DeliveryState;
  /** Reads an alert as the target may have it; undefined where there is none at this ledger index. */
  read: (index: number) => Promise<Alert | undefined>;
  /** Told whenever the status has changed. */
  onChange: () => void;
  /** Milliseconds since the epoch. */
  now?: () => number;
  /** The first pause after a failure, in milliseconds. */
  firstRetryMs?: number;
  /** From 0 to 1. */
  random?: () => number;
}

/**
 * Sends alerts to one target, oldest first, one at a time. A position is stored after the target has taken an alert, so
 * a crash in between sends it once more, under the same id; nothing is passed over. What the target refuses goes to the
 * dead letters; what fails is tried again, after ever longer pauses.
 */
export class TargetDelivery {
  readonly #options: TargetDeliveryOptions;
  readonly #now: () => number;
  readonly #stop: AbortController = new AbortController();
  #isFinishing = false;
  /** There may be more than the last step knew. */
  #hasMore = false;
  #wake: (() => void) | undefined;
  #delivered = 0;
  #refused = 0;
  #failed = 0;
  #failures = 0;
  #trouble: string | undefined;
  #failingSinceMs: number | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: TargetDeliveryOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Begins. */
  start(): void {
    this.#running = this.#run();
  }

  /** There is more. */
  wake(): void {
    this.#hasMore = true;
    this.#wake?.();
  }

  /** Sends what waits, unless that fails or takes longer than a time, and ends. */
  async finish(graceMs: number): Promise<void> {
    this.#isFinishing = true;
    this.wake();
    const timer = setTimeout(() => {
      this.#stop.abort();
    }, graceMs);
    await this.#running;
    clearTimeout(timer);
    this.#stop.abort();
  }

  /** How it is. */
  status(): TargetStatus {
    const { config, state } = this.#options;
    return {
      name: config.name,
      kind: config.kind,
      waiting: state.countWaitingFor(config.name),
      deadLetters: state.countDeadLetters().get(config.name) ?? 0,
      delivered: this.#delivered,
      refused: this.#refused,
      failed: this.#failed,
      failures: this.#failures,
      ...(this.#trouble !== undefined && { trouble: this.#trouble }),
      ...(this.#failingSinceMs !== undefined && { failingSinceMs: this.#failingSinceMs }),
    };
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      let pauseMs: number | undefined;
      this.#hasMore = false;
      try {
        pauseMs = await this.#step();
      } catch (error) {
        // The ledger or the state could not be read: that passes, or somebody is told of it.
        pauseMs = this.#fail({ reason: error instanceof Error ? error.message : String(error) });
      }
      if (pauseMs === undefined) continue;
      if (this.#isFinishing) return;
      await this.#pause(pauseMs);
    }
  }

  /** Deals with what is due. @returns how long to pause; undefined where more may be due */
  async #step(): Promise<number | undefined> {
    const { config, state } = this.#options;
    const { name } = config;
    const waiting = state.waitingFor(name);
    const last = waiting.at(-1);
    if (last !== undefined) {
      const wanted = waiting.find((alert) => isWanted(alert, config));
      if (wanted === undefined) {
        state.settle(name, last.index + 1);
        return undefined;
      }
      return await this.#deliver(wanted.index);
    }
    const retry = state.nextRetry(name);
    return retry === undefined ? RETRY_POLL_MS : await this.#retry(retry);
  }

  async #deliver(index: number): Promise<number | undefined> {
    const { config, state } = this.#options;
    const { name, giveUpMs } = config;
    if ((state.countDeadLetters().get(name) ?? 0) >= MAX_TARGET_DEAD_LETTERS) {
      return this.#fail({ reason: `${MAX_TARGET_DEAD_LETTERS} dead letters are the most that are kept` });
    }
    const outcome = await this.#attempt(index);
    if (outcome === undefined) return 0;
    const nowMs = this.#now();
    if (outcome.kind === 'failed') {
      this.#failingSinceMs = state.failingSince(name, nowMs);
      if (nowMs - this.#failingSinceMs < giveUpMs) return this.#fail(outcome);
    }
    const { kind } = outcome;
    state.settle(
      name,
      index + 1,
      kind === 'delivered' ? undefined : { index, reason: outcome.reason, atMs: nowMs },
    );
    if (kind === 'delivered') this.#delivered++;
    else this.#refused++;
    this.#succeed();
    return undefined;
  }

  async #retry(index: number): Promise<number | undefined> {
    const { config, state } = this.#options;
    const outcome = await this.#attempt(index);
    if (outcome === undefined) return 0;
    if (outcome.kind === 'failed') return this.#fail(outcome);
    if (outcome.kind === 'delivered') {
      state.settleRetry(config.name, index);
      this.#delivered++;
    } else {
      state.settleRetry(config.name, index, { reason: outcome.reason, atMs: this.#now() });
      this.#refused++;
    }
    this.#succeed();
    return undefined;
  }

  /** @returns undefined where the stop came in between */
  async #attempt(index: number): Promise<Outcome | undefined> {
    const { config, target, read } = this.#options;
    const alert = await read(index);
    if (alert === undefined) return { kind: 'refused', reason: 'not readable as an alert' };
    const { signal } = this.#stop;
    const outcome = await attempt(target, alert, config.timeoutMs, signal);
    // A stop is no failure of the target.
    return outcome.kind === 'failed' && signal.aborted ? undefined : outcome;
  }

  #fail({ reason, retryAfterMs = 0 }: { reason: string; retryAfterMs?: number }): number {
    const { firstRetryMs = FIRST_RETRY_MS, random = Math.random } = this.#options;
    const fullMs = Math.min(MAX_RETRY_MS, firstRetryMs * 2 ** Math.min(this.#failures, 20));
    this.#failures++;
    this.#failed++;
    this.#trouble = reason;
    this.#options.onChange();
    // No two targets in step.
    return Math.max(fullMs / 2 + (fullMs / 2) * random(), retryAfterMs);
  }

  #succeed(): void {
    this.#failures = 0;
    this.#trouble = undefined;
    this.#failingSinceMs = undefined;
    this.#options.onChange();
  }

  /** While something fails, more alerts are no reason to try earlier. */
  async #pause(ms: number): Promise<void> {
    const woken = new AbortController();
    const isFailing = this.#failures > 0;
    if (this.#hasMore && !isFailing) return;
    this.#wake = () => {
      if (!isFailing || this.#isFinishing) woken.abort();
    };
    const signal = AbortSignal.any([woken.signal, this.#stop.signal]);
    await delay(ms, undefined, { signal }).catch(() => undefined);
    this.#wake = undefined;
  }
}

function isWanted(
  { action, severity, rule }: WaitingAlert,
  { actions, minSeverity, rules }: TargetConfig,
): boolean {
  return (
    actions.includes(action) &&
    SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(minSeverity) &&
    (rules === undefined || rules.includes(rule))
  );
}
