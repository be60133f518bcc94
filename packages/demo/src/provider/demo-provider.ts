import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import Provider, { type KoaContextWithOIDC } from 'oidc-provider';
import { closeServer, listenOnLoopback } from '../loopback-server.ts';
import { createAccounts, type AccountBook } from './accounts.ts';
import { SHOP_CLIENT_ID, describeShopClient, drawClientSecret } from './clients.ts';
import { createConfiguration } from './configuration.ts';
import { INTERACTION_PATH, handleLogin, sendPage } from './login.ts';
import { createMemoryStore } from './memory-store.ts';
import { renderPage } from './pages.ts';

/** A running OpenID provider. */
export interface DemoProvider {
  readonly issuer: string;
  readonly accounts: AccountBook;
  readonly shopSecret: string;
  readonly reportSecret: string;
  /** Registers the shop, once its address is known. */
  registerShop(shopUrl: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts an OpenID provider on a free loopback port, with accounts, passwords, client secrets and signing key drawn
 * anew.
 *
 * @param noteSecret told every secret that the provider hands out or is handed: tokens, codes, verifiers
 */
export async function startProvider(noteSecret: (secret: string) => unknown): Promise<DemoProvider> {
  const accounts = createAccounts();
  const [shopSecret, reportSecret] = [drawClientSecret(), drawClientSecret()];
  const store = createMemoryStore();
  const server = createServer();
  const issuer = await listenOnLoopback(server);
  const provider = new Provider(issuer, createConfiguration(accounts, reportSecret, store));
  provider.on('grant.success', (ctx) => noteGrant(ctx, noteSecret));
  const serveProvider = provider.callback();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (request.url?.startsWith(INTERACTION_PATH) !== true) {
      void serveProvider(request, response);
      return;
    }
    handleLogin(provider, accounts, request, response).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      if (!response.headersSent) sendPage(response, 400, renderPage('That did not work', [reason]));
    });
  });
  for (const secret of [shopSecret, reportSecret]) noteSecret(secret);
  for (const account of accounts.values()) noteSecret(account.password);
  return {
    issuer,
    accounts,
    shopSecret,
    reportSecret,
    async registerShop(shopUrl) {
      await store('Client').upsert(SHOP_CLIENT_ID, describeShopClient(shopUrl, shopSecret));
    },
    close: () => closeServer(server),
  };
}

function noteGrant(ctx: KoaContextWithOIDC, noteSecret: (secret: string) => unknown): void {
  const issued = new Map(Object.entries(Object(ctx.body)));
  const sent = new Map(Object.entries(ctx.oidc.params ?? {}));
  const found = [
    ...['access_token', 'id_token', 'refresh_token'].map((name) => issued.get(name)),
    ...['code', 'code_verifier', 'refresh_token'].map((name) => sent.get(name)),
  ];
  for (const value of found) if (typeof value === 'string') noteSecret(value);
}
