// Resource servers as the documentation of each library shows them. They know nothing of Spanledger.
const { createPublicKey } = require('node:crypto');
const { createServer } = require('node:http');

const { ISSUER, AUDIENCE } = process.env;
const rules = { issuer: ISSUER, audience: AUDIENCE, algorithms: ['RS256', 'ES256'] };

/** The same services for `import` and for `require`: what differs is how the libraries were loaded. */
exports.listen = async function listen(libraries) {
  const { express, expressjwt, expressJwtSecret, JwtService, jsonwebtoken, jwksClient, Koa, koaJwt, old } =
    libraries;
  const answer = await fetch(`${ISSUER}/jwks`);
  const { keys } = await answer.json();
  const pem = (kid) =>
    createPublicKey({ key: keys.find((key) => key.kid === kid), format: 'jwk' }).export({
      type: 'spki',
      format: 'pem',
    });
  const fixed = pem('rs256');
  const client = jwksClient({ jwksUri: `${ISSUER}/jwks` });
  const getKey = (header, callback) =>
    client.getSigningKey(header.kid).then(
      (key) => callback(null, key.getPublicKey()),
      (error) => callback(error),
    );
  const tokenOf = (request) => request.headers.authorization?.slice('Bearer '.length);
  const accept = (response, payload) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ subject: payload.sub }));
  };
  const refuse = (response, error) => {
    response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' });
    response.end(`${error.name}: ${error.message}`);
  };
  const checked = (verify) => async (request, response) => {
    try {
      accept(response, await verify(tokenOf(request)));
    } catch (error) {
      refuse(response, error);
    }
  };

  const guarded = express();
  const secret = expressJwtSecret({ jwksUri: `${ISSUER}/jwks` });
  guarded.use('/express', expressjwt({ ...rules, secret }).unless({ path: ['/express/open'] }));
  guarded.use(
    '/express-revoked',
    expressjwt({ ...rules, secret, isRevoked: (_request, token) => token.payload.sub === 'revoked' }),
  );
  guarded.use((request, response) => accept(response, request.auth ?? { sub: 'nobody' }));
  guarded.use((error, _request, response, _next) => refuse(response, error));

  const koa = new Koa();
  koa.use(async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      refuse(ctx.res, error.originalError ?? error);
      ctx.respond = false;
    }
  });
  koa.use((ctx, next) => koaRoutes[ctx.path]?.(ctx, next));
  koa.use((ctx) => {
    if (ctx.query.fail) ctx.throw(401, 'not today');
    ctx.body = { subject: ctx.state.user?.sub };
  });
  const koaRoutes = {
    '/koa': koaJwt({ ...rules, secret: [fixed, pem('es256')] }),
    '/koa-optional': koaJwt({ ...rules, secret: fixed, passthrough: true }),
    '/koa-revoked': koaJwt({ ...rules, secret: fixed, isRevoked: async () => true }),
  };

  const service = new JwtService({ publicKey: fixed, verifyOptions: rules });
  const provided = new JwtService({
    verifyOptions: rules,
    secretOrKeyProvider: async (_type, token) => {
      const { kid } = jsonwebtoken.decode(token, { complete: true })?.header ?? {};
      return (await client.getSigningKey(kid)).getPublicKey();
    },
  });
  const routes = {
    '/sync': checked((token) => jsonwebtoken.verify(token, fixed, rules)),
    '/complete': checked((token) => jsonwebtoken.verify(token, fixed, { ...rules, complete: true }).payload),
    '/old': checked((token) => old.verify(token, fixed, rules)),
    '/nest': checked((token) => service.verify(token)),
    '/nest-async': checked((token) => service.verifyAsync(token)),
    '/nest-provider': checked((token) => provided.verifyAsync(token)),
    '/unsigned': checked((token) => jsonwebtoken.verify(token, '', { algorithms: ['none'] })),
    '/callback': (request, response) => {
      jsonwebtoken.verify(tokenOf(request), getKey, rules, (error, payload) =>
        error ? refuse(response, error) : accept(response, payload),
      );
    },
    '/throws': (request, response) => {
      try {
        jsonwebtoken.verify(tokenOf(request), fixed, rules, () => {
          throw new Error('of the application');
        });
      } catch (error) {
        refuse(response, error);
      }
    },
  };
  const koaCallback = koa.callback();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://app');
    if (pathname.startsWith('/express')) guarded(request, response);
    else if (pathname.startsWith('/koa')) koaCallback(request, response);
    else routes[pathname](request, response);
  });
  server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
};
