// One API verifies by jose 6, and an older one by express-oauth2-jwt-bearer, which brings a jose 4 of its own.
import express from 'express';
import { auth } from 'express-oauth2-jwt-bearer';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const { ISSUER, AUDIENCE } = process.env;
const keys = createRemoteJWKSet(new URL(`${ISSUER}/jwks`));
const app = express();

app.get('/new', async (request, response) => {
  const token = request.headers.authorization?.slice('Bearer '.length);
  try {
    const { payload } = await jwtVerify(token, keys, { issuer: ISSUER, audience: AUDIENCE });
    response.json({ subject: payload.sub });
  } catch (error) {
    response.status(401).send(error.code);
  }
});
app.get('/old', auth({ issuerBaseURL: ISSUER, audience: AUDIENCE }), (request, response) => {
  response.json({ subject: request.auth.payload.sub });
});
app.use((error, _request, response, _next) => response.status(error.status ?? 500).send(error.message));

const server = app.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
