// openid-client's own strategy for passport, in Express.
const { randomBytes } = require('node:crypto');
const express = require('express');
const session = require('express-session');
const { Issuer, Strategy } = require('openid-client');
const passport = require('passport');

const { ISSUER, CLIENT_ID, CLIENT_SECRET } = process.env;

async function start() {
  const { Client } = await Issuer.discover(ISSUER);
  const app = express();
  const server = app.listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    const client = new Client({
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
      redirect_uris: [`http://127.0.0.1:${port}/callback`],
      response_types: ['code'],
    });
    const verify = (tokens, profile, done) => done(null, { subject: profile.sub });
    const params = { scope: 'openid orders stock' };
    passport.use('oidc', new Strategy({ client, params }, verify));
    console.log(`listening ${port}`);
  });
  const secret = randomBytes(16).toString('hex');
  app.use(session({ secret, resave: false, saveUninitialized: false }));
  passport.serializeUser((user, done) => done(null, user));
  passport.deserializeUser((user, done) => done(null, user));
  app.use(passport.initialize(), passport.session());
  app.get('/login', passport.authenticate('oidc'));
  app.get('/callback', passport.authenticate('oidc'), (request, response) => response.json(request.user));
}

void start();
