import { setTimeout as delay } from 'node:timers/promises';
import type { Ledger } from '@spanledger/ledger';
import type { JsonObject, RecordDraft } from '@spanledger/record';
import type { Logger } from 'pino';

import { ExporterError } from './errors.ts';
import type { FollowerThreads } from './followers/index.ts';
import { gauge, type Sample, series } from './gauges.ts';
import type { PrivacyDesk } from './privacy-desk-types.ts';
import type { Hold } from './subjects/index.ts';
import type {
  RetentionDesk,
  RetentionForecast,
  RetentionRun,
  RetentionStatus,
} from './retention-desk-types.ts';
import { formatPeriod, type HoldInForce, pruneRecord, type RetentionConfig } from './retention/index.ts';
import { clockWarning, type RetentionWarningCode, retentionWarnings } from './retention-warnings.ts';
import type { Trouble } from './trouble.ts';

/** How often it is looked whether something is due; the first time so long after the start. */
const TICK_MS = 3_600_000;
const FIRST_TICK_MS = 60_000;

/** Between two steps others have the thread of the followers and the disk for themselves. */
const STEP_PAUSE_MS = 50;

/** After a failure a purge waits before it goes on. */
const RETRY_MS = 60_000;

type Answer = Awaited<ReturnType<FollowerThreads['retention']>>;

/** What purging joins. */
export interface RetentionRunsOptions {
  /** Undefined: everything is kept for ever. */
  config: RetentionConfig | undefined;
  threads: Pick<FollowerThreads, 'retention'>;
  ledger: Pick<Ledger, 'minimumIndex' | 'prune' | 'published' | 'sizes'>;
  /** Appends a record of the service's own; resolves once it is durable. */
  append: (draft: RecordDraft) => Promise<void>;
  /** All of them, those that were released too. */
  holds: () => Promise<Hold[]>;
  log: Logger;
  now?: () => number;
  /** How often it is looked whether something is due, in milliseconds; an hour, unless a test says otherwise. */
  tickMs?: number;
}

/** Purges what is due, every hour by itself and whenever somebody asks for it; one purge at a time. */
export class RetentionRuns implements RetentionDesk {
  readonly #options: RetentionRunsOptions;
  readonly #stop: AbortController = new AbortController();
  #ticking: Promise<void> = Promise.resolve();
  #running: Promise<void> | undefined;
  /** The step under way: what is held from now on it may not have known. */
  #step: Promise<unknown> = Promise.resolve();
  #last: RetentionRun | undefined;
  #purged = 0;
  #trouble: { message: string; hint?: string | undefined } | undefined;
  #state: Answer['state'] | undefined;

  constructor(options: RetentionRunsOptions) {
    this.#options = options;
  }

