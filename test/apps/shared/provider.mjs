// An authorization server as oidc-provider's documentation shows it. It knows nothing of Spanledger.
import { createServer } from 'node:http';
import * as library from 'oidc-provider';

const { CLIENT_ID, CLIENT_SECRET, REDIRECT_URI } = process.env;
const Provider = library.Provider ?? library.default.Provider;

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        redirect_uris: [REDIRECT_URI],
        grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
        backchannel_logout_uri: 'http://127.0.0.1:9/backchannel-logout',
        backchannel_logout_session_required: true,
      },
    ],
    cookies: { keys: ['a key of this app'] },
    scopes: ['openid', 'offline_access', 'orders', 'stock'],
    pkce: { required: () => false },
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    renderError(ctx, out) {
      ctx.type = 'text';
      ctx.body = out.error;
    },
    features: {
      backchannelLogout: { enabled: true },
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      introspection: { enabled: true },
      revocation: { enabled: true },
    },
  });
  provider.on('grant.success', () => console.log('granted'));
  const serve = provider.callback();
  server.on('request', (request, response) => {
    if (request.url.startsWith('/interaction/')) void answer(provider, request, response);
    else serve(request, response);
  });
  console.log(`listening ${port}`);
});

/** Whoever the header names logs in, and agrees to everything. */
async function answer(provider, request, response) {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  const result = {};
  if (prompt.name === 'login') result.login = { accountId: request.headers['x-test-person'] };
  else {
    const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope('openid offline_access orders');
    result.consent = { grantId: await grant.save() };
  }
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}
