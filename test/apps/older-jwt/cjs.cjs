// Resource servers on the major versions before the present ones.
require('reflect-metadata');
const { createPublicKey } = require('node:crypto');
const { createServer } = require('node:http');
const fastifyJwt = require('@fastify/jwt');
const { JwtService } = require('@nestjs/jwt');
const express = require('express');
const session = require('express-session');
const fastify = require('fastify');
const passport = require('passport');
const Jwt = require('passport-jwt');

const { ISSUER, AUDIENCE } = process.env;

async function listen() {
  const { keys } = await (await fetch(`${ISSUER}/jwks`)).json();
  const key = keys.find(({ kid }) => kid === 'rs256');
  const pem = createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  const algorithms = ['RS256'];

  const service = new JwtService({
    publicKey: pem,
    verifyOptions: { algorithms, issuer: ISSUER, audience: AUDIENCE },
  });

  let quick;
  const server = fastify({
    serverFactory: (handler) => {
      quick = handler;
      return createServer();
    },
  });
  await server.register(fastifyJwt, {
    secret: { public: pem },
    verify: { algorithms, allowedIss: ISSUER, allowedAud: AUDIENCE },
  });
  server.get('/fastify', { onRequest: (request) => request.jwtVerify() }, (request) => ({
    subject: request.user.sub,
  }));
  await server.ready();

  passport.use(
    new Jwt.Strategy(
      {
        jwtFromRequest: Jwt.ExtractJwt.fromAuthHeaderAsBearerToken(),
        secretOrKey: pem,
        issuer: ISSUER,
        audience: AUDIENCE,
        algorithms,
      },
      (payload, done) => done(null, payload),
    ),
  );
  const app = express();
  app.get('/passport', passport.authenticate('jwt', { session: false }), (request, response) =>
    response.json({ subject: request.user.sub }),
  );
  app.get('/nest', async (request, response) => {
    try {
      const payload = await service.verifyAsync(request.headers.authorization?.slice('Bearer '.length));
      response.json({ subject: payload.sub });
    } catch (error) {
      response.status(401).end(error.message);
    }
  });
  app.use(
    session({
      secret: 'of the shop',
      resave: false,
      saveUninitialized: false,
      store: new session.MemoryStore(),
    }),
  );
  app.get('/logout', passport.authenticate('jwt', { session: false }), (request, response) =>
    request.logout(() => response.end('bye')),
  );
  createServer((request, response) => {
    if (request.url === '/fastify') quick(request, response);
    else app(request, response);
  }).listen(0, '127.0.0.1', function listening() {
    console.log(`listening ${this.address().port}`);
  });
}

listen();
