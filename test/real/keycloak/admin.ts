import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 100;
const REQUEST_TIMEOUT_MS = 30_000;
/** An admin token lives for a minute. */
const TOKEN_LIFE_MS = 30_000;

/** The admin REST API of a Keycloak, as its first administrator. */
export class KeycloakAdmin {
  /** E.g. `http://127.0.0.1:40123`. */
  readonly url: string;
  readonly #password: string;
  #token: { text: string; at: number } | undefined;

  constructor(url: string, password: string) {
    this.url = url;
    this.#password = password;
  }

  /** Resolves once Keycloak answers; it listens before it does. */
  async untilReady(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const response = await fetch(`${this.url}/realms/master`).catch(() => undefined);
      await response?.body?.cancel();
      if (response?.ok === true) return;
      await delay(POLL_MS);
    }
  }

  /**
   * Asks below `/admin/realms`.
   *
   * @returns what it answered: JSON, or undefined where it answered nothing
   * @throws unless it answered with success
   */
  async ask(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.url}/admin/realms${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await this.#freshToken()}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  async #freshToken(): Promise<string> {
    if (this.#token !== undefined && Date.now() - this.#token.at < TOKEN_LIFE_MS) return this.#token.text;
    const at = Date.now();
    const response = await fetch(`${this.url}/realms/master/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'password',
        client_id: 'admin-cli',
        username: 'admin',
        password: this.#password,
      }),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    if (!response.ok) throw new Error(`the administrator cannot log in: ${await response.text()}`);
    const { access_token: text }: { access_token: string } = JSON.parse(await response.text());
    this.#token = { text, at };
    return text;
  }
}
