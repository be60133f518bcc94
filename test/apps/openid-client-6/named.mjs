import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  calculatePKCECodeChallenge,
  clientCredentialsGrant,
  discovery,
  fetchUserInfo,
  randomPKCECodeVerifier,
  randomState,
  refreshTokenGrant,
  skipSubjectCheck,
  tokenIntrospection,
  tokenRevocation,
} from 'openid-client';
import { createActions } from './actions.cjs';
import { serve } from './login-server.cjs';

serve(
  createActions({
    allowInsecureRequests,
    authorizationCodeGrant,
    buildAuthorizationUrl,
    buildEndSessionUrl,
    calculatePKCECodeChallenge,
    clientCredentialsGrant,
    discovery,
    fetchUserInfo,
    randomPKCECodeVerifier,
    randomState,
    refreshTokenGrant,
    skipSubjectCheck,
    tokenIntrospection,
    tokenRevocation,
  }),
);
