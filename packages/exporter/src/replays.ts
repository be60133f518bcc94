import { randomUUID } from 'node:crypto';
import { Worker } from 'node:worker_threads';

import { loadRules, type RuleChoice } from './alerts/index.ts';
import { ExporterError } from './errors.ts';
import type { ReplayedAlert, ReplayProgress, ReplayRange, ReplayRequest } from './replay-types.ts';

/** Alerts of one replay; one that finds more is stopped. */
const MAX_ALERTS = 10_000;

/** Alerts of one answer. */
const PAGE_ALERTS = 500;

/** A replay that nobody asks about for so long is stopped, and what it found is forgotten. */
const ABANDONED_MS = 60_000;

const HEAP_MB = 512;

/** What the thread of a replay is started with. */
export interface ReplayThreadData {
  directory: string;
  /** The key-encryption key where the environment brought it, base64. */
  kek: string | undefined;
  rules: RuleChoice;
  range: ReplayRange;
  nowMs: number;
}

/** What the thread tells. */
export type FromReplay =
  | { kind: 'progress'; done: number; all: number }
  | { kind: 'alert'; alert: ReplayedAlert }
  | { kind: 'done' }
  | { kind: 'failed'; problem: string };

/** What replays in a service need. */
export interface ReplaysOptions {
  directory: string;
  /** The key-encryption key where the environment brought it, base64. */
  kek: string | undefined;
  /** The rules in force. */
  rules: RuleChoice;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

interface Replay extends Omit<ReplayProgress, 'next'> {
  id: string;
  worker: Worker;
  abandoned: NodeJS.Timeout;
}

/** Replays rules for those who ask a service, one at a time, in a thread of its own. */
export class Replays {
  readonly #options: ReplaysOptions;
  #replay: Replay | undefined;

  constructor(options: ReplaysOptions) {
    this.#options = options;
  }

  /**
   * Begins one; what an earlier one found is forgotten.
   *
   * @returns its id
   * @throws ExporterError `service_busy` while another runs; `request_malformed` for rules with mistakes
   */
  start({ rules: tried, ...range }: ReplayRequest): string {
    if (this.#replay?.state === 'running') {
      throw new ExporterError('service_busy', 'another replay is running', { hint: 'Try again later.' });
    }
    this.#forget();
    const { directory, kek, now = Date.now } = this.#options;
    const rules: RuleChoice = { ...this.#options.rules, own: tried };
    demandSound(rules);
    const workerData: ReplayThreadData = { directory, kek, rules, range, nowMs: now() };
    const worker = startThread(workerData);
    const abandoned = setTimeout(() => {
      this.#forget();
    }, ABANDONED_MS);
    const replay: Replay = {
      id: randomUUID(),
      state: 'running',
      done: 0,
      all: 0,
      alerts: [],
      worker,
      abandoned: abandoned.unref(),
    };
    worker.on('message', (message: FromReplay) => {
      hear(replay, message);
    });
    worker.once('error', (error) => {
      hear(replay, { kind: 'failed', problem: error instanceof Error ? error.message : String(error) });
    });
    this.#replay = replay;
    return replay.id;
  }

  /**
   * How far it is, and what it found.
   *
   * @param after - how many alerts are known
   * @returns undefined where there is none such, or not any more
   */
  read(id: string, after: number): ReplayProgress | undefined {
    const replay = this.#replay;
    if (replay?.id !== id) return undefined;
    replay.abandoned.refresh();
    const { state, done, all, problem } = replay;
    const alerts = replay.alerts.slice(after, after + PAGE_ALERTS);
    const next = after + alerts.length;
    const isMore = next < replay.alerts.length;
    return { state: isMore ? 'running' : state, done, all, alerts, next, ...(problem && { problem }) };
  }

  /** Stops what runs. */
  close(): void {
    this.#forget();
  }

  #forget(): void {
    const replay = this.#replay;
    this.#replay = undefined;
    if (replay === undefined) return;
    clearTimeout(replay.abandoned);
    void replay.worker.terminate();
  }
}

function hear(replay: Replay, message: FromReplay): void {
  if (replay.state !== 'running') return;
  switch (message.kind) {
    case 'progress':
      replay.done = message.done;
      replay.all = message.all;
      return;
    case 'alert':
      replay.alerts.push(message.alert);
      if (replay.alerts.length < MAX_ALERTS) return;
      replay.state = 'stopped';
      replay.problem = `the rules raise more than ${MAX_ALERTS} alerts: ask for a shorter range`;
      void replay.worker.terminate();
      return;
    case 'done':
      replay.state = 'done';
      return;
    case 'failed':
      replay.state = 'failed';
      replay.problem = message.problem;
      return;
  }
}

function demandSound(rules: RuleChoice): void {
  try {
    loadRules(rules);
  } catch (error) {
    if (!(error instanceof ExporterError) || error.code !== 'config_invalid') throw error;
    const { message, hint } = error;
    throw new ExporterError('request_malformed', message, hint === undefined ? {} : { hint });
  }
}

function startThread(workerData: ReplayThreadData): Worker {
  // As this file is run, built or as source, so is the thread's.
  const script = import.meta.url.endsWith('.ts')
    ? new URL('./replay-worker.ts', import.meta.url)
    : new URL('./replay-worker.js', import.meta.url);
  return new Worker(script, { workerData, resourceLimits: { maxOldGenerationSizeMb: HEAP_MB } });
}
