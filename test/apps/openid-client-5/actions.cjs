// Everything that openid-client 5 does for a web application, as its documentation shows it.
const { ISSUER, CLIENT_ID, CLIENT_SECRET, AUDIENCE } = process.env;

exports.createActions = function createActions({ Issuer, generators }) {
  const found = Issuer.discover(ISSUER).then(
    ({ Client }) => new Client({ client_id: CLIENT_ID, client_secret: CLIENT_SECRET }),
  );
  return {
    async login(session, url) {
      session.state = generators.state();
      session.verifier = generators.codeVerifier();
      const client = await found;
      const location = client.authorizationUrl({
        redirect_uri: `${url.origin}/callback`,
        scope: 'openid orders stock',
        state: session.state,
        code_challenge: generators.codeChallenge(session.verifier),
        code_challenge_method: 'S256',
      });
      return new URL(location);
    },
    async callback(session, url) {
      const client = await found;
      const checks = { code_verifier: session.verifier, state: session.state };
      session.tokens = await client.callback(
        `${url.origin}/callback`,
        client.callbackParams(url.href),
        checks,
      );
      session.idToken = session.tokens.id_token;
      return { subject: session.tokens.claims().sub };
    },
    async refresh(session) {
      session.tokens = await (await found).refresh(session.tokens);
      return 'refreshed';
    },
    async machine() {
      const body = { grant_type: 'client_credentials', scope: 'stock', resource: AUDIENCE };
      await (await found).grant(body);
      return 'a token of its own';
    },
    async introspect(session) {
      const { active } = await (await found).introspect(session.tokens.access_token);
      return { active };
    },
    async userinfo(session) {
      const { sub } = await (await found).userinfo(session.tokens);
      return { subject: sub };
    },
    async revoke(session) {
      await (await found).revoke(session.tokens.refresh_token, 'refresh_token');
      return 'revoked';
    },
    async logout(session, url) {
      const parameters = { id_token_hint: session.idToken, post_logout_redirect_uri: `${url.origin}/` };
      return new URL((await found).endSessionUrl(parameters));
    },
  };
};
