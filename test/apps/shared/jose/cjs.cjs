// The same from CommonJS, by the subpaths.
const { createServer } = require('node:http');
const { createRemoteJWKSet } = require('jose/jwks/remote');
const { jwtVerify } = require('jose/jwt/verify');

const { ISSUER, AUDIENCE } = process.env;
const keys = createRemoteJWKSet(new URL(`${ISSUER}/jwks`));

const server = createServer((request, response) => {
  const token = request.headers.authorization?.slice('Bearer '.length);
  jwtVerify(token, keys, { issuer: ISSUER, audience: AUDIENCE }).then(
    ({ payload }) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ subject: payload.sub }));
    },
    (error) => {
      response.writeHead(401, { 'www-authenticate': `Bearer error="invalid_token"` });
      response.end(`${error.code}: ${error.message}`);
    },
  );
});
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
