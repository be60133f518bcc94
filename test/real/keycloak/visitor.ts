import type { Browser, BrowserContext, Page } from 'playwright-core';

const TIMEOUT_MS = 60_000;

/** What a page's logout button does. */
const SUBMIT_LOGOUT = `
  const form = document.createElement('form');
  form.method = 'post';
  form.action = '/logout';
  document.body.append(form);
  form.submit();
`;

/** Somebody with a browser of their own. */
export class Visitor implements AsyncDisposable {
  readonly #context: BrowserContext;
  readonly #page: Page;
  readonly #name: string;

  private constructor(context: BrowserContext, page: Page, name: string) {
    this.#context = context;
    this.#page = page;
    this.#name = name;
  }

  static async arrive(browser: Browser, name: string): Promise<Visitor> {
    const context = await browser.newContext();
    context.setDefaultTimeout(TIMEOUT_MS);
    return new Visitor(context, await context.newPage(), name);
  }

  /** Logs in at a shop; ends at its page `/me`. */
  async logIn(shopUrl: string, password: string): Promise<void> {
    await this.#page.goto(`${shopUrl}/login`);
    await this.enter(password);
    await this.#page.waitForURL(`${shopUrl}/me`);
  }

  /** Logs in where the provider still knows them: nothing is asked. */
  async logInAgain(shopUrl: string): Promise<void> {
    await this.#page.goto(`${shopUrl}/login`);
    await this.#page.waitForURL(`${shopUrl}/me`);
  }

  /** Tries a password that is not theirs. @returns what the provider says */
  async tryWrongPassword(shopUrl: string): Promise<string> {
    await this.#page.goto(`${shopUrl}/login`);
    await this.enter('not the password');
    return await this.#page.locator('[id^=input-error]').first().innerText();
  }

  /** @returns the status with which a page answers */
  async visit(url: string): Promise<number> {
    const response = await this.#page.goto(url);
    return response?.status() ?? 0;
  }

  /** Logs out by a form, as a page of the shop would. */
  async logOut(shopUrl: string): Promise<void> {
    await this.#page.goto(shopUrl);
    // It ends where it began: only a page that is loaded anew tells that it is over.
    const loaded = this.#page.waitForEvent('load');
    await this.#page.evaluate(SUBMIT_LOGOUT);
    await loaded;
    await this.#page.waitForURL(`${shopUrl}/`);
  }

  async enter(password: string): Promise<void> {
    await this.#page.locator('#username').fill(this.#name);
    await this.#page.locator('#password').fill(password);
    await this.#page.locator('#kc-login').click();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
  }
}
