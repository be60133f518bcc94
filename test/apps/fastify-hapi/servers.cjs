// Resource servers as the documentation of fastify, hapi and fast-jwt shows them.
const { createPublicKey } = require('node:crypto');
const { createServer } = require('node:http');

const { ISSUER, AUDIENCE } = process.env;

/** The same servers for `import` and for `require`: what differs is how the libraries were loaded. */
exports.listen = async function listen(libraries) {
  const { cookie, createVerifier, fastify, fastifyJwt, hapi, hapiJwt } = libraries;
  const answer = await fetch(`${ISSUER}/jwks`);
  const { keys } = await answer.json();
  const pems = new Map(
    keys.map((key) => [
      key.kid,
      createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' }),
    ]),
  );
  const rules = { algorithms: ['RS256', 'ES256'], allowedIss: ISSUER, allowedAud: AUDIENCE };
  const keyOf = async ({ header }) => {
    const pem = pems.get(header.kid);
    if (pem === undefined) throw Object.assign(new Error('no key'), { name: 'SigningKeyNotFoundError' });
    return pem;
  };

  const fixed = { ...rules, algorithms: ['RS256'], key: pems.get('rs256') };
  const plain = createVerifier(fixed);
  const cached = createVerifier({ ...fixed, cache: true, errorCacheTTL: 60_000 });
  const complete = createVerifier({ ...fixed, complete: true });
  const later = createVerifier({ ...rules, key: keyOf });
  const tokenOf = (request) => request.headers.authorization?.slice('Bearer '.length);
  const accept = (response, payload) => response.end(JSON.stringify({ subject: payload.sub }));
  const refuse = (response, error) => {
    response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' });
    response.end(`${error.code}: ${error.message}`);
  };
  const checked = (verify) => async (request, response) => {
    try {
      accept(response, await verify(tokenOf(request)));
    } catch (error) {
      refuse(response, error);
    }
  };
  const routes = {
    '/plain': checked((token) => plain(token)),
    '/cached': checked((token) => cached(token)),
    '/complete': checked((token) => complete(token).payload),
    '/promise': checked((token) => later(token)),
    '/callback': (request, response) =>
      later(tokenOf(request), (error, payload) =>
        error ? refuse(response, error) : accept(response, payload),
      ),
  };

  let inner;
  const quick = fastify({
    serverFactory: (handler) => {
      inner = handler;
      return createServer();
    },
  });
  await quick.register(cookie);
  await quick.register(fastifyJwt, {
    secret: { public: pems.get('rs256') },
    verify: { ...rules, algorithms: ['RS256'] },
    cookie: { cookieName: 'token', signed: false },
    trusted: (_request, payload) => payload.sub !== 'revoked',
  });
  await quick.register(fastifyJwt, {
    namespace: 'later',
    secret: (_request, { header } = {}) => keyOf({ header: header ?? { kid: 'rs256' } }),
    decode: { complete: true },
    verify: { ...rules },
  });
  quick.get('/fastify', { onRequest: (request) => request.jwtVerify() }, (request) => ({
    subject: request.user.sub,
  }));
  quick.get(
    '/fastify-callback',
    { onRequest: (request, _reply, next) => request.jwtVerify(next) },
    (request) => ({
      subject: request.user.sub,
    }),
  );
  quick.get('/fastify-keys', { onRequest: (request) => request.laterJwtVerify() }, (request) => ({
    subject: request.user.sub,
  }));
  await quick.ready();

  const listener = createServer();
  const slow = hapi.server({ listener, autoListen: false });
  await slow.register(hapiJwt);
  const verify = { aud: AUDIENCE, iss: ISSUER, sub: false };
  slow.auth.strategy('jwt', 'jwt', {
    keys: { key: pems.get('rs256'), algorithms: ['RS256'], kid: 'rs256' },
    verify,
    validate: ({ decoded }) => ({ isValid: decoded.payload.sub !== 'revoked' }),
  });
  slow.auth.strategy('unverified', 'jwt', {
    keys: [pems.get('rs256')],
    verify: false,
    validate: () => ({ isValid: true }),
  });
  slow.route([
    {
      method: 'GET',
      path: '/hapi',
      options: { auth: 'jwt' },
      handler: ({ auth }) => ({ subject: auth.credentials.sub }),
    },
    {
      method: 'GET',
      path: '/hapi-try',
      options: { auth: { strategy: 'jwt', mode: 'optional' } },
      handler: () => 'anybody',
    },
    { method: 'GET', path: '/hapi-unverified', options: { auth: 'unverified' }, handler: () => 'anybody' },
  ]);
  await slow.initialize();
  routes['/hapi-token'] = checked((token) => {
    const artifacts = hapiJwt.token.decode(token ?? '');
    hapiJwt.token.verify(artifacts, { key: pems.get('rs256'), algorithms: ['RS256'] }, verify);
    return artifacts.decoded.payload;
  });

  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://app');
    if (pathname.startsWith('/fastify')) inner(request, response);
    else if (pathname in routes) routes[pathname](request, response);
    else for (const handle of listener.listeners('request')) handle.call(listener, request, response);
  });
  server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
};
