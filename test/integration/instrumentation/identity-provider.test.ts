import { createServer } from 'node:http';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import * as client from 'openid-client';
import { expect, test } from 'vitest';
import { closeServer, listenOnLoopback } from '../../../packages/demo/src/loopback-server.ts';
import { headerOf } from '../../support/apps/exchange.ts';
import { IdentityProvider, type ClientRegistration } from '../../support/apps/identity-provider.ts';
import { AUDIENCE } from '../../support/apps/token-mint.ts';

/** An application of which only the addresses matter. */
async function startApp(stack: AsyncDisposableStack): Promise<{ url: string; requests: string[] }> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url?.replace(/\?.*/, '')}`);
    request.resume().on('end', () => response.end('the application'));
  });
  const url = await listenOnLoopback(server);
  stack.defer(() => closeServer(server));
  return { url, requests };
}

for (const layout of ['plain', 'keycloak'] as const) {
  test(`${layout}: login, refresh, machines, introspection, revocation, logout`, async () => {
    await using stack = new AsyncDisposableStack();
    const provider = stack.use(await new IdentityProvider(layout).listen());
    const { url, requests } = await startApp(stack);
    const register = async (registration: ClientRegistration): Promise<client.Configuration> => {
      const { clientId, clientSecret } = await provider.registerClient({
        redirectUris: [`${url}/callback`],
        postLogoutRedirectUris: [`${url}/`],
        ...registration,
      });
      const options = { execute: [client.allowInsecureRequests] };
      return client.discovery(new URL(provider.issuer), clientId, clientSecret, undefined, options);
    };
    const logIn = async (config: client.Configuration, who: string) => {
      const verifier = client.randomPKCECodeVerifier();
      const start = client.buildAuthorizationUrl(config, {
        redirect_uri: `${url}/callback`,
        scope: 'openid profile orders',
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      });
      const { page, browser } = await provider.login(start.href, who);
      const tokens = await client.authorizationCodeGrant(config, page.url, { pkceCodeVerifier: verifier });
      return { tokens, browser };
    };

    const jwt = await register({ resource: AUDIENCE, backchannelLogoutUri: `${url}/backchannel` });
    provider.settings.accessClaims = { roles: ['customer'] };
    const { tokens, browser } = await logIn(jwt, 'bob');
    expect(tokens.claims()).toMatchObject({ sub: 'bob', name: 'bob of the fixture' });
    expect(decodeProtectedHeader(tokens.access_token).typ).toBe('at+jwt');
    expect(decodeJwt(tokens.access_token)).toMatchObject({
      aud: AUDIENCE,
      sub: 'bob',
      sid: tokens.claims()?.['sid'],
      roles: ['customer'],
    });
    const refreshed = await client.refreshTokenGrant(jwt, tokens.refresh_token ?? '');
    expect(refreshed.access_token).not.toBe(tokens.access_token);
    const machine = await client.clientCredentialsGrant(jwt, { scope: 'stock' });
    expect(decodeJwt(machine.access_token)).toMatchObject({ scope: 'stock' });

    const opaque = await register({ idTokenAlgorithm: 'ES256' });
    const { tokens: second } = await logIn(opaque, 'carol');
    expect(await client.fetchUserInfo(opaque, second.access_token, 'carol')).toMatchObject({ sub: 'carol' });
    expect(await client.tokenIntrospection(opaque, second.access_token)).toMatchObject({
      active: true,
      sub: 'carol',
    });
    await client.tokenRevocation(opaque, second.access_token);
    expect(await client.tokenIntrospection(opaque, second.access_token)).toEqual({ active: false });

    const logout = client.buildEndSessionUrl(jwt, {
      id_token_hint: tokens.id_token ?? '',
      post_logout_redirect_uri: `${url}/`,
    });
    expect((await browser.open(logout)).url.href).toBe(`${url}/`);
    expect(requests).toEqual(['GET /callback', 'GET /callback', 'POST /backchannel', 'GET /']);
    for (const secret of [tokens.access_token, refreshed.access_token, machine.access_token]) {
      expect(provider.secrets).toContain(secret);
    }
  });
}

test('an ID token comes by a form, as some libraries have it', async () => {
  await using stack = new AsyncDisposableStack();
  const provider = stack.use(await new IdentityProvider().listen());
  const { url, requests } = await startApp(stack);
  const { clientId } = await provider.registerClient({
    redirectUris: [`${url}/callback`],
    responseTypes: ['id_token'],
  });
  const query = new URLSearchParams({
    client_id: clientId,
    redirect_uri: `${url}/callback`,
    response_type: 'id_token',
    response_mode: 'form_post',
    scope: 'openid',
    nonce: 'n',
  });
  const { page } = await provider.login(`${provider.issuer}/auth?${query.toString()}`, 'dave');
  expect(page.status).toBe(200);
  expect(headerOf(page, 'location')).toBeUndefined();
  expect(requests).toEqual(['POST /callback']);
});
