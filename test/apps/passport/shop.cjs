// A shop whose customers log in, as the documentation of passport and express-session shows it.
const { createPublicKey } = require('node:crypto');

const { ISSUER, CLIENT_ID, CLIENT_SECRET, AUDIENCE } = process.env;

/** The same shop for `import` and for `require`: what differs is how the libraries were loaded. */
exports.listen = async function listen(libraries) {
  const { express, session, passport, OpenIdConnect, OAuth2, Jwt } = libraries;
  const answer = await fetch(`${ISSUER}/jwks`);
  const { keys } = await answer.json();
  const key = createPublicKey({ key: keys.find(({ kid }) => kid === 'rs256'), format: 'jwk' });

  const client = {
    authorizationURL: `${ISSUER}/auth`,
    tokenURL: `${ISSUER}/token`,
    clientID: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
  };
  const openIdConnect = new OpenIdConnect.Strategy(
    { ...client, issuer: ISSUER, callbackURL: '/callback', scope: ['orders', 'stock'] },
    (_issuer, profile, _context, _idToken, _accessToken, refreshToken, done) =>
      profile.id === 'banned' ? done(null, false) : done(null, { id: profile.id, refreshToken }),
  );
  passport.use(openIdConnect);
  passport.use(
    'wrong-issuer',
    new OpenIdConnect.Strategy(
      { ...client, issuer: 'https://issuer.invalid', callbackURL: '/wrong/callback' },
      (_issuer, profile, done) => done(null, profile),
    ),
  );
  passport.use(
    new OAuth2.Strategy(
      { ...client, callbackURL: '/oauth2/callback', scope: 'openid orders', state: true },
      (_accessToken, _refreshToken, _profile, done) => done(null, { id: 'somebody' }),
    ),
  );
  passport.use(
    new Jwt.Strategy(
      {
        jwtFromRequest: Jwt.ExtractJwt.fromAuthHeaderAsBearerToken(),
        secretOrKey: key.export({ type: 'spki', format: 'pem' }),
        issuer: ISSUER,
        audience: AUDIENCE,
        algorithms: ['RS256', 'ES256'],
      },
      (payload, done) => done(null, payload.sub === 'banned' ? false : { id: payload.sub }),
    ),
  );
  passport.use('guest', {
    authenticate() {
      this.success({ id: 'guest' });
    },
  });
  passport.serializeUser((user, done) => done(null, user));
  passport.deserializeUser((user, done) => done(null, user));

  const store = new session.MemoryStore();
  const { get } = store;
  store.get = (id, callback) =>
    store.broken ? callback(new Error('no store')) : get.call(store, id, callback);

  const app = express();
  app.get('/api', passport.authenticate('jwt', { session: false }), (request, response) =>
    response.json({ user: request.user.id }),
  );
  app.get('/either', passport.authenticate(['jwt', 'guest'], { session: false }), (request, response) =>
    response.json({ user: request.user.id }),
  );
  app.get('/break', (_request, response) => {
    store.broken = true;
    response.end('broken');
  });
  app.get('/keep', (_request, response) => {
    // As a replica that is behind: what is deleted is still found.
    store.destroy = (_id, callback) => callback();
    response.end('kept');
  });
  app.use(session({ secret: 'of the shop', resave: false, saveUninitialized: false, store }));
  app.use(passport.session());
  app.get('/login', passport.authenticate('openidconnect'));
  app.get('/wrong/login', passport.authenticate('wrong-issuer'));
  app.get('/oauth2/login', passport.authenticate('oauth2'));
  for (const [path, name] of [
    ['/callback', 'openidconnect'],
    ['/wrong/callback', 'wrong-issuer'],
    ['/oauth2/callback', 'oauth2'],
  ]) {
    app.get(path, passport.authenticate(name), (request, response) =>
      response.json({ user: request.user.id }),
    );
  }
  app.get('/me', (request, response) => response.json({ user: request.user?.id ?? null }));
  app.get('/refresh', (request, response) => {
    openIdConnect._oauth2.getOAuthAccessToken(
      request.user.refreshToken,
      { grant_type: 'refresh_token' },
      (error, _accessToken, refreshToken) => {
        if (error) return response.status(502).end('no refresh');
        request.session.passport.user.refreshToken = refreshToken;
        return response.end('refreshed');
      },
    );
  });
  app.get('/service', (_request, response) => {
    const params = { grant_type: 'client_credentials', scope: 'stock' };
    openIdConnect._oauth2.getOAuthAccessToken('', params, (error) => response.end(error ? 'no' : 'yes'));
  });
  app.get('/logout', (request, response) => request.logout(() => response.end('bye')));
  app.get('/destroy', (request, response) => request.session.destroy(() => response.end('bye')));
  app.get('/rotate', (request, response) => {
    const { passport: kept } = request.session;
    request.session.regenerate(() => {
      request.session.passport = kept;
      response.end('rotated');
    });
  });
  app.use((error, _request, response, _next) => response.status(500).end(`${error.name}: ${error.message}`));
  const server = app.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
};
