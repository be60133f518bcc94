import { CookieJar } from '../../../packages/demo/src/people/cookie-jar.ts';
import { exchange, headerOf, type Exchange } from './exchange.ts';

const MAX_STEPS = 30;

/** Says at the provider who is sitting in front of the browser. */
export const WHO_HEADER = 'x-test-person';

/** What a request carries besides cookies. */
export interface PageRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
}

/** A browser with cookies. It follows redirects, and sends the forms of the provider as its scripts would. */
export class TestBrowser {
  readonly #jar = new CookieJar();
  readonly #provider: string;
  readonly #who: string;
  /** Every page it has seen, in order. */
  readonly pages: Exchange[] = [];

  /**
   * @param provider the origin of the OpenID provider
   * @param who the `sub` of whoever logs in there
   */
  constructor(provider: string, who: string) {
    this.#provider = provider;
    this.#who = who;
  }

  /** Sends one request and goes nowhere. */
  async send(url: URL | string, request: PageRequest = {}): Promise<Exchange> {
    const target = new URL(url);
    const cookie = this.#jar.show(target);
    const { form } = request;
    const page = await exchange(target, {
      method: request.method ?? (form === undefined ? 'GET' : 'POST'),
      headers: {
        accept: 'text/html,application/json',
        ...request.headers,
        ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        ...(cookie === undefined ? {} : { cookie }),
        ...(target.origin === this.#provider ? { [WHO_HEADER]: this.#who } : {}),
      },
      body: form === undefined ? '' : new URLSearchParams(form).toString(),
    });
    const cookies = page.headers.filter(([name]) => name.toLowerCase() === 'set-cookie');
    this.#jar.take(
      target,
      cookies.map(([, value]) => value),
    );
    this.pages.push(page);
    return page;
  }

  /** Sends one request and goes where the answers lead, through the provider and back. */
  async open(url: URL | string, request: PageRequest = {}): Promise<Exchange> {
    let page = await this.send(url, request);
    for (let step = 0; step < MAX_STEPS; step += 1) {
      const next = this.#next(page);
      if (next === undefined) return page;
      page = await this.send(next.url, next.request);
    }
    throw new Error(`${String(url)} leads on for more than ${MAX_STEPS} steps`);
  }

  #next(page: Exchange): { url: URL; request?: PageRequest } | undefined {
    const location = headerOf(page, 'location');
    if (page.status >= 300 && page.status < 400 && location !== undefined)
      return { url: new URL(location, page.url) };
    const text = page.body.toString();
    const action = /<form\b[^>]*\baction="([^"]*)"/.exec(text)?.[1];
    if (action === undefined || page.url.origin !== this.#provider) return undefined;
    const inputs = [...text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
    const hidden = inputs.map(([, name = '', value = '']) => [name, unescapeHtml(value)]);
    const form: Record<string, string> = { ...Object.fromEntries(hidden), logout: 'yes' };
    // Only the provider's question whether to log out has this button.
    if (form['xsrf'] === undefined) delete form['logout'];
    return { url: new URL(unescapeHtml(action), page.url), request: { form } };
  }
}

function unescapeHtml(text: string): string {
  return text
    .replace(/&#(\d{1,6});/g, (_match, code) => String.fromCodePoint(Number(code)))
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
