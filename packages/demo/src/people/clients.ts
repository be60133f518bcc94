import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  clientCredentialsGrant,
  discovery,
  None,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import {
  REPORT_CLIENT_ID,
  SCRIPT_CLIENT_ID,
  SCRIPT_REDIRECT_URI,
  SHOP_RESOURCE,
} from '../provider/clients.ts';
import { readRedirect } from './browser.ts';
import type { Person } from './person.ts';

const execute = [allowInsecureRequests];

/** Uses the API by a script of his own: may read orders, and then asks for more than his token's scope allows. */
export async function runDave(dave: Person, password: string): Promise<void> {
  const bearer = await logInFromScript(dave, password);
  await dave.visit('/orders', 200, { bearer });
  await dave.visit('/orders', 403, { bearer, method: 'POST', json: { product: 'umbrella' } });
  await dave.visit('/admin/export', 403, { bearer });
}

/** A service: reads the newest orders, and each of the first five. */
export async function runNightlyReport(report: Person, secret: string): Promise<void> {
  const client = await discovery(new URL(report.world.issuer), REPORT_CLIENT_ID, secret, undefined, {
    execute,
  });
  const granted = await clientCredentialsGrant(client, { scope: 'orders:read', resource: SHOP_RESOURCE });
  const bearer = granted.access_token;
  await report.visit('/orders', 200, { bearer });
  for (let order = 1_001; order <= 1_005; order += 1) await report.visit(`/orders/${order}`, 200, { bearer });
}

async function logInFromScript(person: Person, password: string): Promise<string> {
  const issuer = new URL(person.world.issuer);
  const client = await discovery(issuer, SCRIPT_CLIENT_ID, undefined, None(), { execute });
  const state = randomState();
  const codeVerifier = randomPKCECodeVerifier();
  const start = buildAuthorizationUrl(client, {
    redirect_uri: SCRIPT_REDIRECT_URI,
    scope: 'openid orders:read orders:write',
    resource: SHOP_RESOURCE,
    state,
    code_challenge: await calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
  });
  const form = await person.browser.open(start);
  // Nothing listens on the script's own address: the code is read off the redirect that points there.
  const last = await person.browser.submit(form, { username: person.name, password }, SCRIPT_REDIRECT_URI);
  const callback = readRedirect(last);
  if (callback === undefined)
    throw new Error(`${person.name}: the provider answered ${last.status}: ${last.text}`);
  const granted = await authorizationCodeGrant(client, callback, {
    pkceCodeVerifier: codeVerifier,
    expectedState: state,
  });
  return granted.access_token;
}
