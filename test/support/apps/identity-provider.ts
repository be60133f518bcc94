import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import Provider, { type KoaContextWithOIDC } from 'oidc-provider';
import { closeServer, listenOnLoopback } from '../../../packages/demo/src/loopback-server.ts';
import { createMemoryStore } from '../../../packages/demo/src/provider/memory-store.ts';
import { TestBrowser, WHO_HEADER } from './browser.ts';
import type { Exchange } from './exchange.ts';
import { createConfiguration, REALM, type Layout, type ProviderSettings } from './provider-configuration.ts';
import { TokenMint } from './token-mint.ts';

const INTERACTION_PATH = '/interaction/';
const DEFAULT_PERSON = 'alice';

/** What an application registers as. */
export interface ClientRegistration {
  clientId?: string;
  /** Drawn if it is not given. */
  clientSecret?: string;
  /** Without one the client has a secret and sends it by `client_secret_basic`. */
  authMethod?: 'client_secret_basic' | 'client_secret_post' | 'none';
  redirectUris?: readonly string[];
  postLogoutRedirectUris?: readonly string[];
  backchannelLogoutUri?: string;
  grantTypes?: readonly string[];
  responseTypes?: readonly ('code' | 'id_token' | 'code id_token' | 'none')[];
  idTokenAlgorithm?: 'RS256' | 'ES256' | 'EdDSA';
  /** The API that its access tokens are for if it does not say; they are JWTs then, else opaque. */
  resource?: string;
}

/** A registered client. */
export interface RegisteredClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** A real OpenID provider (`oidc-provider`) in this process, on the loopback, for every library. */
export class IdentityProvider {
  readonly #server = createServer();
  readonly #store = createMemoryStore();
  readonly #layout: Layout;
  /** Every token, code and secret that it handed out or got: none of these may be recorded. */
  readonly secrets: Set<string> = new Set<string>();
  /** Signs tokens with the provider's keys. */
  readonly tokens: TokenMint = new TokenMint(this.secrets);
  /** May be changed at any time. */
  readonly settings: ProviderSettings = { accessTokenLifetimeS: 3_600, accessClaims: {} };
  /** Scheme, address and port. */
  origin = '';
  issuer = '';

  constructor(layout: Layout = 'plain') {
    this.#layout = layout;
  }

  async listen(): Promise<this> {
    await this.tokens.generateKeys();
    this.origin = await listenOnLoopback(this.#server);
    const mount = this.#layout === 'keycloak' ? `/realms/${REALM}` : '';
    this.issuer = this.origin + mount;
    this.tokens.issuer = this.issuer;
    const provider = new Provider(
      this.issuer,
      createConfiguration(
        this.tokens.privateKeys.map((key) => ({ ...key, kty: key.kty ?? '' })),
        this.#store,
        this.#layout,
        mount + INTERACTION_PATH,
        this.settings,
      ),
    );
    provider.on('grant.success', (ctx) => {
      this.#noteGrant(ctx);
    });
    const serve = provider.callback();
    this.#server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      if (request.url?.startsWith(mount) !== true) {
        response.writeHead(404).end();
        return;
      }
      // As a framework that mounts a handler under a path does it; the provider looks at both.
      Object.assign(request, { originalUrl: request.url });
      request.url = request.url.slice(mount.length) || '/';
      if (request.url.startsWith(INTERACTION_PATH)) {
        logIn(provider, request, response).catch((error: unknown) => {
          if (!response.headersSent) response.writeHead(500).end(String(error));
        });
      } else void serve(request, response);
    });
    return this;
  }

  /** Registers a client, or registers it anew: ports are not known before an application listens. */
  async registerClient(registration: ClientRegistration): Promise<RegisteredClient> {
    const clientId = registration.clientId ?? `client-${randomUUID()}`;
    const clientSecret = registration.clientSecret ?? randomBytes(24).toString('base64url');
    this.secrets.add(clientSecret);
    const responseTypes = registration.responseTypes ?? ['code'];
    const implicit = responseTypes.some((type) => type.includes('id_token'));
    await this.#store('Client').upsert(
      clientId,
      {
        client_id: clientId,
        ...(registration.authMethod === 'none' ? {} : { client_secret: clientSecret }),
        token_endpoint_auth_method: registration.authMethod ?? 'client_secret_basic',
        // Only native clients may take tokens from the front channel without TLS.
        application_type: implicit ? 'native' : 'web',
        redirect_uris: [...(registration.redirectUris ?? [])],
        post_logout_redirect_uris: [...(registration.postLogoutRedirectUris ?? [])],
        grant_types: [
          ...(registration.grantTypes ?? ['authorization_code', 'refresh_token', 'client_credentials']),
          ...(implicit ? ['implicit'] : []),
        ],
        response_types: registration.redirectUris === undefined ? [] : [...responseTypes],
        id_token_signed_response_alg: registration.idTokenAlgorithm ?? 'RS256',
        ...(registration.backchannelLogoutUri === undefined
          ? {}
          : {
              backchannel_logout_uri: registration.backchannelLogoutUri,
              backchannel_logout_session_required: true,
            }),
        ...(registration.resource === undefined ? {} : { default_resource: registration.resource }),
      },
      0,
    );
    return { clientId, clientSecret };
  }

  /** A browser in front of which somebody sits. */
  browser(who: string = DEFAULT_PERSON): TestBrowser {
    return new TestBrowser(this.origin, who);
  }

  /**
   * Goes from an application's login address through the provider and back into the application.
   *
   * @returns the page it ends on, and the browser with its cookies
   */
  async login(
    startUrl: string,
    who: string = DEFAULT_PERSON,
  ): Promise<{ page: Exchange; browser: TestBrowser }> {
    const browser = this.browser(who);
    return { page: await browser.open(startUrl), browser };
  }

  #noteGrant(ctx: KoaContextWithOIDC): void {
    const values = [ctx.body, ctx.oidc.params].flatMap((source) => {
      const found = new Map<string, unknown>(Object.entries(Object(source)));
      return ['access_token', 'id_token', 'refresh_token', 'code', 'code_verifier'].map((name) =>
        found.get(name),
      );
    });
    for (const value of values) if (typeof value === 'string') this.secrets.add(value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closeServer(this.#server);
  }
}

/** Whoever sits in front of the browser logs in, without a page. */
async function logIn(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { params } = await provider.interactionDetails(request, response);
  const said = request.headers[WHO_HEADER] ?? params['login_hint'];
  const accountId = typeof said === 'string' ? said : DEFAULT_PERSON;
  const login = { accountId, acr: 'urn:fixture:password', amr: ['pwd'] };
  await provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false });
}
