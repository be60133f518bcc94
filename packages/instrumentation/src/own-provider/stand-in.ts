import { preloadsOf, serveApiCopies } from './api-copies.ts';
import { HttpRequests } from './http-requests.ts';
import { OwnProvider, type OwnProviderParts } from './own-provider.ts';

/** What our own provider is there for, and when. */
export class StandIn {
  readonly #env: OwnProviderParts['env'];
  readonly #provider: OwnProvider;
  readonly #requests: HttpRequests;
  #servesCopies = false;
  #isAlone = false;

  /** @param parts - What the provider works with. */
  constructor(parts: OwnProviderParts) {
    this.#env = parts.env;
    this.#provider = new OwnProvider(parts);
    this.#requests = new HttpRequests(this.#provider);
  }

  /**
   * With `OTEL_TRACES_EXPORTER=none` the SDK instruments the application and makes no provider: whoever asks the API
   * for a tracer gets one of ours.
   */
  coverUnexported(): void {
    if (this.#env['OTEL_TRACES_EXPORTER']?.trim().toLowerCase() === 'none') this.#serveCopies();
  }

  /** Covers an application without OpenTelemetry: requests are recorded, and whatever asks the API for a tracer. */
  standAlone(): void {
    if (this.#isAlone) return;
    this.#isAlone = true;
    this.#serveCopies();
    if (!this.#provider.isReplaced) this.#requests.start();
  }

  /** The application has a provider: it takes over. */
  stepAside(provider: unknown): void {
    this.#provider.stepAside(provider);
    this.#requests.stop();
  }

  #serveCopies(): void {
    if (this.#servesCopies) return;
    this.#servesCopies = true;
    serveApiCopies(this.#provider, preloadsOf(process.execArgv, this.#env['NODE_OPTIONS']));
  }
}
