import { CookieJar } from './cookie-jar.ts';

/** What came back. */
export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** What to send. */
export interface PageRequest {
  readonly method?: 'GET' | 'POST';
  readonly form?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly bearer?: string;
}

/** One request that was answered, for those who check the records afterwards. */
export interface Visit {
  readonly url: URL;
  readonly method: string;
  readonly status: number;
}

const MAX_REDIRECTS = 10;
const REQUEST_TIMEOUT_MS = 20_000;

/** One person's browser: cookies, and redirects followed by hand. */
export class Browser {
  /** Every request, in order. */
  readonly visits: Visit[] = [];
  readonly #jar = new CookieJar();
  readonly #userAgent: string;
  readonly #noteSecret: (secret: string) => unknown;

  /**
   * @param userAgent how the browser names itself
   * @param noteSecret told every cookie, authorization code and bearer token that passes
   */
  constructor(userAgent: string, noteSecret: (secret: string) => unknown) {
    this.#userAgent = userAgent;
    this.#noteSecret = noteSecret;
  }

  /** Sends one request and follows no redirect. */
  async send(url: URL, request: PageRequest = {}): Promise<Page> {
    const headers = new Headers({ 'user-agent': this.#userAgent, accept: 'text/html, application/json' });
    const cookies = this.#jar.show(url);
    if (cookies !== undefined) headers.set('cookie', cookies);
    if (request.bearer !== undefined) headers.set('authorization', `Bearer ${request.bearer}`);
    if (request.json !== undefined) headers.set('content-type', 'application/json');
    const method = request.method ?? 'GET';
    const response = await fetch(url, {
      method,
      headers,
      body: encodeBody(request),
      redirect: 'manual',
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const text = await response.text();
    this.#jar.take(url, response.headers.getSetCookie()).forEach(this.#noteSecret);
    const code = url.searchParams.get('code') ?? request.bearer;
    if (code !== undefined) this.#noteSecret(code);
    this.visits.push({ url, method, status: response.status });
    return { url, status: response.status, headers: response.headers, text };
  }

  /**
   * Sends one request and goes where the answers point.
   *
   * @param stopAt where to stop before going: a redirect to an address that starts so is the last page
   */
  async open(url: URL, request: PageRequest = {}, stopAt?: string): Promise<Page> {
    let page = await this.send(url, request);
    for (let count = 0; count < MAX_REDIRECTS; count += 1) {
      const target = readRedirect(page);
      if (target === undefined || (stopAt !== undefined && target.href.startsWith(stopAt))) return page;
      page = await this.send(target);
    }
    throw new Error(`${url.href} redirects more than ${MAX_REDIRECTS} times`);
  }

  /**
   * Fills in the page's form and sends it.
   *
   * @param fields what is typed; hidden fields of the form are sent along
   */
  submit(page: Page, fields: Readonly<Record<string, string>>, stopAt?: string): Promise<Page> {
    const action = /<form\b[^>]*\baction="([^"]*)"/.exec(page.text)?.[1];
    if (action === undefined) throw new Error(`there is no form on ${page.url.pathname} (${page.status})`);
    const hidden = [...page.text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
    const form = {
      ...Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, value])),
      ...fields,
    };
    return this.open(new URL(unescapeHtml(action), page.url), { method: 'POST', form }, stopAt);
  }
}

/** @returns where an answer points, or undefined if it is no redirect */
export function readRedirect(page: Page): URL | undefined {
  const location = page.headers.get('location');
  return page.status >= 300 && page.status < 400 && location !== null
    ? new URL(location, page.url)
    : undefined;
}

function encodeBody(request: PageRequest): URLSearchParams | string | null {
  if (request.form !== undefined) return new URLSearchParams(request.form);
  return request.json === undefined ? null : JSON.stringify(request.json);
}

function unescapeHtml(text: string): string {
  return text
    .replace(/&#(\d{1,6});/g, (_match, code) => String.fromCodePoint(Number(code)))
    .replaceAll('&amp;', '&');
}
