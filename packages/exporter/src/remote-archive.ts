import { httpTiles } from '@spanledger/ledger/verify';
import { isJsonObject } from '@spanledger/record';
import type { JsonObject } from '@spanledger/record';

import type {
  Archive,
  RecordCount,
  RecordHistogram,
  SearchPage,
  SessionDetail,
  SessionsPage,
} from './archive-types.ts';
import { ExporterError } from './errors.ts';
import type { ExporterErrorCode } from './errors.ts';
import { readCompleteness } from './remote-completeness.ts';
import {
  readCount,
  readErrorAnswer,
  readHistogram,
  readSearchPage,
  readSessionDetail,
  readSessionsPage,
} from './remote-answers.ts';
import { readAttemptsPage, readTokenDetail, readTokensPage } from './remote-token-answers.ts';
import { readAlertDetail, readAlertsPage } from './remote-alerts.ts';
import { parseQuery } from './search/query/index.ts';
import { type ClientTls, tlsFetch } from './tls-fetch.ts';

/** How a service is asked. */
export interface RemoteArchiveOptions {
  /** Bearer token, where the service demands one. */
  token?: string;
  /** Certificates of one's own. */
  tls?: ClientTls;
  /** How long one answer may take, in milliseconds; 30,000 if not given. */
  timeoutMs?: number;
}

/** How long a service may take to answer. */
const DEFAULT_TIMEOUT_MS = 30_000;

/** The most bytes of one answer. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

type Parameters = Record<string, string | number | undefined>;

/**
 * Asks a service over HTTP. Nothing is asked until the first call.
 *
 * @param url - the service's address, such as `http://127.0.0.1:4319`
 * @throws TypeError when the address is not a URL
 * @example
 * const archive = connectArchive('http://127.0.0.1:4319');
 * const { sessions } = await archive.sessions({ limit: 10 });
 */
export function connectArchive(url: string, options: RemoteArchiveOptions = {}): Archive {
  const client = new RemoteClient(url, options);
  return {
    tiles: client.tiles(),
    async search({ query, limit, cursor, order }): Promise<SearchPage> {
      parseQuery(query);
      return readSearchPage(await client.json('api/records', { query, limit, cursor, order }));
    },
    async count({ query }): Promise<RecordCount> {
      parseQuery(query);
      return readCount(await client.json('api/records/count', { query }));
    },
    async histogram({ query, interval }): Promise<RecordHistogram> {
      parseQuery(query);
      return readHistogram(await client.json('api/records/histogram', { query, interval }), interval);
    },
    async record(id) {
      return await client.jsonIfAny(`api/records/${encodeURIComponent(id)}`, {});
    },
    async proof(id) {
      return await client.textIfAny(`api/records/${encodeURIComponent(id)}/proof`);
    },
    async sessions({ limit, cursor, query }): Promise<SessionsPage> {
      if (query !== undefined) parseQuery(query);
      return readSessionsPage(await client.json('api/sessions', { limit, cursor, query }));
    },
    async session(id, { limit, cursor } = {}): Promise<SessionDetail | undefined> {
      const answer = await client.jsonIfAny(`api/sessions/${encodeURIComponent(id)}`, { limit, cursor });
      return answer === undefined ? undefined : readSessionDetail(answer);
    },
    async completeness(id) {
      const answer = await client.jsonIfAny(`api/sessions/${encodeURIComponent(id)}/completeness`, {});
      return answer === undefined ? undefined : readCompleteness(answer);
    },
    async token(id, { limit, cursor } = {}) {
      const answer = await client.jsonIfAny(`api/oidc-tokens/${encodeURIComponent(id)}`, { limit, cursor });
      return answer === undefined ? undefined : readTokenDetail(answer);
    },
    async tokens({ limit, cursor, session, alive_at: aliveAt }) {
      return readTokensPage(
        await client.json('api/oidc-tokens', { limit, cursor, session, alive_at: aliveAt }),
      );
    },
    async attempts({ limit, cursor, query, outcome }) {
      if (query !== undefined) parseQuery(query);
      return readAttemptsPage(await client.json('api/attempts', { limit, cursor, query, outcome }));
    },
    async alerts({ limit, cursor, status, severity, rule }) {
      const page = await client.json('api/alerts', { limit, cursor, status, severity, rule });
      return readAlertsPage(page);
    },
    async alert(id) {
      const answer = await client.jsonIfAny(`api/alerts/${encodeURIComponent(id)}`, {});
      return answer === undefined ? undefined : readAlertDetail(answer);
    },
    async changeAlert(id, change) {
      const path = `api/alerts/${encodeURIComponent(id)}`;
      if ((await client.jsonIfAny(path, {})) === undefined) return undefined;
      const answer = await client.post(path, change);
      return readAlertDetail(isJsonObject(answer) ? answer : {});
    },
    checkpoint: () => client.text('checkpoint'),
    vkey: async () => (await client.text('ledger.vkey')).trim(),
    status: () => client.json('api/status', {}),
    async close() {
      // Every request is on its own.
    },
  };
}

