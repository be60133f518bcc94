import type { JsonObject, RecordDraft } from '@spanledger/record';
import type { Logger } from 'pino';
import { z } from 'zod';
import { readStateFile, writeStateFile } from '../state-file.ts';
import type { Window } from './fact.ts';
import { findingRecords, windowRecordId } from './finding-records.ts';
import { KeycloakAdmin } from './keycloak-admin.ts';
import type { KeycloakConfig } from './keycloak-config.ts';
import { reconcile, type RecordSource } from './reconciliation.ts';

/** A window is no longer, so that what is compared at once has a bound. */
const MAX_WINDOW_MS = 3_600_000;

/** How many records go into the ledger as one batch at most. */
const MAX_BATCH_DRAFTS = 10_000;

/** So many intervals late, and somebody is told. */
const BEHIND_INTERVALS = 3;

const stateFile = z.object({ issuer: z.string(), through_ms: z.number() });

/** What is read of the record of a window. */
const windowDocument = z.object({
  audit: z.object({ reconciliation: z.object({ to: z.string() }) }),
});

/** What {@link Reconciler} needs. */
export interface ReconcilerOptions {
  keycloak: KeycloakConfig;
  /** Keeps how far it is. */
  stateFile: string;
  records: RecordSource;
  /** Whether the index has everything that is durable now. */
  caughtUp: () => Promise<void>;
  append: (drafts: readonly RecordDraft[]) => Promise<void>;
  log: Pick<Logger, 'error' | 'info' | 'warn'>;
}

/** Something that wants an operator's eye and keeps nobody from anything. */
export interface ReconcilerWarning {
  code: 'reconciliation_behind';
  message: string;
  hint: string;
}

/**
 * Compares a realm's events with the ledger, window after window without a hole, and records what differs. A provider
 * that is down is waited for: the next window begins where the last one ended.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #keycloak: KeycloakAdmin;
  #throughMs = 0;
  #differences = 0;
  #failure: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#keycloak = new KeycloakAdmin(options.keycloak);
  }

  /** Takes up where the last process left off; the very first window begins now. */
  async start(): Promise<void> {
    const text = await readStateFile(this.#options.stateFile);
    const parsed = stateFile.safeParse(text === undefined ? undefined : JSON.parse(text));
    const isKnown = parsed.success && parsed.data.issuer === this.#keycloak.issuer;
    this.#throughMs = isKnown ? parsed.data.through_ms : Date.now();
    if (isKnown) await this.#skipRecorded();
    else await this.#remember();
    const { everyMs } = this.#options.keycloak;
    this.#timer = setInterval(() => {
      this.#work = this.#work.then(() => this.#turn());
    }, everyMs);
    this.#timer.unref();
  }

  /** Waits for what is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    await this.#work;
  }

  /** How it stands, for `/api/status` and `/metrics`. */
  status(): { throughMs: number; lagMs: number; differences: number; failure: string | undefined } {
    return {
      throughMs: this.#throughMs,
      lagMs: Math.max(0, Date.now() - this.#options.keycloak.settleMs - this.#throughMs),
      differences: this.#differences,
      failure: this.#failure,
    };
  }

  /** The same in words of `/api/status`. */
  describe(): JsonObject {
    const { throughMs, lagMs, differences, failure } = this.status();
    return {
      keycloak: {
        issuer: this.#keycloak.issuer,
        through: new Date(throughMs).toISOString(),
        lag_ms: lagMs,
        differences,
        ...(failure !== undefined && { failure }),
      },
    };
  }

  /** Told when windows wait for longer than they should. */
  warnings(): ReconcilerWarning[] {
    const { lagMs, failure } = this.status();
    if (failure === undefined && lagMs <= this.#options.keycloak.everyMs * BEHIND_INTERVALS) return [];
    const message = `events of ${this.#keycloak.issuer} are compared up to ${new Date(this.#throughMs).toISOString()} only${failure === undefined ? '' : `: ${failure}`}`;
    const hint = 'It is tried again by itself; no window is left out, as long as the realm keeps its events.';
    return [{ code: 'reconciliation_behind', message, hint }];
  }

  async #turn(): Promise<void> {
    try {
      for (;;) {
        const window = this.#nextWindow();
        if (window === undefined || this.#isStopped) break;
        await this.#runWindow(window);
      }
      if (this.#failure !== undefined) this.#options.log.info('events of the provider are compared again');
      this.#failure = undefined;
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      if (failure !== this.#failure) {
        this.#options.log.warn(
          { err: error },
          'events of the provider could not be compared; it is tried again',
        );
      }
      this.#failure = failure;
    }
  }

  #nextWindow(): Window | undefined {
    const settledMs = Date.now() - this.#options.keycloak.settleMs;
    const toMs = Math.min(settledMs, this.#throughMs + MAX_WINDOW_MS);
    return toMs > this.#throughMs ? { fromMs: this.#throughMs, toMs } : undefined;
  }

  async #runWindow(window: Window): Promise<void> {
    const { records, append, caughtUp } = this.#options;
    await caughtUp();
    const report = await reconcile(this.#keycloak, records, window);
    const drafts = findingRecords(report, Date.now());
    this.#differences += drafts.length - 1;
    // The last one tells that the window is done; what a crash leaves half done is told twice rather than not at all.
    for (let at = 0; at < drafts.length; at += MAX_BATCH_DRAFTS)
      await append(drafts.slice(at, at + MAX_BATCH_DRAFTS));
    this.#throughMs = report.toMs;
    await this.#remember();
  }

  /** A crash between the records of a window and the note of it: the ledger knows which windows are done. */
  async #skipRecorded(): Promise<void> {
    await this.#options.caughtUp();
    for (;;) {
      const end = await this.#endOfRecorded(this.#throughMs);
      if (end === undefined || end <= this.#throughMs) return;
      this.#throughMs = end;
      await this.#remember();
    }
  }

  /** Just past the window that begins here, in milliseconds since the epoch; undefined if it is not recorded. */
  async #endOfRecorded(fromMs: number): Promise<number | undefined> {
    const id = windowRecordId(this.#keycloak.issuer, fromMs);
    const query = `audit.record.id:${JSON.stringify(id)}`;
    const { records } = await this.#options.records.search({ query, limit: 1 });
    const parsed = windowDocument.safeParse(records[0]);
    return parsed.success ? Date.parse(parsed.data.audit.reconciliation.to) : undefined;
  }

  async #remember(): Promise<void> {
    const text = JSON.stringify({ issuer: this.#keycloak.issuer, through_ms: this.#throughMs });
    await writeStateFile(this.#options.stateFile, `${text}\n`);
  }
}
