import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ExporterError } from '../errors.ts';
import type { KeycloakConfig } from './keycloak-config.ts';
import { adminEvents, readAdminEvent, readUserEvent, userEvents } from './keycloak-events.ts';
import type { ProviderEvent, Window } from './fact.ts';

const REQUEST_TIMEOUT_MS = 30_000;
const PAGE_EVENTS = 1_000;

/** The most events of one kind that one window may have; one with more is made shorter. */
export const MAX_WINDOW_EVENTS = 20_000;

/** The longest answer that is quoted. */
const MAX_QUOTED = 200;

const tokenAnswer = z.object({ access_token: z.string() });

/** Events of a window. */
export interface FetchedEvents {
  events: ProviderEvent[];
  /** Just past the last millisecond of which all events are there: the window's own end, or less. */
  toMs: number;
}

/** Reads a realm's events by Keycloak's admin REST API, as a client whose service account has the role `view-events`. */
export class KeycloakAdmin {
  readonly #config: KeycloakConfig;
  readonly #signal: AbortSignal | undefined;

  /** @param signal ends what is under way */
  constructor(config: KeycloakConfig, signal?: AbortSignal) {
    this.#config = config;
    this.#signal = signal;
  }

  /** The realm's issuer. */
  get issuer(): string {
    return this.#config.issuer;
  }

  /**
   * Reads user events and admin events.
   *
   * @throws ExporterError `provider_unreachable`, `provider_refused`
   */
  async events({ fromMs, toMs }: Window): Promise<FetchedEvents> {
    const token = await this.#token();
    const ofUsers = await this.#pages('events', userEvents, token, { fromMs, toMs });
    const ofAdmins = await this.#pages('admin-events', adminEvents, token, { fromMs, toMs: ofUsers.toMs });
    const { toMs: end } = ofAdmins;
    const events = [
      ...ofUsers.items.flatMap((event) => (this.#isOurs(event) ? [] : (readUserEvent(event) ?? []))),
      ...ofAdmins.items.map((event) => readAdminEvent(event)),
    ];
    return { events: events.filter(({ atMs }) => atMs < end), toMs: end };
  }

  #isOurs({ clientId, type }: { clientId?: string | undefined; type: string }): boolean {
    return clientId === this.#config.clientId && type === 'CLIENT_LOGIN';
  }

  async #pages<Item extends { time: number }>(
    path: string,
    schema: z.ZodType<Item[]>,
    token: string,
    { fromMs, toMs }: Window,
  ): Promise<{ items: Item[]; toMs: number }> {
    const items: Item[] = [];
    for (;;) {
      const query = new URLSearchParams({
        dateFrom: String(fromMs),
        dateTo: String(toMs - 1),
        direction: 'asc',
        first: String(items.length),
        max: String(PAGE_EVENTS),
      });
      const { url, realm } = this.#config;
      const answer = await this.#ask(
        `${url}/admin/realms/${encodeURIComponent(realm)}/${path}?${query.toString()}`,
        {
          headers: { authorization: `Bearer ${token}` },
        },
      );
      const page = this.#check(schema, answer);
      items.push(...page);
      if (page.length < PAGE_EVENTS) return { items, toMs };
      if (items.length >= MAX_WINDOW_EVENTS) return { items, toMs: items.at(-1)?.time ?? toMs };
    }
  }

  async #token(): Promise<string> {
    const { clientId } = this.#config;
    const clientSecret = await this.#secret();
    const { url, realm } = this.#config;
    const answer = await this.#ask(
      `${url}/realms/${encodeURIComponent(realm)}/protocol/openid-connect/token`,
      {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: clientId,
          client_secret: clientSecret,
        }),
      },
    );
    return this.#check(tokenAnswer, answer).access_token;
  }

  async #secret(): Promise<string> {
    const { value, file = '' } = this.#config.secret;
    if (value !== undefined) return value;
    try {
      return (await readFile(file, 'utf8')).trim();
    } catch (cause) {
      throw new ExporterError('key_missing', `${file} cannot be read`, {
        cause,
        hint: 'reconcile.keycloak.client_secret_file holds the secret of the client, and nothing else.',
      });
    }
  }

  async #ask(url: string, init: RequestInit): Promise<unknown> {
    let response: Response;
    let text: string;
    try {
      const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
      const signal = this.#signal === undefined ? timeout : AbortSignal.any([timeout, this.#signal]);
      response = await fetch(url, { ...init, signal });
      text = await response.text();
    } catch (cause) {
      throw this.#unreachable('does not answer', cause);
    }
    if (response.status >= 500) throw this.#unreachable(`answers ${response.status}`);
    if (!response.ok) {
      throw new ExporterError(
        'provider_refused',
        `Keycloak refuses ${new URL(url).pathname} with ${response.status}: ${text.slice(0, MAX_QUOTED)}`,
        {
          hint:
            'reconcile.keycloak needs a confidential client with a service account that has the role view-events of ' +
            'realm-management; check client_id, the secret and realm.',
        },
      );
    }
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw this.#unreachable('does not answer with JSON', cause);
    }
  }

  #check<Value>(schema: z.ZodType<Value>, answer: unknown): Value {
    const parsed = schema.safeParse(answer);
    if (parsed.success) return parsed.data;
    throw this.#unreachable(
      `answers what it should not: ${z.prettifyError(parsed.error).slice(0, MAX_QUOTED)}`,
    );
  }

  #unreachable(what: string, cause?: unknown): ExporterError {
    return new ExporterError('provider_unreachable', `Keycloak at ${this.#config.url} ${what}`, {
      ...(cause !== undefined && { cause }),
      hint: 'It is asked again, from where the last good answer ended; records go on meanwhile.',
    });
  }
}
