// Everything that openid-client does for a web application, as its documentation shows it.
const { ISSUER, CLIENT_ID, CLIENT_SECRET } = process.env;

exports.createActions = function createActions(client) {
  const found = client.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET, undefined, {
    execute: [client.allowInsecureRequests],
  });
  return {
    async login(session, url) {
      session.state = client.randomState();
      session.verifier = client.randomPKCECodeVerifier();
      return client.buildAuthorizationUrl(await found, {
        redirect_uri: `${url.origin}/callback`,
        scope: 'openid orders stock',
        state: session.state,
        code_challenge: await client.calculatePKCECodeChallenge(session.verifier),
        code_challenge_method: 'S256',
      });
    },
    async callback(session, url) {
      const checks = { pkceCodeVerifier: session.verifier, expectedState: session.state };
      session.tokens = await client.authorizationCodeGrant(await found, url, checks);
      return { subject: session.tokens.claims().sub };
    },
    async refresh(session) {
      session.tokens = await client.refreshTokenGrant(await found, session.tokens.refresh_token);
      return 'refreshed';
    },
    async machine() {
      await client.clientCredentialsGrant(await found, { scope: 'stock', resource: process.env.AUDIENCE });
      return 'a token of its own';
    },
    async introspect(session) {
      const { active } = await client.tokenIntrospection(await found, session.tokens.access_token);
      return { active };
    },
    async userinfo(session) {
      const { sub } = session.tokens.claims?.() ?? {};
      const token = session.tokens.access_token;
      const info = await client.fetchUserInfo(await found, token, sub ?? client.skipSubjectCheck);
      return { subject: info.sub };
    },
    async revoke(session) {
      const hint = { token_type_hint: 'refresh_token' };
      await client.tokenRevocation(await found, session.tokens.refresh_token, hint);
      return 'revoked';
    },
    async logout(session, url) {
      return client.buildEndSessionUrl(await found, {
        id_token_hint: session.tokens.id_token,
        post_logout_redirect_uri: `${url.origin}/`,
      });
    },
  };
};