/** Asks a service over HTTP, and knows what its answers mean. */
export class RemoteClient {
  readonly #base: URL;
  readonly #headers: Record<string, string>;
  readonly #timeoutMs: number;
  readonly #fetch: typeof fetch;

  constructor(url: string, { token, tls, timeoutMs = DEFAULT_TIMEOUT_MS }: RemoteArchiveOptions) {
    this.#fetch = tls === undefined ? fetch : tlsFetch(tls, MAX_ANSWER_BYTES);
    this.#base = new URL(url.endsWith('/') ? url : `${url}/`);
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.#timeoutMs = timeoutMs;
  }

  tiles(): Archive['tiles'] {
    const tiles = httpTiles(this.#base, {
      headers: this.#headers,
      timeoutMs: this.#timeoutMs,
      fetch: this.#fetch,
    });
    return {
      read: (path) => tiles.read(path).catch((error: unknown) => this.#fail(error)),
    };
  }

  async json(path: string, parameters: Parameters): Promise<JsonObject> {
    return (await this.jsonIfAny(path, parameters)) ?? this.#notThere(path);
  }

  async jsonIfAny(path: string, parameters: Parameters): Promise<JsonObject | undefined> {
    const text = await this.textIfAny(path, parameters);
    if (text === undefined) return undefined;
    const value = parseJson(text);
    if (isJsonObject(value)) return value;
    throw new ExporterError(
      'archive_refused',
      `${this.#base.href} answers ${path} with something else than JSON`,
      {
        hint: 'is this the address of a Spanledger service?',
      },
    );
  }

  async text(path: string): Promise<string> {
    return (await this.textIfAny(path)) ?? this.#notThere(path);
  }

  /** @returns undefined where the service says that there is no such thing */
  async textIfAny(path: string, parameters: Parameters = {}): Promise<string | undefined> {
    const url = new URL(path, this.#base);
    for (const [name, value] of Object.entries(parameters)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const { status, body } = await this.#ask(url);
    if (status === 200) return body;
    if (status === 404 && readErrorAnswer(parseJson(body)).code === 'not_found') return undefined;
    throw refusal(url, status, body);
  }

  /** Asks for something to be done. @returns what the service answers */
  async post(path: string, content: object): Promise<unknown> {
    const url = new URL(path, this.#base);
    const { status, body } = await this.#ask(url, JSON.stringify(content));
    if (status >= 200 && status < 300) return parseJson(body);
    throw refusal(url, status, body);
  }

  async #ask(url: URL, content?: string): Promise<{ status: number; body: string }> {
    try {
      const response = await this.#fetch(url, {
        ...(content !== undefined && { method: 'POST', body: content }),
        headers: {
          ...this.#headers,
          ...(content !== undefined && { 'content-type': 'application/json' }),
        },
        signal: AbortSignal.timeout(this.#timeoutMs),
      });
      return { status: response.status, body: await readText(response) };
    } catch (error) {
      return this.#fail(error);
    }
  }

  #fail(cause: unknown): never {
    if (cause instanceof ExporterError) throw cause;
    throw new ExporterError('archive_unreachable', `${this.#base.href} does not answer`, {
      cause,
      hint: isDistrust(cause)
        ? 'its certificate is not believed: name its authority with --ca-file (SPANLEDGER_CA_FILE), and the service by a name that stands in it'
        : "is the service running? Start it with 'spanledger serve', or read its files with --data",
    });
  }

  #notThere(path: string): never {
    throw new ExporterError('archive_refused', `${this.#base.href} has no ${path}`, {
      hint: 'is this the address of a Spanledger service?',
    });
  }
}

/** Codes with which OpenSSL and Node refuse a certificate. */
const DISTRUST = /CERT|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)/;

function isDistrust(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string' && DISTRUST.test(cause.code)) return true;
  }
  return false;
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw new RangeError('the answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusal(url: URL, status: number, body: string): ExporterError {
  const { code, message, hint } = readErrorAnswer(parseJson(body));
  return new ExporterError(
    errorCode(status, code),
    message ?? `${url.origin} answers with status ${status}`,
    { hint: hint ?? 'is this the address of a Spanledger service, and the right token?' },
  );
}

/** What a service says that its caller tells apart. */
const OWN_CODES: ReadonlySet<string> = new Set<ExporterErrorCode>([
  'clock_ahead',
  'cursor_invalid',
  'erasure_refused',
  'legal_hold',
  'not_found',
  'retention_unconfigured',
]);

function isOwnCode(code: string | undefined): code is ExporterErrorCode {
  return code !== undefined && OWN_CODES.has(code);
}

function errorCode(status: number, code: string | undefined): ExporterErrorCode {
  if (isOwnCode(code)) return code;
  return status === 400 ? 'request_malformed' : 'archive_refused';
}
