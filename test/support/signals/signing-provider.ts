import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** The client that logout tokens are for, and what the transmitter calls its receiver. */
export const CLIENT = 'shop';

interface SigningKey {
  privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
  jwk: JWK;
}

/** Changes to what a good token would be; a claim that is undefined is left out. */
export interface TokenChanges {
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
}

/** An identity provider on loopback that signs and publishes its keys, rotates them, and can be down. */
export class SigningProvider implements AsyncDisposable {
  readonly #server: Server;
  readonly #alg: string;
  #key: SigningKey;
  #keys: JWK[];
  #isDown = false;
  issuer = '';
  /** How often its keys were asked for. */
  keyRequests = 0;
  /** Answers below the issuer that are not about keys. */
  routes: Map<string, (request: IncomingMessage, response: ServerResponse) => void> = new Map();

  private constructor(server: Server, alg: string, key: SigningKey) {
    this.#server = server;
    this.#alg = alg;
    this.#key = key;
    this.#keys = [key.jwk];
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#answer(request, response);
    });
  }

  static async start(alg = 'ES256'): Promise<SigningProvider> {
    const server = createServer();
    const provider = new SigningProvider(server, alg, await makeKey(alg));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    provider.issuer = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/realms/shop`;
    return provider;
  }

  /** Signs with a new key from now on. @param isOldPublished whether what the old one signed still counts */
  async rotate(isOldPublished = true): Promise<void> {
    this.#key = await makeKey(this.#alg);
    this.#keys = isOldPublished ? [this.#key.jwk, ...this.#keys] : [this.#key.jwk];
  }

  /** Answers nobody. */
  goDown(): void {
    this.#isDown = true;
  }

  comeBack(): void {
    this.#isDown = false;
  }

  /** A logout token that is good but for the changes. */
  async logoutToken({ claims, header }: TokenChanges = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    return this.sign(
      {
        iss: this.issuer,
        aud: CLIENT,
        iat: now,
        exp: now + 120,
        jti: randomUUID(),
        sub: 'frank',
        sid: 'sid-of-frank',
        events: { [LOGOUT_EVENT]: {} },
        ...claims,
      },
      { typ: 'logout+jwt', ...header },
    );
  }

  /** A security event token that is good but for the changes. */
  async securityEvent(
    type: string,
    payload: object,
    { claims, header }: TokenChanges = {},
  ): Promise<{ jti: string; token: string }> {
    const jti = randomUUID();
    const token = await this.sign(
      {
        iss: this.issuer,
        aud: CLIENT,
        iat: Math.floor(Date.now() / 1000),
        jti,
        sub_id: { format: 'iss_sub', iss: this.issuer, sub: 'frank' },
        events: { [type]: payload },
        ...claims,
      },
      { typ: 'secevent+jwt', ...header },
    );
    return { jti, token };
  }

  /** Signs anything. */
  async sign(claims: JWTPayload, header: Record<string, unknown>): Promise<string> {
    const { privateKey, jwk } = this.#key;
    const defined = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
    // What is undefined goes.
    const protectedHeader: { alg: string } = JSON.parse(
      JSON.stringify({ alg: this.#alg, kid: jwk.kid, ...header }),
    );
    return new SignJWT(defined).setProtectedHeader(protectedHeader).sign(privateKey);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    if (this.#isDown) {
      request.socket.destroy();
      return;
    }
    const path = request.url ?? '';
    const answer = (value: object): void => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    };
    const route = this.routes.get(path);
    if (route !== undefined) route(request, response);
    else if (path === '/realms/shop/.well-known/openid-configuration') {
      answer({ issuer: this.issuer, jwks_uri: `${this.issuer}/keys` });
    } else if (path === '/realms/shop/keys') {
      this.keyRequests++;
      answer({ keys: this.#keys });
    } else response.writeHead(404).end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

async function makeKey(alg: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid: randomUUID(), alg, use: 'sig' } };
}
