import { randomBytes } from 'node:crypto';
import type { ClientMetadata } from 'oidc-provider';

/** The shop's own pages and API, as the resource indicator (RFC 8707) that tokens for it are asked with. */
export const SHOP_RESOURCE = 'https://api.shop.example';

/** Every scope the shop's API knows. */
export const SHOP_SCOPES = ['orders:read', 'orders:write', 'admin:export'] as const;

/** The browser client (authorization code, PKCE, client secret): the shop itself. */
export const SHOP_CLIENT_ID = 'shop-web';
/** The public native client (authorization code, PKCE, no secret, no `sid`): a script on somebody's own machine. */
export const SCRIPT_CLIENT_ID = 'shop-cli';
/** The service client (client credentials). */
export const REPORT_CLIENT_ID = 'nightly-report';

/** Where the native client is sent back to; nothing listens there, the person reads the code off the redirect. */
export const SCRIPT_REDIRECT_URI = 'http://127.0.0.1/callback';

/** @returns a client secret of 256 random bits */
export function drawClientSecret(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * @param shopUrl the shop's origin, for example `http://127.0.0.1:40001`
 * @param secret the client secret
 * @returns the registration of the shop
 */
export function describeShopClient(shopUrl: string, secret: string): ClientMetadata {
  return {
    client_id: SHOP_CLIENT_ID,
    client_name: 'The shop',
    client_secret: secret,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: [`${shopUrl}/callback`],
    post_logout_redirect_uris: [`${shopUrl}/`],
    require_auth_time: true,
    // Asks for `sid` in every ID token, and for a call when a session ends elsewhere.
    backchannel_logout_uri: `${shopUrl}/backchannel-logout`,
    backchannel_logout_session_required: true,
  };
}

/**
 * @param reportSecret the client secret of the nightly report
 * @returns the clients that are known before the shop has an address
 */
export function describeFixedClients(reportSecret: string): ClientMetadata[] {
  return [
    {
      client_id: SCRIPT_CLIENT_ID,
      client_name: 'Shop scripts',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      redirect_uris: [SCRIPT_REDIRECT_URI],
      require_auth_time: true,
    },
    {
      client_id: REPORT_CLIENT_ID,
      client_name: 'Nightly report',
      client_secret: reportSecret,
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
    },
  ];
}
