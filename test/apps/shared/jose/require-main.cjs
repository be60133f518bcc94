// Requires the main file; from version 6 on that is an ES module.
const { createServer } = require('node:http');
const jose = require('jose');

const { ISSUER, AUDIENCE } = process.env;
const keys = jose.createRemoteJWKSet(new URL(`${ISSUER}/jwks`));

const server = createServer(async (request, response) => {
  const token = request.headers.authorization?.slice('Bearer '.length);
  try {
    const { payload } = await jose.jwtVerify(token, keys, { issuer: ISSUER, audience: AUDIENCE });
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ subject: payload.sub }));
  } catch (error) {
    response.writeHead(401, { 'www-authenticate': `Bearer error="invalid_token"` });
    response.end(`${error.code}: ${error.message}`);
  }
});
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
