// next-auth 4 without Next: its handler is an ordinary one once a request has the members that Next gives it.
const { randomBytes } = require('node:crypto');
const express = require('express');
const { default: NextAuth, getServerSession } = require('next-auth');
const { getToken } = require('next-auth/jwt');

const { ISSUER, CLIENT_ID, CLIENT_SECRET } = process.env;
const quiet = () => {};
const app = express();
const server = app.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  process.env.NEXTAUTH_URL = `http://127.0.0.1:${port}`;
  console.log(`listening ${port}`);
});
const options = {
  secret: randomBytes(32).toString('hex'),
  logger: { error: quiet, warn: quiet, debug: quiet },
  providers: [
    {
      id: 'fixture',
      name: 'Fixture',
      type: 'oauth',
      wellKnown: `${ISSUER}/.well-known/openid-configuration`,
      issuer: ISSUER,
      idToken: true,
      clientId: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      checks: ['pkce', 'state'],
      authorization: { params: { scope: 'openid profile orders' } },
      profile: ({ sub, name }) => ({ id: sub, name }),
    },
  ],
};

app.use(express.urlencoded({ extended: false }), (request, _response, next) => {
  const pairs = (request.headers.cookie ?? '').split('; ').map((pair) => pair.split('='));
  request.cookies = Object.fromEntries(pairs.map(([name, value = '']) => [name, decodeURIComponent(value)]));
  next();
});
app.use('/api/auth', (request, response) => {
  const nextauth = request.path.split('/').slice(1);
  Object.defineProperty(request, 'query', { value: { ...request.query, nextauth } });
  return NextAuth(request, response, options);
});
app.get('/page', async (request, response) => {
  const session = await getServerSession(request, response, options);
  response.status(session === null ? 401 : 200).json({ name: session?.user?.name ?? null });
});
app.get('/token', async (request, response) => {
  const token = await getToken({ req: request, secret: options.secret });
  response.status(token === null ? 401 : 200).json({ name: token?.name ?? null });
});
