import { setTimeout as wait } from 'node:timers/promises';
import { BROWSER_TOKEN_LIFETIME_S } from '../provider/configuration.ts';
import type { Person } from './person.ts';

/** The shop refreshes tokens that expire within this many seconds. */
export const REFRESH_MARGIN_S = 2;
/** How long Alice reads a page: by then her token is within the margin. */
const READING_TIME_MS = (BROWSER_TOKEN_LIFETIME_S - REFRESH_MARGIN_S) * 1_000 + 300;
const WRONG_PASSWORDS = ['sunshine-1987', 'sunshine-1988', 'Sunshine-1987!'] as const;
const MAX_EXPORT_PAGES = 50;

/** Looks around, logs in, orders, reads until her token has to be refreshed, logs out. */
export async function runAlice(alice: Person, password: string): Promise<void> {
  await alice.visit('/products', 200);
  await alice.visit('/orders', 401);
  alice.expectStatus(await alice.logIn(password), 200);
  await alice.visit('/products/teapot', 200);
  await alice.visit('/orders', 200);
  const placed = await alice.visit('/orders', 201, {
    method: 'POST',
    json: { product: 'teapot', quantity: 2 },
  });
  await alice.visit(placed.headers.get('location') ?? '', 200);
  await wait(READING_TIME_MS);
  await alice.visit('/orders', 200);
  await alice.visit('/me', 200);
  await alice.logOut();
  await alice.visit('/orders', 401);
}

/** Logs in while Alice does, and opens several pages at once. Stays logged in. */
export async function runBob(bob: Person, password: string): Promise<void> {
  bob.expectStatus(await bob.logIn(password), 200);
  await Promise.all([
    bob.visit('/orders', 200),
    bob.visit('/me', 200),
    bob.visit('/products/lantern', 200),
    bob.visit('/orders', 201, { method: 'POST', json: { product: 'lantern' } }),
    bob.visit('/orders', 201, { method: 'POST', json: { product: 'kettle', quantity: 3 } }),
  ]);
  await bob.visit('/orders/1002', 200);
  await bob.visit('/orders/1001', 404);
}

/** Types three wrong passwords, one after the other. */
export async function runCarol(carol: Person): Promise<void> {
  for (const password of WRONG_PASSWORDS) {
    carol.world.noteSecret(password);
    carol.expectStatus(await carol.logIn(password), 401);
  }
  await carol.visit('/orders', 401);
}

/** Logs in and takes every order of the shop away, page by page. */
export async function runErin(erin: Person, password: string): Promise<void> {
  erin.expectStatus(await erin.logIn(password), 200);
  for (let page = 1, pages = 1; page <= Math.min(pages, MAX_EXPORT_PAGES); page += 1) {
    const { text } = await erin.visit(`/admin/export?page=${page}`, 200);
    pages = Number(new Map(Object.entries(Object(JSON.parse(text)))).get('pages'));
  }
}

/** Nobody in particular: reads the catalogue, and tries the door with something that is no token. */
export async function runVisitor(visitor: Person): Promise<void> {
  await visitor.visit('/', 200);
  await visitor.visit('/products', 200);
  await visitor.visit('/products/compass', 200);
  await visitor.visit('/orders', 401, { bearer: 'not.a.token' });
}
