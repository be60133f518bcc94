import { readFile, readdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeServer, listenOnLoopback } from '../../../packages/demo/src/loopback-server.ts';
import { runDave, runNightlyReport } from '../../../packages/demo/src/people/clients.ts';
import { Person, type World } from '../../../packages/demo/src/people/person.ts';
import { SHOP_CLIENT_ID, SHOP_RESOURCE } from '../../../packages/demo/src/provider/clients.ts';
import { startProvider, type DemoProvider } from '../../../packages/demo/src/provider/demo-provider.ts';
import { createApp } from '../../../packages/demo/src/shop/app.ts';
import { RelyingParty } from '../../../packages/demo/src/shop/relying-party.ts';

const SHOP_SOURCES = new URL('../../../packages/demo/src/shop/', import.meta.url);

describe('the shop and its provider', () => {
  let provider: DemoProvider;
  let shop: Server;
  let world: World;
  const secrets = new Set<string>();

  beforeAll(async () => {
    const noteSecret = (secret: string): unknown => secrets.add(secret);
    provider = await startProvider(noteSecret);
    shop = createServer();
    const shopUrl = await listenOnLoopback(shop);
    const config = {
      issuer: provider.issuer,
      clientId: SHOP_CLIENT_ID,
      clientSecret: provider.shopSecret,
      resource: SHOP_RESOURCE,
      host: '127.0.0.1',
      port: 0,
      refreshMarginS: 2,
    };
    shop.on('request', createApp(config, await RelyingParty.discover(config, shopUrl)));
    await provider.registerShop(shopUrl);
    world = { shopUrl, issuer: provider.issuer, noteSecret };
  });
  afterAll(async () => {
    await closeServer(shop);
    await provider.close();
  });

  function passwordOf(name: string): string {
    return provider.accounts.get(name)?.password ?? '';
  }

  it('lets a person in with the right password, and out again', async () => {
    const alice = new Person('alice', world);
    const me = await alice.logIn(passwordOf('alice'));
    expect(me.status).toBe(200);
    expect(JSON.parse(me.text)).toEqual({
      name: 'Alice Anders',
      roles: ['customer'],
      scopes: ['orders:read', 'orders:write'],
    });
    await alice.logOut();
    await alice.visit('/orders', 401);
  });

  it('tells the shop of a wrong password as access_denied', async () => {
    const carol = new Person('carol', world);
    const page = await carol.logIn('not her password');
    expect(page.status).toBe(401);
    expect(JSON.parse(page.text)).toEqual({ error: 'login_failed', reason: 'access_denied' });
    expect(page.url.searchParams.get('error')).toBe('access_denied');
  });

  it('ends the shop session when the provider says that its own has ended', async () => {
    const bob = new Person('bob', world);
    await bob.logIn(passwordOf('bob'));
    await bob.visit('/orders', 200);
    const question = await bob.browser.open(new URL('/session/end', world.issuer));
    await bob.browser.submit(question, { logout: 'yes' });
    await bob.visit('/orders', 401);
  });

  it('answers as RFC 6750 has it', async () => {
    const visitor = new Person('visitor', world);
    const without = await visitor.visit('/orders', 401);
    expect(without.headers.get('www-authenticate')).toBe('Bearer realm="shop"');
    const invalid = await visitor.visit('/orders', 401, { bearer: 'not.a.token' });
    expect(invalid.headers.get('www-authenticate')).toBe('Bearer realm="shop", error="invalid_token"');
    const bob = new Person('bob', world);
    await bob.logIn(passwordOf('bob'));
    const insufficient = await bob.visit('/admin/export', 403);
    expect(insufficient.headers.get('www-authenticate')).toBe(
      'Bearer realm="shop", error="insufficient_scope", scope="admin:export"',
    );
  });

  it('shows nobody the order of somebody else, and takes no order that makes no sense', async () => {
    const bob = new Person('bob', world);
    await bob.logIn(passwordOf('bob'));
    await bob.visit('/orders/1002', 200);
    await bob.visit('/orders/1001', 404);
    await bob.visit('/orders', 422, { method: 'POST', json: { product: 'teapot', quantity: -1 } });
    await bob.visit('/orders', 422, { method: 'POST', json: { product: 'submarine' } });
  });

  it('refreshes once for all requests that come at the same time', async () => {
    const erin = new Person('erin', world);
    await erin.logIn(passwordOf('erin'));
    const before = secrets.size;
    await expect
      .poll(
        async () => {
          await Promise.all([1, 2, 3, 4, 5].map((page) => erin.visit(`/admin/export?page=${page}`, 200)));
          return secrets.size - before;
        },
        { timeout: 20_000, interval: 200 },
      )
      .toBeGreaterThan(0);
    // One refresh hands out an access token, an ID token and a refresh token, for the refresh token it is handed.
    expect(secrets.size - before).toBe(3);
  });

  it('gives a script less than it asked for, and a service what it needs', async () => {
    await runDave(new Person('dave', world), passwordOf('dave'));
    await runNightlyReport(new Person('nightly-report', world), provider.reportSecret);
  });
});

describe("the shop's own source", () => {
  it('holds no line about Spanledger or OpenTelemetry', async () => {
    const names = await readdir(SHOP_SOURCES);
    expect(names).toContain('main.ts');
    for (const name of names) {
      const source = await readFile(new URL(name, SHOP_SOURCES), 'utf8');
      expect(source, name).not.toMatch(/spanledger|opentelemetry|otel|audit|\bspan\b|\btrac(e|ing)\b/i);
    }
  });
});
