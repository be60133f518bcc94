// What oauth4webapi does for a web application and for an API, as its documentation shows it. Version 3 takes the client's
// authentication as an argument; version 2 takes it from the client, and returns the errors that 3 throws.
import * as oauth from 'oauth4webapi';
import { serve } from '../login-server.cjs';

const { ISSUER, CLIENT_ID, CLIENT_SECRET, AUDIENCE } = process.env;
const issuer = new URL(ISSUER);
const insecure = { [oauth.allowInsecureRequests]: true };
const OF_VERSION_2 = 'processAuthorizationCodeOpenIDResponse';
const third = typeof oauth.ClientSecretBasic === 'function';
const client = third ? { client_id: CLIENT_ID } : { client_id: CLIENT_ID, client_secret: CLIENT_SECRET };
const authentication = third ? [oauth.ClientSecretBasic(CLIENT_SECRET)] : [];
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));

function good(result) {
  if (result?.error !== undefined) throw Object.assign(new Error(result.error), { name: 'OAuth2Error' });
  return result;
}

function processCode(response) {
  return third
    ? oauth.processAuthorizationCodeResponse(server, client, response, { requireIdToken: true })
    : Reflect.get(oauth, OF_VERSION_2)(server, client, response);
}

serve({
  async login(session, url) {
    session.state = oauth.generateRandomState();
    session.verifier = oauth.generateRandomCodeVerifier();
    const location = new URL(server.authorization_endpoint);
    location.search = new URLSearchParams({
      client_id: CLIENT_ID,
      redirect_uri: `${url.origin}/callback`,
      response_type: 'code',
      scope: 'openid orders stock',
      state: session.state,
      code_challenge: await oauth.calculatePKCECodeChallenge(session.verifier),
      code_challenge_method: 'S256',
    });
    return location;
  },
  async callback(session, url) {
    const parameters = good(oauth.validateAuthResponse(server, client, url, session.state));
    const redirectUri = `${url.origin}/callback`;
    const rest = [parameters, redirectUri, session.verifier, insecure];
    const response = await oauth.authorizationCodeGrantRequest(server, client, ...authentication, ...rest);
    session.tokens = good(await processCode(response));
    session.subject = oauth.getValidatedIdTokenClaims(session.tokens).sub;
    return { subject: session.subject };
  },
  async refresh(session) {
    const rest = [session.tokens.refresh_token, insecure];
    const response = await oauth.refreshTokenGrantRequest(server, client, ...authentication, ...rest);
    session.tokens = good(await oauth.processRefreshTokenResponse(server, client, response));
    return 'refreshed';
  },
  async machine() {
    const rest = [{ scope: 'stock', resource: AUDIENCE }, insecure];
    const response = await oauth.clientCredentialsGrantRequest(server, client, ...authentication, ...rest);
    good(await oauth.processClientCredentialsResponse(server, client, response));
    return 'a token of its own';
  },
  async introspect(session) {
    const rest = [session.tokens.access_token, insecure];
    const response = await oauth.introspectionRequest(server, client, ...authentication, ...rest);
    const { active } = good(await oauth.processIntrospectionResponse(server, client, response));
    return { active };
  },
  async userinfo(session) {
    const response = await oauth.userInfoRequest(server, client, session.tokens.access_token, insecure);
    const { sub } = await oauth.processUserInfoResponse(server, client, session.subject, response);
    return { subject: sub };
  },
  async revoke(session) {
    const options = { ...insecure, additionalParameters: { token_type_hint: 'refresh_token' } };
    const rest = [session.tokens.refresh_token, options];
    const response = await oauth.revocationRequest(server, client, ...authentication, ...rest);
    good(await oauth.processRevocationResponse(response));
    return 'revoked';
  },
  async logout() {
    return 'logged out here alone';
  },
  async api(_session, url, authorization) {
    const request = new Request(url, { headers: { authorization } });
    const claims = await oauth.validateJwtAccessToken(server, request, AUDIENCE, insecure);
    return { subject: claims.sub };
  },
});
