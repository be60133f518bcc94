import type { HookContext, Library } from '../library.ts';
import { observeAuthorization } from './authorization.ts';
import { observeClientCredentials } from './client-credentials.ts';
import { observeEndSession } from './end-session.ts';
import { OPENID_CLIENT_FILES, OPENID_CLIENT_VERSIONS } from './files.ts';
import { observeRefresh } from './refresh.ts';
import { observeIntrospection, observeRevocation } from './token-state.ts';

/** The hooks of panva/openid-client. */
export function openidClientLibrary(context: HookContext): Library {
  const authorization = observeAuthorization(context);
  return {
    name: 'openid-client',
    versions: OPENID_CLIENT_VERSIONS,
    files: OPENID_CLIENT_FILES,
    entryFiles: [],
    hooks: {
      buildAuthorizationUrl: authorization.request,
      buildAuthorizationUrlWithJAR: authorization.request,
      buildAuthorizationUrlWithPAR: authorization.request,
      authorizationCodeGrant: authorization.codeGrant,
      refreshTokenGrant: observeRefresh(context),
      clientCredentialsGrant: observeClientCredentials(context),
      tokenRevocation: observeRevocation(context),
      tokenIntrospection: observeIntrospection(context),
      buildEndSessionUrl: observeEndSession(context),
    },
  };
}
