import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { ExporterError } from '../errors.ts';
import { askProvider, readSecret } from './provider-request.ts';
import type { VerificationConfig } from './provider.ts';

const STATE_BYTES = 16;
const REQUEST_TIMEOUT_MS = 30_000;
const MAX_ANSWER_BYTES = 64 * 1024;

/** Verifications that may still arrive; of more the oldest is not waited for. */
const MAX_OPEN = 4;

/** A stream that was silent for so many intervals is told of. */
const OVERDUE_INTERVALS = 2;

/** What {@link StreamVerification} works with. */
export interface StreamVerificationOptions {
  verification: VerificationConfig;
  issuer: string;
  log: Pick<Logger, 'warn'>;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** How the verification of a stream stands. */
export interface VerificationStatus {
  /** When the last one arrived, milliseconds since the epoch. */
  verifiedMs: number | undefined;
  /** Whether one should have arrived by now. */
  isOverdue: boolean;
  /** Why the last request for one failed. */
  failure: string | undefined;
}

/**
 * Asks a transmitter now and then to send a verification event through the stream, so that a stream that has stopped is
 * noticed although nothing happens. Shared Signals Framework 1.0, 8.1.4
 */
export class StreamVerification {
  readonly #options: StreamVerificationOptions;
  readonly #stop: AbortController = new AbortController();
  readonly #states: Set<string> = new Set();
  readonly #startedMs: number;
  #verifiedMs: number | undefined;
  #failure: string | undefined;
  #asking: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: StreamVerificationOptions) {
    this.#options = options;
    this.#startedMs = options.now();
  }

  /** Begins to ask; nobody waits for the answer. */
  start(): void {
    this.#asking = this.#ask();
    this.#timer = setInterval(() => {
      this.#asking = this.#asking.then(() => this.#ask());
    }, this.#options.verification.everyMs);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stop.abort();
    await this.#asking;
  }

  /** Whether an event with this state was asked for. */
  accepts(state: unknown): boolean {
    return typeof state === 'string' && this.#states.has(state);
  }

  /** One arrived, and is recorded. */
  confirm(state: unknown): void {
    if (typeof state === 'string') this.#states.delete(state);
    this.#verifiedMs = this.#options.now();
  }

  status(): VerificationStatus {
    const { now, verification } = this.#options;
    const silentMs = now() - (this.#verifiedMs ?? this.#startedMs);
    return {
      verifiedMs: this.#verifiedMs,
      isOverdue: silentMs > OVERDUE_INTERVALS * verification.everyMs,
      failure: this.#failure,
    };
  }

  async #ask(): Promise<void> {
    const { issuer, log, verification } = this.#options;
    const { url, streamId, tokenFile } = verification;
    const state = randomBytes(STATE_BYTES).toString('base64url');
    // Before it is asked for: it may arrive before the answer.
    this.#states.add(state);
    const [oldest = ''] = this.#states;
    if (this.#states.size > MAX_OPEN) this.#states.delete(oldest);
    try {
      const token = tokenFile === undefined ? undefined : await readSecret(tokenFile);
      const { status } = await askProvider({
        url,
        body: { stream_id: streamId, state },
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        timeoutMs: REQUEST_TIMEOUT_MS,
        maxBytes: MAX_ANSWER_BYTES,
        signal: this.#stop.signal,
      });
      if (status < 200 || status > 299) {
        throw new ExporterError('provider_refused', `${url} answers ${status}`, {
          hint: 'Check stream_id, and the token in the file that providers names for it.',
        });
      }
      this.#failure = undefined;
    } catch (error) {
      this.#states.delete(state);
      if (this.#stop.signal.aborted) return;
      const failure = error instanceof Error ? error.message : String(error);
      if (failure !== this.#failure) log.warn({ err: error, issuer }, 'a stream could not be verified');
      this.#failure = failure;
    }
  }
}
