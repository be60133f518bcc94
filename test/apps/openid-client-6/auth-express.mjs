// Auth.js in Express, as its documentation shows it. A page that needs a session asks for it.
import { randomBytes } from 'node:crypto';
import { ExpressAuth, getSession } from '@auth/express';
import { getToken } from '@auth/core/jwt';
import express from 'express';

const { ISSUER, CLIENT_ID, CLIENT_SECRET, KEEP_PERSON, DATABASE, PADDING = 0 } = process.env;
const { AUTH_SECRET = randomBytes(32).toString('hex') } = process.env;
const quiet = () => {};

/** The database strategy, with a database of one table each. */
function createAdapter() {
  const [users, accounts, sessions] = [new Map(), new Map(), new Map()];
  return {
    createUser: (user) => users.set(user.id, user).get(user.id),
    getUser: (id) => users.get(id) ?? null,
    getUserByEmail: () => null,
    updateUser: (user) => user,
    getUserByAccount: ({ providerAccountId }) => users.get(accounts.get(providerAccountId)) ?? null,
    linkAccount: ({ providerAccountId, userId }) => void accounts.set(providerAccountId, userId),
    createSession: (session) => sessions.set(session.sessionToken, session).get(session.sessionToken),
    getSessionAndUser(token) {
      const session = sessions.get(token);
      return session === undefined ? null : { session, user: users.get(session.userId) };
    },
    updateSession: (session) => sessions.get(session.sessionToken),
    deleteSession: (token) => void sessions.delete(token),
  };
}

const config = {
  secret: AUTH_SECRET,
  trustHost: true,
  ...(DATABASE ? { adapter: createAdapter() } : {}),
  logger: { error: quiet, warn: quiet, debug: quiet },
  providers: [
    {
      id: 'fixture',
      name: 'Fixture',
      type: 'oidc',
      issuer: ISSUER,
      clientId: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      checks: ['pkce', 'state'],
      authorization: { params: { scope: 'openid profile orders' } },
      profile: ({ sub, name }) => ({ id: sub, name }),
    },
  ],
  callbacks: {
    jwt({ token, account, profile }) {
      if (!account) return token;
      // Room for what a large profile brings: the cookie becomes several.
      const padding = 'x'.repeat(Number(PADDING));
      return { ...token, padding, ...(KEEP_PERSON ? { iss: profile.iss, sub: profile.sub } : {}) };
    },
  },
};
const app = express();
app.use('/auth', ExpressAuth(config));
app.get('/page', async (request, response) => {
  const session = await getSession(request, { ...config, basePath: '/auth' });
  response.status(session === null ? 401 : 200).json({ name: session?.user?.name ?? null });
});
app.get('/token', async (request, response) => {
  const token = await getToken({ req: request, secret: config.secret });
  response.status(token === null ? 401 : 200).json({ name: token?.name ?? null });
});
const server = app.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
