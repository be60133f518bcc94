import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { randomBytes, randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose';

/** What the provider puts into a login. */
export interface Login {
  sub: string;
  /** Claims of the ID token. */
  idClaims?: JWTPayload;
  /** Claims of the access token; false makes it opaque. */
  accessClaims?: JWTPayload | false;
  /** Seconds that access tokens live. */
  lifetime?: number;
}

export const CLIENT_ID = 'shop';
export const CLIENT_SECRET = 'client-secret-that-must-not-leak';
export const AUDIENCE = 'urn:fixture:api';

/** A small OpenID provider: just enough endpoints for openid-client 6, and full control over what tokens say. */
export class TestProvider {
  readonly #server = createServer((request, response) => {
    void this.#handle(request, response);
  });
  readonly #logins = new Map<string, Login>();
  #keys: { publicKey: CryptoKey; privateKey: CryptoKey } | undefined;
  #port = 0;
  /** Everything that was handed out or sent in and must never be recorded. */
  readonly secrets = new Set<string>([CLIENT_SECRET]);
  /** Set to make the token endpoint answer with an error. */
  tokenError: { error: string; error_description: string } | undefined;

  async listen(): Promise<this> {
    this.#keys = await generateKeyPair('ES256');
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (typeof address === 'object' && address !== null) this.#port = address.port;
    return this;
  }

  get issuer(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** An authorization code for a person who has just logged in. */
  login(login: Login): string {
    const code = `code-${randomUUID()}`;
    this.secrets.add(code);
    this.#logins.set(code, login);
    return code;
  }

  /** A signed token of this provider. */
  async sign(claims: JWTPayload, header: { typ?: string } = {}, expiresIn = 3_600): Promise<string> {
    const { privateKey } = this.#keys ?? {};
    if (privateKey === undefined) throw new Error('listen first');
    const now = Math.floor(Date.now() / 1_000);
    const token = await new SignJWT({ iss: this.issuer, iat: now, exp: now + expiresIn, ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1', ...header })
      .sign(privateKey);
    this.secrets.add(token);
    return token;
  }

  /** An access token as resource servers see them. */
  accessToken(claims: JWTPayload, expiresIn?: number): Promise<string> {
    return this.sign(
      { aud: AUDIENCE, client_id: CLIENT_ID, jti: randomUUID(), ...claims },
      { typ: 'at+jwt' },
      expiresIn,
    );
  }

  async #tokens(login: Login): Promise<object> {
    const refresh = `refresh-${randomBytes(24).toString('hex')}`;
    const opaque = `opaque-${randomBytes(24).toString('hex')}`;
    this.secrets.add(refresh).add(opaque);
    this.#logins.set(refresh, login);
    this.#logins.set(opaque, login);
    const lifetime = login.lifetime ?? 3_600;
    const access =
      login.accessClaims === false
        ? opaque
        : await this.accessToken({ sub: login.sub, scope: 'openid orders', ...login.accessClaims }, lifetime);
    return {
      token_type: 'Bearer',
      access_token: access,
      refresh_token: refresh,
      expires_in: lifetime,
      scope: 'openid orders',
      id_token: await this.sign({ sub: login.sub, aud: CLIENT_ID, ...login.idClaims }),
    };
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    const { pathname } = new URL(request.url ?? '/', this.issuer);
    const answer = await this.#answer(pathname, form);
    response
      .writeHead(answer.status, { 'content-type': 'application/json' })
      .end(JSON.stringify(answer.body));
  }

  async #answer(pathname: string, form: URLSearchParams): Promise<{ status: number; body: unknown }> {
    switch (pathname) {
      case '/.well-known/openid-configuration':
        return { status: 200, body: this.#metadata() };
      case '/jwks':
        return { status: 200, body: { keys: [await this.#publicJwk()] } };
      case '/token':
        return this.#token(form);
      case '/introspect': {
        const login = this.#logins.get(form.get('token') ?? '');
        return {
          status: 200,
          body: login
            ? { active: true, sub: login.sub, client_id: CLIENT_ID, ...login.idClaims }
            : { active: false },
        };
      }
      case '/revoke':
        return { status: 200, body: {} };
      default:
        return { status: 404, body: {} };
    }
  }

  async #token(form: URLSearchParams): Promise<{ status: number; body: unknown }> {
    if (this.tokenError !== undefined) return { status: 400, body: this.tokenError };
    if (form.get('grant_type') === 'client_credentials') {
      const token = await this.accessToken({ sub: CLIENT_ID, scope: 'stock' });
      return {
        status: 200,
        body: { token_type: 'Bearer', access_token: token, expires_in: 3_600, scope: 'stock' },
      };
    }
    const login = this.#logins.get(form.get('code') ?? form.get('refresh_token') ?? '');
    if (login === undefined)
      return { status: 400, body: { error: 'invalid_grant', error_description: 'unknown' } };
    return { status: 200, body: await this.#tokens(login) };
  }

  #metadata(): object {
    return {
      issuer: this.issuer,
      authorization_endpoint: `${this.issuer}/authorize`,
      token_endpoint: `${this.issuer}/token`,
      jwks_uri: `${this.issuer}/jwks`,
      revocation_endpoint: `${this.issuer}/revoke`,
      introspection_endpoint: `${this.issuer}/introspect`,
      end_session_endpoint: `${this.issuer}/logout`,
      id_token_signing_alg_values_supported: ['ES256'],
      authorization_response_iss_parameter_supported: false,
    };
  }

  async #publicJwk(): Promise<object> {
    if (this.#keys === undefined) throw new Error('listen first');
    return { ...(await exportJWK(this.#keys.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
