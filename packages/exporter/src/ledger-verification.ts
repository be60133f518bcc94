import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { JsonObject, RecordDraft } from '@spanledger/record';
import type { Logger } from 'pino';

import { gauge } from './gauges.ts';
import { ownRecord, THE_SERVICE } from './own-record.ts';
import { timestampOf } from './timestamp.ts';
import type { Trouble } from './trouble.ts';

const HEAP_MB = 512;

/** The most kinds of failures that a record names. */
const MAX_CODES = 16;

/** What a verification of the ledger may want an operator for. */
export type LedgerVerificationWarningCode = 'ledger_verification_failed';

/** What the thread of a verification is started with. */
export interface LedgerVerificationData {
  /** Holds the log's files. */
  directory: string;
  vkey: string;
}

/** What it found. */
export interface LedgerFinding {
  /** Entries of the checkpoint that was verified. */
  size: number;
  failures: number;
  /** The kinds of failures. */
  codes: string[];
  /** The first of them, as a sentence. */
  first?: string;
}

/** Verifies a log's files; rejects where that could not be done, or the signal says so. */
export type VerifyLedgerFiles = (data: LedgerVerificationData, signal: AbortSignal) => Promise<LedgerFinding>;

/** What verifying the ledger again and again joins. */
export interface LedgerVerificationsOptions {
  /** Holds the log's files. */
  directory: string;
  origin: string;
  /** The log's newest verification key. */
  vkey: () => string;
  /** 0: never. */
  everyMs: number;
  /** Appends a record; resolves once it is durable. */
  append: (draft: RecordDraft) => Promise<void>;
  log: Logger;
  /** In a thread of its own, unless a test brings another. */
  verify?: VerifyLedgerFiles;
}

/**
 * Verifies the log as it lies on the disk again and again, as anybody could, and records how that ended. Its own word on
 * itself proves nothing to others: it is for finding a disk that rots, or a hand that is clumsy.
 */
export class LedgerVerifications {
  readonly #options: LedgerVerificationsOptions;
  readonly #stop: AbortController = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #last: (LedgerFinding & { atMs: number }) | undefined;

  constructor(options: LedgerVerificationsOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#options.everyMs > 0) this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** The last result, for `/api/status`; undefined before the first. */
  describe(): JsonObject | undefined {
    if (this.#last === undefined) return undefined;
    const { atMs, size, failures, first } = this.#last;
    const at = new Date(atMs).toISOString();
    return { at, ok: failures === 0, size, failures, ...(first !== undefined && { first }) };
  }

  /** What an operator should see to. */
  warnings(): (Trouble & { code: LedgerVerificationWarningCode })[] {
    const { failures = 0, first = '', atMs = 0 } = this.#last ?? {};
    if (failures === 0) return [];
    const at = new Date(atMs).toISOString();
    return [
      {
        code: 'ledger_verification_failed',
        message: `the ledger did not verify at ${at}, in ${failures} places: ${first}`,
        hint: 'spanledger verify names every place; docs/errors.md explains them.',
      },
    ];
  }

  /** The same for a monitor. */
  metrics(): string[] {
    if (this.#last === undefined) return [];
    const { atMs, failures } = this.#last;
    const verified = 'spanledger_ledger_verified_timestamp_seconds';
    return [
      ...gauge(verified, 'When the ledger was verified last.', [[{}, atMs / 1000]]),
      ...gauge('spanledger_ledger_verification_failures', 'What was wrong with it then.', [[{}, failures]]),
    ];
  }

  async #run(): Promise<void> {
    const { everyMs, log } = this.#options;
    const { signal } = this.#stop;
    for (;;) {
      await delay(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await this.#verify(signal);
      } catch (error) {
        if (!signal.aborted)
          log.error({ err: error }, 'the ledger could not be verified; the next time is as planned');
      }
    }
  }

  async #verify(signal: AbortSignal): Promise<void> {
    const { directory, vkey, verify = verifyInThread, append, origin, log } = this.#options;
    const look = (): Promise<LedgerFinding> => verify({ directory, vkey: vkey() }, signal);
    let found = await look();
    // The log may have been pruned meanwhile: what is wrong is so a second time.
    if (found.failures > 0) found = await look();
    const { size, failures, codes, first } = found;
    // A disk that cannot be read is not a log that was found wrong.
    if (failures > 0 && codes.every((code) => code === 'read_failed'))
      throw new Error(first ?? 'the log cannot be read');
    const atMs = Date.now();
    this.#last = { ...found, atMs };
    if (failures === 0) log.info({ size }, 'the ledger verifies');
    else log.error({ size, failures, first }, 'the ledger does not verify');
    await append(verificationRecord(origin, this.#last));
  }
}

/** The record of a verification: of how many entries, and what was wrong with them. */
function verificationRecord(
  origin: string,
  { atMs, size, failures, codes }: LedgerFinding & { atMs: number },
): RecordDraft {
  const outcome = failures === 0 ? 'success' : 'failure';
  const what = failures === 0 ? '' : `, ${failures} failures: ${codes.slice(0, MAX_CODES).join(', ')}`;
  return ownRecord({
    id: `ledger-verification-${atMs}`,
    timestamp: timestampOf(atMs),
    subject: THE_SERVICE,
    audit: { action: 'EXECUTE', outcome, target: { id: origin, type: 'audit.ledger' } },
    event: {
      action: 'ledger.verified',
      category: ['configuration'],
      reason: `${size} entries verified${what}`,
      type: ['info'],
    },
  });
}

/** Verifies in a thread of its own. */
export async function verifyInThread(
  workerData: LedgerVerificationData,
  signal: AbortSignal,
): Promise<LedgerFinding> {
  // As this file is run, built or as source, so is the thread's.
  const script = import.meta.url.endsWith('.ts')
    ? new URL('./ledger-verification-worker.ts', import.meta.url)
    : new URL('./ledger-verification-worker.js', import.meta.url);
  const worker = new Worker(script, { workerData, resourceLimits: { maxOldGenerationSizeMb: HEAP_MB } });
  try {
    const [finding]: LedgerFinding[] = await once(worker, 'message', { signal });
    if (finding === undefined) throw new Error('the thread of a verification told nothing');
    return finding;
  } finally {
    await worker.terminate();
  }
}
