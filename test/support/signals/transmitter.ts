import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { SigningProvider } from './signing-provider.ts';

/** What a receiver asks for. RFC 8936, 2.2 */
export interface PollRequest {
  maxEvents?: number;
  returnImmediately?: boolean;
  ack?: string[];
  setErrs?: Record<string, { err: string; description: string }>;
}

/** The polling endpoint of a provider: keeps events until they are acknowledged, holds an empty answer back. */
export class Transmitter {
  readonly #held: Set<() => void> = new Set();
  readonly events: Map<string, string> = new Map();
  readonly requests: PollRequest[] = [];
  readonly authorizations: (string | undefined)[] = [];
  readonly errors: Map<string, string> = new Map();
  /** Answers so instead. */
  fault: ((response: ServerResponse) => void) | undefined;
  /** How many events one answer has. */
  pageSize = 100;
  readonly url: string;

  constructor(provider: SigningProvider, path = '/poll') {
    this.url = new URL(path, provider.issuer).href;
    provider.routes.set(path, (request, response) => {
      void this.#answer(request, response);
    });
  }

  /** Has an event delivered. */
  send({ jti, token }: { jti: string; token: string }): void {
    this.events.set(jti, token);
    this.release();
  }

  /** Answers whoever waits. */
  release(): void {
    for (const answer of this.#held) answer();
    this.#held.clear();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const poll: PollRequest = JSON.parse(await text(request));
    this.requests.push(poll);
    this.authorizations.push(request.headers.authorization);
    if (this.fault !== undefined) {
      this.fault(response);
      return;
    }
    for (const jti of poll.ack ?? []) this.events.delete(jti);
    for (const [jti, { err }] of Object.entries(poll.setErrs ?? {})) {
      this.events.delete(jti);
      this.errors.set(jti, err);
    }
    const answer = (): void => {
      const all = [...this.events];
      const page = all.slice(0, Math.min(poll.maxEvents ?? all.length, this.pageSize));
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({ sets: Object.fromEntries(page), moreAvailable: all.length > page.length }),
      );
    };
    if (this.events.size > 0 || poll.returnImmediately === true) answer();
    else this.#held.add(answer);
  }
}
