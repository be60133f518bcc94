import { recordAuthorizationRequest } from '../../events/authorization.ts';
import type { EventContext } from '../../events/event-context.ts';
import { recordClientGrant, recordGrant } from '../../events/grant.ts';
import { recordRefresh } from '../../events/refresh.ts';
import { readTokenResponse } from '../../events/token-response.ts';
import { recordIntrospection, recordRevocation, typeOfHint } from '../../events/token-state.ts';
import { recordUserInfo } from '../../events/user-info.ts';
import { memberOf, methodOf } from '../../attach/global-api.ts';
import type { CallSite } from '../../session/lifecycle.ts';
import type { LoadedFile } from '../library.ts';
import type { Inquiry } from './inquiry.ts';
import { CIBA, DEVICE_CODE } from './requests.ts';

/** Records what an answer says. */
export type RecordAnswer = (site: CallSite, inquiry: Inquiry, answer: unknown) => void;

/** How people speak of the grants whose names say something else. */
const FLOWS: ReadonlyMap<string, string> = new Map([
  ['authorization_code', 'code'],
  [DEVICE_CODE, 'device_code'],
  [CIBA, 'ciba'],
]);

/** The functions that process an answer. */
export function createAnswerRecorders(
  context: EventContext,
  file: LoadedFile,
): Readonly<Record<string, RecordAnswer>> {
  const granted = recordGranted(context, file);
  return {
    processAuthorizationCodeResponse: granted,
    processAuthorizationCodeOpenIDResponse: granted,
    processAuthorizationCodeOAuth2Response: granted,
    processRefreshTokenResponse: granted,
    processClientCredentialsResponse: granted,
    processDeviceCodeResponse: granted,
    processBackchannelAuthenticationGrantResponse: granted,
    processGenericTokenEndpointResponse: granted,
    processPushedAuthorizationResponse: (site, { client, requested, state }) => {
      // Without `state` nothing tells that this is the request of which openid-client reports.
      if (state === undefined) return;
      recordAuthorizationRequest(context, site, { client, scope: requested, state });
    },
    processIntrospectionResponse: (site, { client, token, hint }, answer) => {
      if (typeof token !== 'string') return;
      recordIntrospection(context, site, { client, token, type: typeOfHint(hint) }, answer);
    },
    processRevocationResponse: (site, { client, token, hint }) => {
      if (typeof token !== 'string') return;
      recordRevocation(context, site, { client, token, type: typeOfHint(hint) });
    },
    processUserInfoResponse: (site, { client, token }, answer) => {
      if (typeof token === 'string') recordUserInfo(context, site, { client, token }, answer);
    },
  };
}

function recordGranted(context: EventContext, file: LoadedFile): RecordAnswer {
  const claimsOf = methodOf(file.exports, 'getValidatedIdTokenClaims');
  return (site, inquiry, answer) => {
    const { client, grantType = 'unknown', attempt, requested, state } = inquiry;
    const hasClaims = memberOf(answer, 'id_token') !== undefined;
    const claims = hasClaims ? claimsOf?.(answer) : undefined;
    const response = readTokenResponse(answer, context.now(), claims);
    if (attempt !== undefined) recordRefresh(context, site, attempt, client, response);
    else if (grantType === 'client_credentials')
      recordClientGrant(context, site, { client, grantType, requested, response });
    else {
      const flow = FLOWS.get(grantType) ?? grantType;
      recordGrant(context, site, { client, grantType, flow, state, requested, response });
    }
  };
}
