// Sessions in encrypted tokens: under a key of the application's own, and for its public key.
const { createServer } = require('node:http');
const jose = require('jose');

const shared = Buffer.from(process.env.SHARED_KEY, 'base64url');
const privateKey = jose.importJWK(JSON.parse(process.env.PRIVATE_KEY), 'RSA-OAEP-256');
const keyOf = ({ alg }) => (alg === 'dir' ? shared : privateKey);

const server = createServer(async (request, response) => {
  try {
    const { payload } = await jose.jwtDecrypt(request.headers.cookie.slice('session='.length), keyOf);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ subject: payload.sub }));
  } catch (error) {
    response.writeHead(401).end(`${error.code}: ${error.message}`);
  }
});
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
