import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { warnOnce } from '../warning.ts';

/** How long an application that is at work already may take to register its provider. */
export const PROVIDER_GRACE_MS = 5_000;

/** Node publishes each incoming request here, whoever instruments it. */
const INCOMING_REQUEST = 'http.server.request.start';

/**
 * Tells the operator once when an application works and no tracer provider was ever there: nothing is recorded then.
 * A process that neither serves nor uses a hooked library is not told.
 */
export class MissingProvider {
  readonly #env: Readonly<Record<string, string | undefined>>;
  #state: 'idle' | 'waiting' | 'settled' = 'idle';
  #timer: NodeJS.Timeout | undefined;

  /** @param env - Where OpenTelemetry's settings are, to name the cause. */
  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#env = env;
  }

  /** Begins to watch for incoming requests. */
  watchRequests(): void {
    subscribe(INCOMING_REQUEST, this.#onRequest);
  }

  /** A provider is there: nothing is missing, from now on. */
  found(): void {
    this.#settle();
  }

  /** The application does what should be recorded. */
  noteWork(): void {
    if (this.#state !== 'idle') return;
    this.#state = 'waiting';
    unsubscribe(INCOMING_REQUEST, this.#onRequest);
    this.#timer = setTimeout(() => {
      this.tellIfMissing();
    }, PROVIDER_GRACE_MS);
    this.#timer.unref();
  }

  /** Tells now if there was work and there is no provider: after the grace, and before a process ends that was quicker. */
  tellIfMissing(): void {
    if (this.#state !== 'waiting') return;
    this.#settle();
    warnOnce(
      'SPANLEDGER_NO_PROVIDER',
      `Spanledger records nothing: the application is at work and no OpenTelemetry tracer provider was registered${this.#cause()}. Set up the OpenTelemetry SDK, or load @spanledger/instrumentation-oidc/standalone, which brings a provider of its own.`,
    );
  }

  readonly #onRequest = (): void => {
    this.noteWork();
  };

  #settle(): void {
    this.#state = 'settled';
    clearTimeout(this.#timer);
    unsubscribe(INCOMING_REQUEST, this.#onRequest);
  }

  #cause(): string {
    const disabled = this.#env['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true';
    return disabled ? ', because OTEL_SDK_DISABLED is true' : '';
  }
}
