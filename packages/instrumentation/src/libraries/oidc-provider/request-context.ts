import { memberOf, methodOf } from '../../attach/global-api.ts';
import type { ClientIdentity } from '../../events/client.ts';
import { stringClaim } from '../../session/claims.ts';
import { peekPayload } from '../../session/token.ts';

/** `ctx.oidc` of a request to the provider, read carefully: endpoints fill in what they have. */
export class ProviderRequest {
  readonly #ctx: unknown;
  readonly #oidc: unknown;

  constructor(ctx: unknown) {
    this.#ctx = ctx;
    this.#oidc = memberOf(ctx, 'oidc');
  }

  /** What the endpoint answers. */
  get body(): unknown {
    return memberOf(this.#ctx, 'body');
  }

  get route(): string {
    const route = memberOf(this.#oidc, 'route');
    return typeof route === 'string' ? route : '';
  }

  get issuer(): string | undefined {
    return text(memberOf(this.#oidc, 'issuer'));
  }

  /** The client that asks. */
  get client(): ClientIdentity {
    const clientId =
      text(memberOf(memberOf(this.#oidc, 'client'), 'clientId')) ?? this.parameter('client_id');
    return { clientId, issuer: this.issuer };
  }

  parameter(name: string): string | undefined {
    return text(memberOf(memberOf(this.#oidc, 'params'), name));
  }

  /** What came with the request and must not be told. */
  get secrets(): unknown[] {
    const names = ['code', 'code_verifier', 'refresh_token', 'client_secret', 'client_assertion', 'password'];
    return [...names, 'token', 'id_token_hint'].map((name) => this.parameter(name));
  }

  /** The id of the grant that tokens are issued under. */
  get grantId(): string | undefined {
    const entities = memberOf(this.#oidc, 'entities');
    for (const kind of ['AccessToken', 'RefreshToken', 'AuthorizationCode', 'DeviceCode']) {
      const grantId = text(memberOf(memberOf(entities, kind), 'grantId'));
      if (grantId !== undefined) return grantId;
    }
    return text(memberOf(memberOf(entities, 'Grant'), 'jti'));
  }

  /**
   * The claims by which the client knows the session: those of the ID token where one is issued here, else those that it
   * was or would be issued with, so that both sides call the session by the same id.
   */
  sessionClaims(idToken: unknown): object | undefined {
    const issued = typeof idToken === 'string' ? peekPayload(idToken) : undefined;
    if (issued !== undefined) return issued;
    const entities = memberOf(this.#oidc, 'entities');
    const source =
      memberOf(entities, 'AuthorizationCode') ??
      memberOf(entities, 'RefreshToken') ??
      memberOf(entities, 'AccessToken');
    const subject = text(memberOf(source, 'accountId'));
    // Such a client knows the person by another name, which only the ID token says.
    if (subject === undefined || this.#isPairwise()) return undefined;
    const sid = text(memberOf(source, 'sid'));
    return { iss: this.issuer, sub: subject, client_id: this.client.clientId, ...(sid && { sid }) };
  }

  /** The session of the browser with this client, at the endpoints that people come to. */
  browserClaims(): object | undefined {
    const session = memberOf(this.#oidc, 'session');
    const subject = text(memberOf(session, 'accountId'));
    const { clientId } = this.client;
    if (subject === undefined || clientId === undefined || this.#isPairwise()) return undefined;
    const client = memberOf(this.#oidc, 'client');
    const asked = Object(memberOf(memberOf(this.#oidc, 'claims'), 'id_token'));
    const toldSid = methodOf(client, 'includeSid')?.() === true || 'sid' in asked;
    const toldTime =
      memberOf(client, 'requireAuthTime') === true ||
      'auth_time' in asked ||
      memberOf(memberOf(this.#oidc, 'params'), 'max_age') !== undefined;
    return {
      iss: this.issuer,
      sub: subject,
      client_id: clientId,
      ...(toldSid && { sid: methodOf(session, 'sidFor')?.(clientId) }),
      ...(toldTime && { auth_time: memberOf(session, 'loginTs') }),
      ...definedText('acr', memberOf(session, 'acr')),
    };
  }

  #isPairwise(): boolean {
    return memberOf(memberOf(this.#oidc, 'client'), 'subjectType') === 'pairwise';
  }
}

/** The clients that a session of the provider was used with: their ids, grants, and names for it. */
export function authorizationsOf(
  session: unknown,
): { clientId: string; grantId: string | undefined; claims: object }[] {
  const authorizations = memberOf(session, 'authorizations');
  const subject = text(memberOf(session, 'accountId'));
  if (typeof authorizations !== 'object' || authorizations === null || subject === undefined) return [];
  return Object.entries(authorizations).map(([clientId, authorization]) => ({
    clientId,
    grantId: text(memberOf(authorization, 'grantId')),
    claims: { sub: subject, client_id: clientId, sid: stringClaim(Object(authorization), 'sid') },
  }));
}

function definedText(name: string, value: unknown): object {
  return typeof value === 'string' ? { [name]: value } : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
