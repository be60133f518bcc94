import { randomUUID } from 'node:crypto';
import {
  base64url,
  exportJWK,
  generateKeyPair,
  SignJWT,
  type CryptoKey,
  type JWK,
  type JWTHeaderParameters,
  type JWTPayload,
} from 'jose';

/** The algorithms that the provider has a key for. */
export type Algorithm = 'RS256' | 'ES256' | 'EdDSA';

/** The API that access tokens are for. */
export const AUDIENCE = 'urn:fixture:api';

const ALGORITHMS: readonly Algorithm[] = ['RS256', 'ES256', 'EdDSA'];
const LIFETIME_S = 3_600;

/** How a token differs from the usual one. */
export interface MintOptions {
  alg?: Algorithm;
  /** Added to the header: `typ`, `kid`. */
  header?: Partial<JWTHeaderParameters>;
  /** Signs with this key and not with the provider's. */
  key?: CryptoKey;
  /** Seconds from now; below zero it has expired. */
  expiresIn?: number;
}

/** A token that nobody may accept. */
export interface BadToken {
  readonly name: string;
  readonly token: string;
  /** The value of `oidc.token.rejection_reason` when a library with all checks on looks at it. */
  readonly reason: string;
}

/** Signs tokens with the provider's keys, and with others. */
export class TokenMint {
  readonly #keys = new Map<Algorithm, CryptoKey>();
  readonly #secrets: Set<string>;
  /** The keys as `oidc-provider` takes them. */
  readonly privateKeys: JWK[] = [];
  issuer = '';

  /** @param secrets takes every token that is made */
  constructor(secrets: Set<string>) {
    this.#secrets = secrets;
  }

  async generateKeys(): Promise<this> {
    for (const alg of ALGORITHMS) {
      const { privateKey } = await generateKeyPair(alg, { extractable: true });
      this.#keys.set(alg, privateKey);
      this.privateKeys.push({ ...(await exportJWK(privateKey)), kid: alg.toLowerCase(), use: 'sig', alg });
    }
    return this;
  }

  /** An access token for {@link AUDIENCE}, of alice and in a session of hers; claims and header are replaced by what is given. */
  async mint(claims: JWTPayload = {}, options: MintOptions = {}): Promise<string> {
    const { alg = 'RS256', header = {}, expiresIn = LIFETIME_S } = options;
    const key = options.key ?? this.#keys.get(alg);
    if (key === undefined) throw new Error('generate keys first');
    const now = Math.floor(Date.now() / 1_000);
    const token = await new SignJWT({
      iss: this.issuer,
      aud: AUDIENCE,
      sub: 'alice',
      sid: `session-of-${claims.sub ?? 'alice'}`,
      client_id: 'fixture',
      scope: 'openid orders',
      jti: randomUUID(),
      iat: now + Math.min(0, expiresIn - LIFETIME_S),
      exp: now + expiresIn,
      ...claims,
    })
      .setProtectedHeader({ alg, kid: alg.toLowerCase(), typ: 'at+jwt', ...header })
      .sign(key);
    this.#secrets.add(token);
    return token;
  }

  /** One token for each reason to reject one; each has this one flaw only. */
  async badTokens(alg: Algorithm = 'RS256'): Promise<BadToken[]> {
    const stranger = await generateKeyPair(alg);
    const good = await this.mint({}, { alg });
    const [header = '', payload = '', signature = ''] = good.split('.');
    const claims: object = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const forged = base64url.encode(JSON.stringify({ ...claims, sub: 'mallory' }));
    const unsigned = base64url.encode(JSON.stringify({ alg: 'none', typ: 'at+jwt' }));
    const inAnHour = Math.floor(Date.now() / 1_000) + 3_600;
    const list: BadToken[] = [
      { name: 'expired', token: await this.mint({}, { alg, expiresIn: -600 }), reason: 'expired' },
      {
        name: 'not before an hour from now',
        token: await this.mint({ nbf: inAnHour }, { alg, expiresIn: 7_200 }),
        reason: 'not_yet_valid',
      },
      {
        name: 'signed by a stranger',
        token: await this.mint({}, { alg, key: stranger.privateKey }),
        reason: 'bad_signature',
      },
      { name: 'changed payload', token: `${header}.${forged}.${signature}`, reason: 'bad_signature' },
      {
        name: 'another audience',
        token: await this.mint({ aud: 'urn:other:api' }, { alg }),
        reason: 'wrong_audience',
      },
      {
        name: 'another issuer',
        token: await this.mint({ iss: 'https://issuer.invalid' }, { alg }),
        reason: 'wrong_issuer',
      },
      {
        name: 'unknown key',
        token: await this.mint({}, { alg, key: stranger.privateKey, header: { kid: 'nobody' } }),
        reason: 'unknown_key',
      },
      { name: 'alg none', token: `${unsigned}.${payload}.`, reason: 'algorithm_not_allowed' },
      { name: 'two parts', token: `${header}.${payload}`, reason: 'malformed' },
      { name: 'not a token', token: 'nonsense', reason: 'malformed' },
      {
        name: 'header is no JSON',
        token: `${base64url.encode('{"alg"')}.${payload}.${signature}`,
        reason: 'malformed',
      },
    ];
    for (const { token } of list) if (token.length > 20) this.#secrets.add(token);
    return list;
  }
}
