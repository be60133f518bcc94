import { memberOf } from '../../attach/global-api.ts';
import type { EventContext } from '../../events/event-context.ts';
import { beginRefresh } from '../../events/refresh.ts';
import { scopeList } from '../../session/claims.ts';
import { parameterOf, type Inquiry, type RequestArguments } from './inquiry.ts';

/** `grant_type` of the Device Authorization Grant (RFC 8628). */
export const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';
/** `grant_type` of OpenID Connect Client-Initiated Backchannel Authentication. */
export const CIBA = 'urn:openid:params:grant-type:ciba';

/** Parameters of a grant that are secrets, besides those that the other functions take. */
const SECRET_PARAMETERS = ['assertion', 'password', 'subject_token', 'actor_token'];

/** Reads what a request function was called with. */
export type ReadInquiry = (request: RequestArguments) => Inquiry;

/** The functions that send a request. */
export function createRequestReaders(context: EventContext): Readonly<Record<string, ReadInquiry>> {
  const purpose = 'authorization';
  const readToken = ({ client, rest: [token, options] }: RequestArguments): Omit<Inquiry, 'purpose'> => ({
    client,
    token,
    hint: parameterOf(memberOf(options, 'additionalParameters'), 'token_type_hint'),
    secrets: [token],
  });
  return {
    authorizationCodeGrantRequest: ({ client, rest: [parameters, , verifier] }) => {
      const state = parameterOf(parameters, 'state');
      const secrets = [parameterOf(parameters, 'code'), verifier];
      return { client, purpose, grantType: 'authorization_code', state, secrets };
    },
    refreshTokenGrantRequest: ({ client, rest: [token] }) => ({
      client,
      purpose,
      grantType: 'refresh_token',
      attempt: beginRefresh(context, token),
      secrets: [token],
    }),
    clientCredentialsGrantRequest: ({ client, rest: [parameters] }) => ({
      client,
      purpose,
      grantType: 'client_credentials',
      requested: scopeList(parameterOf(parameters, 'scope')),
      secrets: [],
    }),
    deviceCodeGrantRequest: ({ client, rest: [code] }) => ({
      client,
      purpose,
      grantType: DEVICE_CODE,
      secrets: [code],
    }),
    backchannelAuthenticationGrantRequest: ({ client, rest: [id] }) => ({
      client,
      purpose,
      grantType: CIBA,
      secrets: [id],
    }),
    genericTokenEndpointRequest: ({ client, rest: [grantType, parameters] }) => ({
      client,
      purpose,
      grantType: typeof grantType === 'string' ? grantType : undefined,
      requested: scopeList(parameterOf(parameters, 'scope')),
      secrets: SECRET_PARAMETERS.map((name) => parameterOf(parameters, name)),
    }),
    pushedAuthorizationRequest: ({ client, rest: [parameters] }) => ({
      client,
      purpose,
      state: parameterOf(parameters, 'state'),
      requested: scopeList(parameterOf(parameters, 'scope')),
      secrets: [],
    }),
    introspectionRequest: (request) => ({ ...readToken(request), purpose: 'introspection' }),
    revocationRequest: (request) => ({ ...readToken(request), purpose: 'revocation' }),
    userInfoRequest: (request) => ({ ...readToken(request), purpose: 'userinfo' }),
  };
}
