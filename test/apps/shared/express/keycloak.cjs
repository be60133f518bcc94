// A web application behind Keycloak's adapter, as its documentation shows it. It knows nothing of Spanledger.
const express = require('express');
const session = require('express-session');
const Keycloak = require('keycloak-connect');

const { AUTH_SERVER_URL, REALM, CLIENT_ID, CLIENT_SECRET } = process.env;
const bearerOnly = process.argv.includes('--bearer-only');
const store = new session.MemoryStore();
const keycloak = new Keycloak(
  { store, scope: 'email' },
  {
    realm: REALM,
    'auth-server-url': AUTH_SERVER_URL,
    resource: CLIENT_ID,
    credentials: { secret: CLIENT_SECRET },
    'bearer-only': bearerOnly,
    'verify-token-audience': process.argv.includes('--audience'),
  },
);
const app = express();
app.set('trust proxy', true);
app.use(session({ secret: 'a secret of this app', resave: false, saveUninitialized: true, store }));
app.use(keycloak.middleware());

app.get('/', (request, response) => response.json({ known: request.kauth.grant !== undefined }));
app.get('/orders', keycloak.protect(), (request, response) => {
  response.json({ subject: request.kauth.grant.access_token.content.sub });
});
app.get('/reader', keycloak.protect('reader'), (_request, response) => response.json([]));
app.get('/admin', keycloak.protect('realm:admin'), (_request, response) => response.json([]));
app.get(
  '/own',
  keycloak.protect((token) => token.hasRole('owner')),
  (_request, response) => response.json([]),
);
app.get('/enforced', keycloak.enforcer('orders:read'), (_request, response) => response.json([]));
app.get('/session-id', (request, response) => response.json({ id: request.session.id }));
app.get('/password', (request, response) => {
  const { username, password } = request.query;
  // With a callback, and a parameter after it.
  keycloak.grantManager.obtainDirectly(
    username,
    password,
    (error, grant) => {
      if (error) response.status(401).json({ error: error.message });
      else response.json({ token_type: grant.token_type });
    },
    'openid email',
  );
});
app.get('/service', async (_request, response) => {
  const { token_type } = await keycloak.grantManager.obtainFromClientCredentials();
  response.json({ token_type });
});
app.get('/introspect', async (request, response) => {
  const active = await keycloak.grantManager.validateAccessToken(request.query.token);
  response.json({ active: active !== false });
});
const server = app.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
