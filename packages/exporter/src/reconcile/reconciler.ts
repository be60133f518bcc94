import type { JsonObject, RecordDraft } from '@spanledger/record';
import type { Logger } from 'pino';
import { z } from 'zod';
import { ExporterError } from '../errors.ts';
import { readStateFile, writeStateFile } from '../state-file.ts';
import type { Window } from './fact.ts';
import { findingRecords } from './finding-records.ts';
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
  /** What to do about it. */
  #hint: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();
  readonly #stop: AbortController = new AbortController();
  /** What the ledger itself tells of windows that are done was looked at. */
  #isResumed = false;
  /** The note of what is done was there, and could be read. */
  #isNoted = false;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#keycloak = new KeycloakAdmin(options.keycloak, this.#stop.signal);
  }

  /** Takes up where the last process left off; the very first window begins now. What takes time is done later. */
  async start(): Promise<void> {
    const text = await readStateFile(this.#options.stateFile);
    const noted = stateFile.safeParse(parseJson(text));
    const isKnown = noted.success && noted.data.issuer === this.#keycloak.issuer;
    this.#throughMs = isKnown ? noted.data.through_ms : Date.now();
    this.#isNoted = isKnown;
    this.#schedule();
    this.#timer = setInterval(() => {
      this.#schedule();
    }, this.#options.keycloak.everyMs);
    this.#timer.unref();
  }

  /** Waits for what is under way. */
  async stop(): Promise<void> {
    this.#stop.abort();
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
    const hint =
      this.#hint ??
      'It is tried again by itself; no window is left out, as long as the realm keeps its events.';
    return [{ code: 'reconciliation_behind', message, hint }];
  }

  /** One turn at a time. */
  #schedule(): void {
    this.#work = this.#work.then(() => this.#turn());
  }

  async #turn(): Promise<void> {
    // What settles during the turn is left to the next one: there would be no end.
    const untilMs = Date.now() - this.#options.keycloak.settleMs;
    try {
      await this.#resume();
      while (this.#throughMs < untilMs && !this.#stop.signal.aborted) {
        await this.#runWindow({
          fromMs: this.#throughMs,
          toMs: Math.min(untilMs, this.#throughMs + MAX_WINDOW_MS),
        });
      }
      if (this.#failure !== undefined) this.#options.log.info('events of the provider are compared again');
      this.#failure = undefined;
      this.#hint = undefined;
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      const failure = error instanceof Error ? error.message : String(error);
      if (failure !== this.#failure) {
        this.#options.log.warn(
          { err: error },
          'events of the provider could not be compared; it is tried again',
        );
      }
      this.#failure = failure;
      this.#hint = error instanceof ExporterError ? error.hint : undefined;
    }
  }

  async #runWindow(window: Window): Promise<void> {
    const { records, append, caughtUp } = this.#options;
    await caughtUp();
    const report = await reconcile(this.#keycloak, records, window);
    const drafts = findingRecords(report, Date.now());
    // The last one tells that the window is done; what a crash leaves half done is told twice rather than not at all.
    for (let at = 0; at < drafts.length; at += MAX_BATCH_DRAFTS)
      await append(drafts.slice(at, at + MAX_BATCH_DRAFTS));
    this.#differences += drafts.length - 1;
    this.#throughMs = report.toMs;
    await this.#remember();
  }

  /** The note of what is done may be older than the ledger, after a crash, or lost: the ledger's own word counts too. */
  async #resume(): Promise<void> {
    if (this.#isResumed) return;
    const { caughtUp, records: source } = this.#options;
    // A realm that cannot be read is told of at once, and not when the first window has settled.
    await this.#keycloak.events({ fromMs: this.#throughMs, toMs: this.#throughMs + 1 });
    await caughtUp();
    const issuer = JSON.stringify(this.#keycloak.issuer);
    const query = `event.action:reconciliation.completed and oidc.issuer:${issuer}`;
    const { records } = await source.search({ query, limit: 1, order: 'desc' });
    const last = windowDocument.safeParse(records[0]);
    if (last.success) {
      const doneMs = Date.parse(last.data.audit.reconciliation.to);
      this.#throughMs = this.#isNoted ? Math.max(this.#throughMs, doneMs) : doneMs;
    }
    // Only now: a note made before would hide what the ledger tells.
    if (!this.#isNoted) await this.#remember();
    this.#isResumed = true;
  }

  async #remember(): Promise<void> {
    const text = JSON.stringify({ issuer: this.#keycloak.issuer, through_ms: this.#throughMs });
    await writeStateFile(this.#options.stateFile, `${text}\n`);
  }
}

/** Undefined for what is no JSON: whoever reads it has to do without. */
function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
