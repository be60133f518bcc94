import { Browser, type Page, type PageRequest, type Visit } from './browser.ts';

/** What a person of the demo has to know. */
export interface World {
  readonly shopUrl: string;
  readonly issuer: string;
  /** Told every secret that passes through somebody's hands. */
  readonly noteSecret: (secret: string) => unknown;
}

/** Somebody who uses the shop: a browser and the address of the shop. */
export class Person {
  readonly name: string;
  readonly browser: Browser;
  readonly world: World;

  constructor(name: string, world: World) {
    this.name = name;
    this.world = world;
    this.browser = new Browser(
      `Mozilla/5.0 (X11; Linux x86_64) Spanledger-Demo/1.0 ${name}`,
      world.noteSecret,
    );
  }

  /** What this person asked the shop, leaving out what went to the provider. */
  get shopVisits(): Visit[] {
    return this.browser.visits.filter(({ url }) => url.origin === this.world.shopUrl);
  }

  /**
   * Asks the shop for a page.
   *
   * @param status what the shop has to answer
   * @throws Error if it answers anything else
   */
  async visit(path: string, status: number, request: PageRequest = {}): Promise<Page> {
    const page = await this.browser.send(new URL(path, this.world.shopUrl), request);
    return this.expectStatus(page, status);
  }

  /** Logs in at the shop with a password, through the provider's form. @returns the page it ends on */
  async logIn(password: string): Promise<Page> {
    const form = await this.browser.open(new URL('/login', this.world.shopUrl));
    return this.browser.submit(form, { username: this.name, password });
  }

  /** Logs out at the shop and at the provider. */
  async logOut(): Promise<void> {
    const question = await this.browser.open(new URL('/logout', this.world.shopUrl), { method: 'POST' });
    this.expectStatus(await this.browser.submit(question, { logout: 'yes' }), 200);
  }

  /** @throws Error if the page's status is another */
  expectStatus(page: Page, status: number): Page {
    if (page.status === status) return page;
    throw new Error(
      `${this.name}: ${page.url.pathname} answered ${page.status} instead of ${status}: ${page.text}`,
    );
  }
}
