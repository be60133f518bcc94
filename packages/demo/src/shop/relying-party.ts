import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  calculatePKCECodeChallenge,
  discovery,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
  refreshTokenGrant,
  tokenRevocation,
  type Configuration,
  type TokenEndpointResponse,
  type TokenEndpointResponseHelpers,
} from 'openid-client';
import type { ShopConfiguration } from './configuration.ts';
import type { PendingLogin, SessionTokens, ShopSession } from './sessions.ts';

/** What the shop asks for; the provider grants what the person is entitled to. */
const REQUESTED_SCOPE = 'openid profile email orders:read orders:write admin:export';

/** The shop as an OpenID Connect client. */
export class RelyingParty {
  readonly #client: Configuration;
  readonly #shopUrl: string;
  readonly #resource: string;
  readonly #refreshMarginMs: number;

  private constructor(client: Configuration, shopUrl: string, config: ShopConfiguration) {
    this.#client = client;
    this.#shopUrl = shopUrl;
    this.#resource = config.resource;
    this.#refreshMarginMs = config.refreshMarginS * 1_000;
  }

  /** Reads the provider's metadata. */
  static async discover(config: ShopConfiguration, shopUrl: string): Promise<RelyingParty> {
    const issuer = new URL(config.issuer);
    // Only a provider on the same machine may be spoken to without TLS.
    const execute = issuer.hostname === '127.0.0.1' ? [allowInsecureRequests] : [];
    const client = await discovery(issuer, config.clientId, config.clientSecret, undefined, { execute });
    return new RelyingParty(client, shopUrl, config);
  }

  /** Where the provider publishes its keys. */
  get keysUrl(): URL {
    return new URL(this.#client.serverMetadata().jwks_uri ?? '');
  }

  /** @returns what to remember of a login that starts, and where to send the browser */
  async beginLogin(): Promise<{ login: PendingLogin; url: URL }> {
    const login = { state: randomState(), nonce: randomNonce(), codeVerifier: randomPKCECodeVerifier() };
    const url = buildAuthorizationUrl(this.#client, {
      redirect_uri: `${this.#shopUrl}/callback`,
      scope: REQUESTED_SCOPE,
      resource: this.#resource,
      state: login.state,
      nonce: login.nonce,
      code_challenge: await calculatePKCECodeChallenge(login.codeVerifier),
      code_challenge_method: 'S256',
    });
    return { login, url };
  }

  /**
   * @param callbackUrl the address the browser was sent back to, path and query
   * @returns the session to start
   * @throws what `openid-client` throws if the provider refused, or if anything does not match
   */
  async finishLogin(login: PendingLogin, callbackUrl: string): Promise<Omit<ShopSession, 'id'>> {
    const granted = await authorizationCodeGrant(this.#client, new URL(callbackUrl, this.#shopUrl), {
      pkceCodeVerifier: login.codeVerifier,
      expectedState: login.state,
      expectedNonce: login.nonce,
      idTokenExpected: true,
    });
    const claims = granted.claims();
    const sid = claims?.['sid'];
    const name = claims?.['name'];
    return {
      tokens: toTokens(granted, ''),
      name: typeof name === 'string' ? name : (claims?.sub ?? ''),
      ...(typeof sid === 'string' ? { providerSession: sid } : {}),
    };
  }

  /** @returns an access token that does not expire within the margin, refreshing it first if need be */
  async freshAccessToken(session: ShopSession): Promise<string> {
    const { refreshToken, expiresAtMs, idToken, accessToken } = session.tokens;
    if (expiresAtMs - Date.now() > this.#refreshMarginMs || refreshToken === undefined) return accessToken;
    session.refreshing ??= refreshTokenGrant(this.#client, refreshToken, { resource: this.#resource })
      .then((granted) => (session.tokens = toTokens(granted, idToken)))
      .finally(() => (session.refreshing = undefined));
    return (await session.refreshing).accessToken;
  }

  /** Revokes what the session holds. @returns where the browser ends the provider's session too */
  async logOut(session: ShopSession): Promise<URL> {
    const { refreshToken, idToken } = session.tokens;
    if (refreshToken !== undefined) await tokenRevocation(this.#client, refreshToken);
    return buildEndSessionUrl(this.#client, {
      id_token_hint: idToken,
      post_logout_redirect_uri: `${this.#shopUrl}/`,
    });
  }
}

function toTokens(
  granted: TokenEndpointResponse & TokenEndpointResponseHelpers,
  earlierIdToken: string,
): SessionTokens {
  return {
    accessToken: granted.access_token,
    idToken: granted.id_token ?? earlierIdToken,
    expiresAtMs: Date.now() + (granted.expiresIn() ?? 0) * 1_000,
    ...(granted.refresh_token === undefined ? {} : { refreshToken: granted.refresh_token }),
  };
}
