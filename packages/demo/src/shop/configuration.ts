/** What the shop is told by its environment. */
export interface ShopConfiguration {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The identifier of the shop's API: the audience of access tokens. */
  readonly resource: string;
  /** The address it listens on, 127.0.0.1 if nothing is said. A cookie is for a host and all its ports. */
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Access tokens that expire within this many seconds are refreshed before they are used. */
  readonly refreshMarginS: number;
}

/**
 * @param env the process environment
 * @throws TypeError if a variable is missing or is not what it should be; names all of them
 */
export function readConfiguration(env: NodeJS.ProcessEnv): ShopConfiguration {
  const required = ['SHOP_ISSUER', 'SHOP_CLIENT_ID', 'SHOP_CLIENT_SECRET', 'SHOP_RESOURCE'];
  const missing = required.filter((name) => env[name] === undefined || env[name] === '');
  if (missing.length > 0) throw new TypeError(`set ${missing.join(', ')}`);
  return {
    issuer: env['SHOP_ISSUER'] ?? '',
    clientId: env['SHOP_CLIENT_ID'] ?? '',
    clientSecret: env['SHOP_CLIENT_SECRET'] ?? '',
    resource: env['SHOP_RESOURCE'] ?? '',
    host: env['SHOP_HOST'] ?? '127.0.0.1',
    port: readInteger('SHOP_PORT', env['SHOP_PORT'] ?? '0'),
    refreshMarginS: readInteger('SHOP_REFRESH_MARGIN_S', env['SHOP_REFRESH_MARGIN_S'] ?? '30'),
  };
}

function readInteger(name: string, text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new TypeError(`${name} is not a whole number: ${text}`);
  return Number(text);
}
