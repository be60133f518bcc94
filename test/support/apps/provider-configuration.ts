import { randomBytes } from 'node:crypto';
import {
  interactionPolicy,
  type AdapterFactory,
  type Configuration,
  type JWK,
  type KoaContextWithOIDC,
} from 'oidc-provider';

const DAY_S = 86_400;
const SCOPES = ['openid', 'offline_access', 'profile', 'email', 'orders', 'stock'];

/** How the provider's addresses are laid out: Keycloak's adapters know only Keycloak's. */
export type Layout = 'plain' | 'keycloak';

/** What a test may change while the provider runs. */
export interface ProviderSettings {
  /** Seconds that access tokens live. */
  accessTokenLifetimeS: number;
  /** Claims added to JWT access tokens; their `sub`, `sid` and `auth_time` are there anyway. */
  accessClaims: Record<string, unknown>;
}

/** The realm whose provider speaks Keycloak's addresses. */
export const REALM = 'fixture';

const KEYCLOAK = '/protocol/openid-connect';
const KEYCLOAK_ROUTES = {
  authorization: `${KEYCLOAK}/auth`,
  end_session: `${KEYCLOAK}/logout`,
  introspection: `${KEYCLOAK}/token/introspect`,
  jwks: `${KEYCLOAK}/certs`,
  revocation: `${KEYCLOAK}/revoke`,
  token: `${KEYCLOAK}/token`,
  userinfo: `${KEYCLOAK}/userinfo`,
};

/**
 * Configures `oidc-provider` for every library at once: all flows that they use, and nobody is asked anything.
 *
 * @param keys signing keys, private
 * @param interactionPath where a login is finished; the interaction's id is added
 */
export function createConfiguration(
  keys: readonly JWK[],
  adapter: AdapterFactory,
  layout: Layout,
  interactionPath: string,
  settings: ProviderSettings,
): Configuration {
  const algorithms = ['RS256', 'ES256', 'EdDSA'] as const;
  return {
    adapter,
    ...(layout === 'keycloak' ? { routes: KEYCLOAK_ROUTES } : {}),
    jwks: { keys: [...keys] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    enabledJWA: { idTokenSigningAlgValues: [...algorithms], userinfoSigningAlgValues: [...algorithms] },
    extraClientMetadata: { properties: ['default_resource'] },
    responseTypes: ['code', 'id_token', 'code id_token', 'none'],
    acrValues: ['urn:fixture:password'],
    scopes: SCOPES,
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username'],
      email: ['email', 'email_verified'],
      acr: null,
      amr: null,
      auth_time: null,
      iss: null,
      sid: null,
    },
    conformIdTokenClaims: false,
    clientBasedCORS: () => false,
    pkce: { required: () => false },
    rotateRefreshToken: true,
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    findAccount: (_ctx, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        name: `${id} of the fixture`,
        preferred_username: id,
        email: `${id}@example.test`,
        email_verified: true,
      }),
    }),
    extraTokenClaims: (ctx) => describeAccess(ctx, settings),
    loadExistingGrant: grantEverything,
    interactions: {
      policy: createPolicy(),
      url: (_ctx, interaction) => `${interactionPath}${interaction.uid}`,
    },
    renderError(ctx, out) {
      ctx.type = 'text';
      ctx.body = `${out.error}: ${out.error_description ?? ''}`;
    },
    ttl: {
      AccessToken: () => settings.accessTokenLifetimeS,
      ClientCredentials: () => settings.accessTokenLifetimeS,
      AuthorizationCode: 60,
      Grant: DAY_S,
      IdToken: DAY_S,
      Interaction: DAY_S,
      RefreshToken: DAY_S,
      Session: DAY_S,
    },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: () => true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource(ctx, form) {
          ctx.body = `<!doctype html><title>Log out</title>${form}`;
        },
        postLogoutSuccessSource(ctx) {
          ctx.body = 'logged out';
        },
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_ctx, client) => {
          const resource: unknown = client['default_resource'];
          return typeof resource === 'string' ? resource : [];
        },
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, resource) => ({
          scope: SCOPES.join(' '),
          audience: resource,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    // The library's own dispatcher refuses loopback addresses, and every fixture lives on loopback.
    fetch: (input, init) =>
      fetch(input, {
        method: init?.method ?? 'GET',
        headers: init?.headers ?? {},
        body: init?.body ?? null,
        signal: init?.signal ?? null,
        redirect: 'error',
      }),
  };
}

/** What RFC 9068 adds to an access token, and what the test wants in it. */
function describeAccess(ctx: KoaContextWithOIDC, settings: ProviderSettings): Record<string, unknown> {
  const source = ctx.oidc.entities.AuthorizationCode ?? ctx.oidc.entities.RefreshToken;
  return {
    ...(source?.sid === undefined ? {} : { sid: source.sid }),
    ...(source?.authTime === undefined ? {} : { auth_time: source.authTime }),
    ...(source?.acr === undefined ? {} : { acr: source.acr }),
    ...settings.accessClaims,
  };
}

/** Consent is not asked for: what the client asks for is granted. */
async function grantEverything(ctx: KoaContextWithOIDC): Promise<LoadedGrant> {
  const { client, session, provider, params } = ctx.oidc;
  if (client === undefined || session?.accountId === undefined) return undefined;
  const known = session.grantIdFor(client.clientId);
  const found = known === undefined ? undefined : await provider.Grant.find(known);
  const grant = found ?? new provider.Grant({ accountId: session.accountId, clientId: client.clientId });
  grant.addOIDCScope(SCOPES.join(' '));
  for (const resource of [params?.['resource'] ?? client['default_resource']].flat()) {
    if (typeof resource === 'string') grant.addResourceScope(resource, SCOPES.join(' '));
  }
  await grant.save();
  return grant;
}

/** Nobody is asked for consent, not even by a native client or for offline access. */
function createPolicy(): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base();
  policy.remove('consent');
  return policy;
}

type LoadedGrant = Awaited<ReturnType<NonNullable<Configuration['loadExistingGrant']>>>;
