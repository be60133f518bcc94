import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { closeServer, listenOnLoopback } from '../../../packages/demo/src/loopback-server.ts';
import { TokenMint } from './token-mint.ts';

const REALM = 'fixture';
const CLIENT = 'fixture';
const HOUR_S = 3_600;

/** Who logs in, as a code or a refresh token says it: `alice.<session>`. */
interface Login {
  readonly sub: string;
  readonly sid: string;
}

/**
 * A realm as Keycloak's adapter sees one: tokens with Keycloak's claims (`typ`, `azp`, roles), refresh tokens that are
 * JWTs, and its addresses. Whoever brings the code `bea.s1` has logged in as bea, in the session s1.
 */
export class KeycloakRealm implements AsyncDisposable {
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  /** Every token that it has given out. */
  readonly secrets: Set<string> = new Set<string>();
  readonly tokens: TokenMint = new TokenMint(this.secrets);
  /** Seconds that the next access tokens live; below zero they have expired when they are given. */
  accessLifetimeS = HOUR_S;
  /** Roles of the client that the next tokens carry. */
  roles: readonly string[] = ['reader'];
  origin = '';

  async listen(): Promise<this> {
    await this.tokens.generateKeys();
    this.origin = await listenOnLoopback(this.#server);
    this.tokens.issuer = `${this.origin}/realms/${REALM}`;
    return this;
  }

  /** What the app needs to find it. */
  get environment(): Record<string, string> {
    return { AUTH_SERVER_URL: this.origin, REALM };
  }

  /** An access token as this realm makes it. */
  access({ sub, sid }: Login, claims: Record<string, unknown> = {}, expiresIn?: number): Promise<string> {
    return this.tokens.mint(
      {
        sub,
        sid,
        typ: 'Bearer',
        azp: CLIENT,
        aud: 'account',
        scope: 'openid email',
        resource_access: { [CLIENT]: { roles: [...this.roles] } },
        ...claims,
      },
      { header: { typ: 'JWT' }, expiresIn: expiresIn ?? this.accessLifetimeS },
    );
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    const path = new URL(request.url ?? '/', this.origin).pathname;
    const name = path.slice(`/realms/${REALM}/protocol/openid-connect/`.length);
    const body =
      name === 'certs'
        ? {
            keys: this.tokens.privateKeys.map(
              ({ d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...key }) => key,
            ),
          }
        : name === 'token'
          ? await this.#grant(form)
          : name === 'token/introspect'
            ? { active: this.secrets.has(form.get('token') ?? '') }
            : undefined;
    response.writeHead(body === undefined ? 400 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? { error: 'invalid_grant' }));
  }

  async #grant(form: URLSearchParams): Promise<object | undefined> {
    const login = this.#loginOf(form);
    if (login === undefined) return undefined;
    const service = form.get('grant_type') === 'client_credentials';
    const id = { ...login, typ: 'ID', aud: CLIENT, azp: CLIENT, auth_time: 1_700_000_000, acr: '1' };
    const refresh = { ...login, typ: 'Refresh', aud: this.tokens.issuer };
    return {
      access_token: await this.access(login),
      expires_in: this.accessLifetimeS,
      token_type: 'Bearer',
      ...(service
        ? {}
        : {
            refresh_token: await this.tokens.mint(refresh, { header: { typ: 'JWT' } }),
            id_token: await this.tokens.mint(id, { header: { typ: 'JWT' } }),
          }),
    };
  }

  #loginOf(form: URLSearchParams): Login | undefined {
    switch (form.get('grant_type')) {
      case 'authorization_code': {
        const [sub, sid] = (form.get('code') ?? '').split('.');
        return sub === undefined || sid === undefined ? undefined : { sub, sid };
      }
      case 'password':
        return form.get('password')?.startsWith('right') === true
          ? { sub: form.get('username') ?? '', sid: randomUUID() }
          : undefined;
      case 'client_credentials':
        return { sub: 'service-account-fixture', sid: randomUUID() };
      case 'refresh_token': {
        const [, payload = ''] = (form.get('refresh_token') ?? '').split('.');
        const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
        const { sub, sid } = Object(claims);
        return { sub: String(sub), sid: String(sid) };
      }
      default:
        return undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closeServer(this.#server);
  }
}
