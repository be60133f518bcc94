import type { EventContext } from '../events/event-context.ts';
import { authCoreLibrary } from './auth-core/hooks.ts';
import { expressJwtLibrary } from './express-jwt/hooks.ts';
import { expressOauth2JwtBearerLibrary } from './express-oauth2-jwt-bearer/hooks.ts';
import { expressOpenidConnectLibrary } from './express-openid-connect/hooks.ts';
import { expressSessionLibrary } from './express-session/hooks.ts';
import { fastJwtLibrary } from './fast-jwt/hooks.ts';
import { fastifyJwtLibrary } from './fastify-jwt/hooks.ts';
import { fastifyOauth2Library } from './fastify-oauth2/hooks.ts';
import { hapiJwtLibrary } from './hapi-jwt/hooks.ts';
import { joseLibrary } from './jose/hooks.ts';
import { jsonwebtokenLibrary } from './jsonwebtoken/hooks.ts';
import { keycloakConnectLibrary } from './keycloak-connect/hooks.ts';
import { koaJwtLibrary } from './koa-jwt/hooks.ts';
import type { CreateLibrary, Library } from './library.ts';
import { nestjsJwtLibrary } from './nestjs-jwt/hooks.ts';
import { nextAuthLibrary } from './next-auth/hooks.ts';
import { oauthLibrary } from './oauth/hooks.ts';
import { oauth4webapiLibrary } from './oauth4webapi/hooks.ts';
import { oidcProviderLibrary } from './oidc-provider/hooks.ts';
import { openidClientLibrary } from './openid-client/hooks.ts';
import { passportJwtLibrary } from './passport-jwt/hooks.ts';
import { passportOauth2Library } from './passport-oauth2/hooks.ts';
import { passportOpenidconnectLibrary } from './passport-openidconnect/hooks.ts';
import { passportLibrary } from './passport/hooks.ts';
import { simpleOauth2Library } from './simple-oauth2/hooks.ts';

/** Every library that is observed. Its table is in {@link LIBRARY_VERSIONS} too. */
const LIBRARIES: readonly CreateLibrary[] = [
  authCoreLibrary,
  expressJwtLibrary,
  expressOauth2JwtBearerLibrary,
  expressOpenidConnectLibrary,
  expressSessionLibrary,
  fastJwtLibrary,
  fastifyJwtLibrary,
  fastifyOauth2Library,
  hapiJwtLibrary,
  joseLibrary,
  jsonwebtokenLibrary,
  keycloakConnectLibrary,
  koaJwtLibrary,
  nestjsJwtLibrary,
  nextAuthLibrary,
  oauth4webapiLibrary,
  oauthLibrary,
  oidcProviderLibrary,
  openidClientLibrary,
  passportJwtLibrary,
  passportLibrary,
  passportOauth2Library,
  passportOpenidconnectLibrary,
  simpleOauth2Library,
];

/** Makes the hooks of every library. */
export function createLibraries(context: EventContext): Library[] {
  return LIBRARIES.map((create) => create(context));
}
