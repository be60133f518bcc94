// A web application as @fastify/oauth2's documentation shows it, and simple-oauth2 beside it. They know nothing of Spanledger.
const fastify = require('fastify')();
const oauthPlugin = require('@fastify/oauth2');
const { ClientCredentials, ResourceOwnerPassword } = require('simple-oauth2');

const { ISSUER, CLIENT_ID, CLIENT_SECRET } = process.env;
const client = { id: CLIENT_ID, secret: CLIENT_SECRET };
const auth = { tokenHost: ISSUER, tokenPath: '/token', revokePath: '/token/revocation' };
let token;

async function start() {
  let port = 0;
  await fastify.register(oauthPlugin, {
    name: 'fixture',
    // The provider answers a revocation with nothing.
    credentials: { client, http: { json: true } },
    scope: ['openid', 'orders'],
    startRedirectPath: '/login',
    callbackUri: () => `http://127.0.0.1:${port}/callback`,
    discovery: { issuer: ISSUER },
  });
  fastify.get('/callback', async (request, reply) => {
    try {
      ({ token } = await fastify.fixture.getAccessTokenFromAuthorizationCodeFlow(request));
    } catch (error) {
      return reply.code(400).send(error.message);
    }
    return { token_type: token.token_type };
  });
  fastify.get('/by-callback', (request, reply) => {
    fastify.fixture.getAccessTokenFromAuthorizationCodeFlow(request, reply, (error, result) => {
      reply.code(error ? 400 : 200).send(error ? error.message : { token_type: result.token.token_type });
    });
  });
  fastify.get('/refresh', async () => {
    ({ token } = await fastify.fixture.getNewAccessTokenUsingRefreshToken(token, {}));
    return { token_type: token.token_type };
  });
  fastify.get('/revoke', async () => {
    await fastify.fixture.revokeToken(token, 'access_token', undefined);
    await fastify.fixture.revokeToken(token, 'refresh_token', undefined);
    return 'revoked';
  });
  fastify.get('/service', async () => {
    const service = new ClientCredentials({ client, auth });
    const result = await service.getToken({ scope: 'stock' });
    return { token_type: result.token.token_type };
  });
  fastify.get('/password', async (request, reply) => {
    const owner = new ResourceOwnerPassword({ client, auth });
    try {
      await owner.getToken(request.query);
    } catch {
      return reply.code(401).send('no');
    }
    return 'yes';
  });
  await fastify.listen({ host: '127.0.0.1', port: 0 });
  ({ port } = fastify.server.address());
  console.log(`listening ${port}`);
}

start();