  /** Begins to look every hour. */
  start(): void {
    if (this.#options.config !== undefined) this.#ticking = this.#tick();
  }

  /** Waits for the step that is under way; the rest is done after the next start. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#ticking, this.#running]);
  }

  /** Resolves once no step is under way that began before: a hold that was set meanwhile counts from then on. */
  async stepUnderWay(): Promise<void> {
    await this.#step.catch(() => undefined);
  }

  async retention(): Promise<RetentionStatus> {
    const { state } = await this.#ask('state');
    return this.#describe(state);
  }

  async planRetention(): Promise<RetentionForecast> {
    const { plan = { classes: [], holds: [] } } = await this.#ask('plan');
    return { at: new Date(this.#now()).toISOString(), ...plan };
  }

  async runRetention(): Promise<RetentionStatus> {
    const { state } = await this.#ask('state');
    if (state.clockLeadMs !== undefined) {
      const { message, hint } = clockWarning(state.clockLeadMs);
      throw new ExporterError('clock_ahead', message, { hint });
    }
    void this.#begin('close_at_once');
    return this.#describe(state);
  }

  /** How it stands, for `/api/status`; undefined where everything is kept for ever. */
  describe(): JsonObject | undefined {
    if (this.#options.config === undefined) return undefined;
    const nextDueMs = this.#state?.nextDueMs;
    const [warning] = this.warnings();
    return {
      purged: this.#purged,
      minimum_index: this.#options.ledger.minimumIndex(),
      ...(nextDueMs !== undefined && { next_due: new Date(nextDueMs).toISOString() }),
      ...(warning !== undefined && { trouble: warning.message, hint: warning.hint ?? '' }),
    };
  }

  /** What an operator should see to; none of it keeps the service from its work. */
  warnings(): (Trouble & { code: RetentionWarningCode })[] {
    const standing = { state: this.#state, trouble: this.#trouble, isRunning: this.#running !== undefined };
    return retentionWarnings(standing, this.#now());
  }

  /** The same for a monitor. */
  metrics(): string[] {
    if (this.#options.config === undefined) return [];
    const nextDueMs = this.#state?.nextDueMs;
    const due: Sample[] = nextDueMs === undefined ? [] : [[{}, nextDueMs / 1000]];
    return [
      ...series('counter', 'spanledger_retention_purged_total', 'Records purged since the start.', [
        [{}, this.#purged],
      ]),
      ...gauge('spanledger_retention_next_due_timestamp_seconds', 'When the next record is due.', due),
      ...gauge('spanledger_ledger_minimum_index', 'The first entry that the log still has.', [
        [{}, this.#options.ledger.minimumIndex()],
      ]),
      ...gauge('spanledger_retention_up', 'Whether the last purge came to its end.', [
        [{}, this.#trouble === undefined ? 1 : 0],
      ]),
    ];
  }

  async #tick(): Promise<void> {
    const { signal } = this.#stop;
    const { tickMs = TICK_MS } = this.#options;
    const pause = (most: number): number => Math.min(most, tickMs);
    for (
      let pauseMs = pause(FIRST_TICK_MS);
      ;
      pauseMs = pause(this.#trouble === undefined ? TICK_MS : RETRY_MS)
    ) {
      await delay(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      // It is not there while the thread is started again.
      const answer = await this.#ask('state').catch(() => undefined);
      if (answer === undefined) continue;
      // What was begun goes on, whatever has changed since.
      if (answer.state.underWay > 0 || !this.#isHeldBack) await this.#begin('close');
    }
  }

  /** The periods have changed, or the clock was set forward: nothing is purged by itself. */
  get #isHeldBack(): boolean {
    return (this.#state?.quietUntilMs ?? 0) > this.#now() || this.#state?.clockLeadMs !== undefined;
  }

  /** One purge at a time: who comes meanwhile waits for that. */
  #begin(close: 'close' | 'close_at_once'): Promise<void> {
    this.#running ??= this.#run(close).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run(close: 'close' | 'close_at_once'): Promise<void> {
    const { log } = this.#options;
    const { signal } = this.#stop;
    let purged = 0;
    try {
      for (;;) {
        const step = this.#ask('step');
        this.#step = step;
        const { purged: more = 0 } = await step;
        purged += more;
        this.#purged += more;
        if (more === 0 || signal.aborted) break;
        await delay(STEP_PAUSE_MS, undefined, { signal }).catch(() => undefined);
      }
      const { state } = await this.#ask(close);
      if (signal.aborted) return;
      await this.#prune(state.firstKept);
      this.#trouble = undefined;
      this.#last = { at: new Date(this.#now()).toISOString(), purged };
      if (purged > 0)
        log.info({ purged, minimumIndex: this.#options.ledger.minimumIndex() }, 'records were purged');
    } catch (error) {
      if (signal.aborted) return;
      log.error({ err: error }, 'a purge did not come to its end and is tried again');
      const message = error instanceof Error ? error.message : String(error);
      this.#trouble = { message, ...(error instanceof ExporterError && { hint: error.hint }) };
    }
  }

  /**
   * Prunes the log of what was purged from its beginning on. The record of it is published before anything goes: without
   * it the log would not verify any more.
   */
  async #prune(firstKept: number): Promise<void> {
    const { ledger, append } = this.#options;
    const before = ledger.minimumIndex();
    if (firstKept > before) {
      await append(pruneRecord(firstKept, this.#now()));
      await ledger.published(ledger.sizes().durable, this.#stop.signal);
    }
    await ledger.prune(Math.max(before, firstKept));
    if (firstKept > before) await this.#ask('prune');
  }

  async #ask(ask: Parameters<FollowerThreads['retention']>[0]['ask']): Promise<Answer> {
    if (this.#options.config === undefined) {
      throw new ExporterError(
        'retention_unconfigured',
        'everything is kept for ever: no retention is configured',
        {
          hint: 'docs/retention.md says how; the configuration has it under retention.',
        },
      );
    }
    const holds = (await this.#options.holds()).flatMap(
      ({ id, query, released_at: released }): HoldInForce[] =>
        released === undefined ? [{ id, query }] : [],
    );
    const { threads, ledger } = this.#options;
    const { published } = ledger.sizes();
    const answer = await threads.retention({ ask, nowMs: this.#now(), holds }, published);
    this.#state = answer.state;
    return answer;
  }

  #describe({ nextDueMs, quietUntilMs, isClassed, clockLeadMs }: Answer['state']): RetentionStatus {
    const { config, ledger } = this.#options;
    const time = (ms: number): string => new Date(ms).toISOString();
    return {
      classes: (config?.classes ?? []).map(({ name, keepMs, match }) => ({
        class: name,
        keep: formatPeriod(keepMs),
        ...(match !== undefined && {
          match: Object.fromEntries(Object.entries(match).map(([field, values]) => [field, [...values]])),
        }),
      })),
      running: this.#running !== undefined,
      classed: isClassed,
      ...(quietUntilMs > this.#now() && { quiet_until: time(quietUntilMs) }),
      ...(clockLeadMs !== undefined && { clock_ahead_seconds: Math.round(clockLeadMs / 1000) }),
      ...(nextDueMs !== undefined && { next_due: time(nextDueMs) }),
      minimum_index: ledger.minimumIndex(),
      ...(this.#last !== undefined && { last: this.#last }),
      ...(this.#trouble !== undefined && { trouble: this.#trouble.message }),
    };
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}

/** The desk, with holds that are in force for what is purged too once they are set. */
export function heldFromNowOn(desk: PrivacyDesk, runs: Pick<RetentionRuns, 'stepUnderWay'>): PrivacyDesk {
  return {
    ...desk,
    async addHold(wish, asker) {
      const hold = await desk.addHold(wish, asker);
      await runs.stepUnderWay();
      return hold;
    },
  };
}
