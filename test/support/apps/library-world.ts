import { randomBytes } from 'node:crypto';
import type { DecodedSpan } from '../instrumentation/otlp-decoder.ts';
import { TestReceiver } from '../instrumentation/receiver.ts';
import { scratchDirectory } from '../instrumentation/scratch.ts';
import { AppProcess, type AppOptions } from './app-process.ts';
import type { TestBrowser } from './browser.ts';
import { exchange, type Exchange, type ExchangeRequest } from './exchange.ts';
import { IdentityProvider, type ClientRegistration } from './identity-provider.ts';
import { installApp } from './install-app.ts';
import { AUDIENCE } from './token-mint.ts';

/** OTLP's number for a server span. */
const KIND_SERVER = 2;

/** How a library's app is started. */
export interface LibraryAppOptions extends AppOptions {
  /** One that runs already; else a new one is started, with Keycloak's addresses if it says so. */
  provider?: IdentityProvider;
  keycloak?: boolean;
  /** What the client is registered with; the redirect URI is `<url>/callback` otherwise. */
  client?: (url: string) => ClientRegistration;
}

/** A lifecycle event as it arrived at the audit receiver. */
export interface SeenEvent {
  readonly name: string;
  readonly attributes: Record<string, unknown>;
  readonly span: DecodedSpan;
}

/** An app that runs with its provider, and what is seen of it. */
export interface LibraryWorld extends AsyncDisposable {
  readonly provider: IdentityProvider;
  readonly audit: TestReceiver;
  /** Takes the app's own telemetry. */
  readonly telemetry: TestReceiver;
  readonly app: AppProcess;
  readonly url: string;
  readonly spool: string;
  /** Every answer of the app, in order. */
  readonly exchanges: Exchange[];
  /** Sends one request to a path of the app. */
  send(path: string, request?: ExchangeRequest): Promise<Exchange>;
  /** Asks for a path with a bearer token. */
  get(path: string, token?: string): Promise<Exchange>;
  /** Goes from a path of the app through the provider's login and back. */
  login(path: string, who?: string): Promise<{ page: Exchange; browser: TestBrowser }>;
  /** A browser whose answers from the app count as seen. */
  browser(who?: string): TestBrowser;
  /** Every span that was audited, in the order of their starts, once there is a server span for each answer of the app. */
  spans(): Promise<DecodedSpan[]>;
  /** The server spans among them. */
  serverSpans(): Promise<DecodedSpan[]>;
  /** Every event of a name, once all spans are there. */
  events(name: string): Promise<SeenEvent[]>;
}

/**
 * Installs an app and starts one of its scripts, with a provider and the audit receiver. The script finds `ISSUER`,
 * `CLIENT_ID`, `CLIENT_SECRET` and `AUDIENCE` in its environment, and prints `listening <port>`.
 */
export async function startLibraryApp(
  app: string,
  script: string,
  options: LibraryAppOptions = {},
): Promise<LibraryWorld> {
  const folder = await installApp(app);
  await using stack = new AsyncDisposableStack();
  const provider =
    options.provider ??
    stack.use(await new IdentityProvider(options.keycloak === true ? 'keycloak' : 'plain').listen());
  const audit = stack.use(await new TestReceiver().listen());
  const telemetry = stack.use(await new TestReceiver().listen());
  const { path: spool } = stack.use(await scratchDirectory());
  const client = { clientId: 'fixture', clientSecret: randomBytes(24).toString('base64url') };
  await provider.registerClient(client);
  const child = stack.use(
    new AppProcess(folder, script, {
      ...options,
      env: {
        ISSUER: provider.issuer,
        CLIENT_ID: client.clientId,
        CLIENT_SECRET: client.clientSecret,
        AUDIENCE,
        SPANLEDGER_ENDPOINT: audit.url,
        SPANLEDGER_SPOOL_DIR: spool,
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: telemetry.url,
        ...options.env,
      },
    }),
  );
  const url = await child.url();
  const usual = { redirectUris: [`${url}/callback`], postLogoutRedirectUris: [`${url}/`] };
  await provider.registerClient({ ...client, ...usual, ...options.client?.(url) });

  const sent: Exchange[] = [];
  const browsers: TestBrowser[] = [];
  const open = stack.move();
  const world: LibraryWorld = {
    provider,
    audit,
    telemetry,
    app: child,
    url,
    spool,
    get exchanges() {
      const seen = browsers.flatMap(({ pages }) => pages).filter((page) => page.url.origin === url);
      return [...sent, ...seen];
    },
    async send(path, request) {
      const answer = await exchange(new URL(path, url), request);
      sent.push(answer);
      return answer;
    },
    get: (path, token) =>
      world.send(path, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } }),
    async login(path, who) {
      const browser = world.browser(who);
      return { page: await browser.open(new URL(path, url)), browser };
    },
    browser(who) {
      const browser = provider.browser(who);
      browsers.push(browser);
      return browser;
    },
    async spans() {
      const wanted = world.exchanges.length;
      const found = await audit.waitFor(
        (spans) => spans.filter(({ kind }) => kind === KIND_SERVER).length >= wanted,
        `${wanted} server spans (the app said: ${child.stderr})`,
      );
      return found.sort((one, other) => Number(BigInt(one.start) - BigInt(other.start)));
    },
    serverSpans: async () => (await world.spans()).filter(({ kind }) => kind === KIND_SERVER),
    async events(name) {
      const spans = await world.spans();
      return spans.flatMap((span) =>
        span.events
          .filter((event) => event.name === name)
          .map(({ attributes }) => ({ name, attributes, span })),
      );
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
  return world;
}
