import { generateKeyPairSync, randomBytes } from 'node:crypto';
import {
  errors,
  interactionPolicy,
  type AdapterFactory,
  type Configuration,
  type KoaContextWithOIDC,
} from 'oidc-provider';
import type { AccountBook, DemoAccount } from './accounts.ts';
import {
  REPORT_CLIENT_ID,
  SHOP_CLIENT_ID,
  SHOP_RESOURCE,
  SHOP_SCOPES,
  describeFixedClients,
} from './clients.ts';
import { renderLogoutPage, renderPage } from './pages.ts';

/**
 * Seconds that the browser client's access tokens live. Short, so that a person who reads a page for a moment makes
 * the shop refresh them while the demo watches.
 */
export const BROWSER_TOKEN_LIFETIME_S = 4;
/** Seconds that every other access token lives. */
const TOKEN_LIFETIME_S = 300;
const HOUR_S = 3_600;

/**
 * @param accounts who may log in
 * @param reportSecret the nightly report's client secret
 * @param adapter where the provider keeps its state
 * @returns the configuration of `oidc-provider`, complete enough that it has nothing to warn about
 */
export function createConfiguration(
  accounts: AccountBook,
  reportSecret: string,
  adapter: AdapterFactory,
): Configuration {
  return {
    adapter,
    clients: describeFixedClients(reportSecret),
    jwks: { keys: [drawSigningKey()] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    acrValues: ['urn:shop:password'],
    scopes: ['openid', 'profile', 'email'],
    claims: {
      openid: ['sub'],
      profile: ['name', 'roles'],
      email: ['email', 'email_verified'],
      acr: null,
      amr: null,
      auth_time: null,
      iss: null,
      sid: null,
    },
    conformIdTokenClaims: false,
    clientBasedCORS: () => false,
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    findAccount: (_ctx, id) => describeAccount(accounts.get(id)),
    extraTokenClaims: (ctx) => describeAccess(ctx, accounts),
    loadExistingGrant: (ctx) => grantEntitlements(ctx, accounts),
    interactions: { policy: createPolicy(), url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    renderError(ctx, out) {
      ctx.type = 'html';
      ctx.body = renderPage('That did not work', [out.error, out.error_description ?? '']);
    },
    ttl: {
      AccessToken: (_ctx, _token, client) =>
        client.clientId === SHOP_CLIENT_ID ? BROWSER_TOKEN_LIFETIME_S : TOKEN_LIFETIME_S,
      AuthorizationCode: 60,
      ClientCredentials: TOKEN_LIFETIME_S,
      Grant: HOUR_S,
      IdToken: HOUR_S,
      Interaction: HOUR_S,
      RefreshToken: HOUR_S,
      Session: HOUR_S,
    },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      clientCredentials: { enabled: true },
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource(ctx, form) {
          ctx.body = renderLogoutPage(form);
        },
        postLogoutSuccessSource(ctx) {
          ctx.body = renderPage('Signed out', []);
        },
      },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo(_ctx, resource, client) {
          if (resource !== SHOP_RESOURCE) throw new errors.InvalidTarget();
          const scope = client.clientId === REPORT_CLIENT_ID ? 'orders:read' : SHOP_SCOPES.join(' ');
          return { scope, audience: SHOP_RESOURCE, accessTokenFormat: 'jwt' };
        },
      },
    },
    // The library's own dispatcher refuses loopback addresses, and the whole demo lives on loopback.
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

function describeAccount(
  account: DemoAccount | undefined,
): ReturnType<NonNullable<Configuration['findAccount']>> {
  if (account === undefined) return undefined;
  const { id, name, email, roles } = account;
  return {
    accountId: id,
    claims: () => ({ sub: id, name, email, email_verified: true, roles: [...roles] }),
  };
}

/** What RFC 9068 adds to an access token: the session it belongs to, when the person logged in, and their roles. */
function describeAccess(ctx: KoaContextWithOIDC, accounts: AccountBook): Record<string, unknown> | undefined {
  const source = ctx.oidc.entities.AuthorizationCode ?? ctx.oidc.entities.RefreshToken;
  const account = accounts.get(source?.accountId ?? '');
  if (source === undefined || account === undefined) return undefined;
  return {
    ...(source.sid === undefined ? {} : { sid: source.sid }),
    ...(source.authTime === undefined ? {} : { auth_time: source.authTime }),
    ...(source.acr === undefined ? {} : { acr: source.acr }),
    roles: [...account.roles],
  };
}

/** Consent is not asked for: a person is granted what they are entitled to of what the client asked for. */
async function grantEntitlements(ctx: KoaContextWithOIDC, accounts: AccountBook): Promise<LoadedGrant> {
  const { client, session, provider } = ctx.oidc;
  const account = accounts.get(session?.accountId ?? '');
  if (client === undefined || session === undefined || account === undefined) return undefined;
  const known = session.grantIdFor(client.clientId);
  if (known !== undefined) return provider.Grant.find(known);
  const grant = new provider.Grant({ accountId: account.id, clientId: client.clientId });
  grant.addOIDCScope('openid profile email');
  for (const scope of SHOP_SCOPES) {
    if (account.entitlements.includes(scope)) grant.addResourceScope(SHOP_RESOURCE, scope);
    else grant.rejectResourceScope(SHOP_RESOURCE, scope);
  }
  await grant.save();
  return grant;
}

/** Nobody is asked for consent here, not even by a native client. */
function createPolicy(): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base();
  policy.get('consent')?.checks.remove('native_client_prompt');
  return policy;
}

type LoadedGrant = Awaited<ReturnType<NonNullable<Configuration['loadExistingGrant']>>>;

function drawSigningKey(): Record<string, unknown> & { kty: string } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), kty: 'EC', use: 'sig', alg: 'ES256' };
}
