import { AUTH_CORE_VERSIONS } from './auth-core/versions.ts';
import { EXPRESS_JWT_VERSIONS } from './express-jwt/versions.ts';
import { EXPRESS_OAUTH2_JWT_BEARER_VERSIONS } from './express-oauth2-jwt-bearer/versions.ts';
import { EXPRESS_OPENID_CONNECT_VERSIONS } from './express-openid-connect/versions.ts';
import { EXPRESS_SESSION_VERSIONS } from './express-session/versions.ts';
import { FAST_JWT_VERSIONS } from './fast-jwt/versions.ts';
import { FASTIFY_JWT_VERSIONS } from './fastify-jwt/versions.ts';
import { FASTIFY_OAUTH2_VERSIONS } from './fastify-oauth2/versions.ts';
import { HAPI_JWT_VERSIONS } from './hapi-jwt/versions.ts';
import { JOSE_VERSIONS } from './jose/versions.ts';
import { JSONWEBTOKEN_VERSIONS } from './jsonwebtoken/versions.ts';
import { KEYCLOAK_CONNECT_VERSIONS } from './keycloak-connect/versions.ts';
import { KOA_JWT_VERSIONS } from './koa-jwt/versions.ts';
import type { LibraryVersions } from './library.ts';
import { NESTJS_JWT_VERSIONS } from './nestjs-jwt/versions.ts';
import { NEXT_AUTH_VERSIONS } from './next-auth/versions.ts';
import { OAUTH_VERSIONS } from './oauth/versions.ts';
import { OAUTH4WEBAPI_VERSIONS } from './oauth4webapi/versions.ts';
import { OIDC_PROVIDER_VERSIONS } from './oidc-provider/versions.ts';
import { OPENID_CLIENT_VERSIONS } from './openid-client/versions.ts';
import { PASSPORT_JWT_VERSIONS } from './passport-jwt/versions.ts';
import { PASSPORT_OAUTH2_VERSIONS } from './passport-oauth2/versions.ts';
import { PASSPORT_OPENIDCONNECT_VERSIONS } from './passport-openidconnect/versions.ts';
import { PASSPORT_VERSIONS } from './passport/versions.ts';
import { SIMPLE_OAUTH2_VERSIONS } from './simple-oauth2/versions.ts';

/** What is covered of which library, without a hook loaded. */
export const LIBRARY_VERSIONS: readonly LibraryVersions[] = [
  AUTH_CORE_VERSIONS,
  EXPRESS_JWT_VERSIONS,
  EXPRESS_OAUTH2_JWT_BEARER_VERSIONS,
  EXPRESS_OPENID_CONNECT_VERSIONS,
  EXPRESS_SESSION_VERSIONS,
  FASTIFY_JWT_VERSIONS,
  FASTIFY_OAUTH2_VERSIONS,
  FAST_JWT_VERSIONS,
  HAPI_JWT_VERSIONS,
  JOSE_VERSIONS,
  JSONWEBTOKEN_VERSIONS,
  KEYCLOAK_CONNECT_VERSIONS,
  KOA_JWT_VERSIONS,
  NESTJS_JWT_VERSIONS,
  NEXT_AUTH_VERSIONS,
  OAUTH4WEBAPI_VERSIONS,
  OAUTH_VERSIONS,
  OIDC_PROVIDER_VERSIONS,
  OPENID_CLIENT_VERSIONS,
  PASSPORT_JWT_VERSIONS,
  PASSPORT_OAUTH2_VERSIONS,
  PASSPORT_OPENIDCONNECT_VERSIONS,
  PASSPORT_VERSIONS,
  SIMPLE_OAUTH2_VERSIONS,
];
