// A web application as express-openid-connect's documentation shows it. It knows nothing of Spanledger.
const express = require('express');
const { auth, requiresAuth } = require('express-openid-connect');

const { ISSUER, CLIENT_ID, CLIENT_SECRET } = process.env;

/** A store of sessions, as those of express-session are. */
class MemoryStore {
  #entries = new Map();
  get(id, callback) {
    setImmediate(callback, null, this.#entries.get(id));
  }
  set(id, data, callback) {
    this.#entries.set(id, data);
    setImmediate(callback, null);
  }
  destroy(id, callback) {
    this.#entries.delete(id);
    setImmediate(callback, null);
  }
}

const store = new MemoryStore();
const inStore = process.argv.includes('--store');
const app = express();
const server = app.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  app.use(
    auth({
      issuerBaseURL: ISSUER,
      baseURL: `http://127.0.0.1:${port}`,
      clientID: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      secret: 'a secret that seals the cookies of this app',
      authRequired: false,
      idpLogout: true,
      clientAuthMethod: 'client_secret_basic',
      enableTelemetry: false,
      authorizationParams: { response_type: 'code', scope: 'openid email orders', response_mode: 'query' },
      ...(inStore ? { session: { store } } : {}),
      backchannelLogout: process.argv.includes('--backchannel') && {
        store,
        ...(process.argv.includes('--own-check') ? { isLoggedOut: isLoggedOut } : {}),
      },
    }),
  );
  app.get('/', (request, response) => {
    response.json({ loggedIn: request.oidc.isAuthenticated() });
  });
  app.get('/orders', requiresAuth(), (request, response) => {
    response.json({ subject: request.oidc.user.sub, email: request.oidc.user.email });
  });
  app.get('/refresh', requiresAuth(), async (request, response) => {
    const { token_type } = await request.oidc.accessToken.refresh();
    response.json({ token_type });
  });
  app.use((error, request, response, _next) => {
    response.status(error.status ?? 500).json({ error: error.error ?? error.message });
  });
  console.log(`listening ${port}`);
});

/** A check of the application's own. */
async function isLoggedOut(request) {
  const { sid } = request.oidc.idTokenClaims;
  return new Promise((resolve) => store.get(`${ISSUER}|${sid}`, (_error, found) => resolve(Boolean(found))));
}
