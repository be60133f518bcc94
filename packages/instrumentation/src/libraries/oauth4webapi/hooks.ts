import { memberOf } from '../../attach/global-api.ts';
import { recordAuthorizationFailure } from '../../events/authorization.ts';
import type { EventContext } from '../../events/event-context.ts';
import { recordIntrospectionFailure } from '../../events/token-state.ts';
import { recordUserInfoFailure } from '../../events/user-info.ts';
import type { CallSite } from '../../session/lifecycle.ts';
import { rowOf } from '../catalogue.ts';
import type { Library, LoadedFile, Observe } from '../library.ts';
import { wrapExport } from '../wrap.ts';
import { observeAccessToken } from './access-token.ts';
import { createAnswerRecorders, type RecordAnswer } from './answers.ts';
import { clientOf, parameterOf, readRequest, type Inquiry } from './inquiry.ts';
import { createRequestReaders, type ReadInquiry } from './requests.ts';
import { OAUTH4WEBAPI_VERSIONS } from './versions.ts';

/** Answers that are no failure yet: the library's user is to ask again. */
const ASK_AGAIN: ReadonlySet<unknown> = new Set(['authorization_pending', 'slow_down', 'use_dpop_nonce']);

/** The hooks of panva/oauth4webapi: one function sends a request, another one processes the answer to it. */
export function oauth4webapiLibrary(context: EventContext): Library {
  const inquiries = new WeakMap<object, Inquiry>();
  return {
    versions: OAUTH4WEBAPI_VERSIONS,
    patch: (file) => {
      const required = rowOf(OAUTH4WEBAPI_VERSIONS, file.major)?.functions;
      for (const [name, observe] of createHooks(context, file, inquiries)) {
        // What only some minor versions have is no loss where it is not.
        if (required?.includes(name) === true || memberOf(file.exports, name) !== undefined)
          wrapExport(file, name, observe);
      }
    },
  };
}

function createHooks(
  context: EventContext,
  file: LoadedFile,
  inquiries: WeakMap<object, Inquiry>,
): [string, Observe][] {
  const response = observeAuthorizationResponse(context);
  const accessToken = observeAccessToken(context);
  return [
    ...Object.entries(createRequestReaders(context)).map(([name, read]): [string, Observe] => [
      name,
      observeRequest(context, inquiries, (args) => read(readRequest(name, args, file.major))),
    ]),
    ...Object.entries(createAnswerRecorders(context, file)).map(([name, record]): [string, Observe] => [
      name,
      observeAnswer(context, inquiries, record),
    ]),
    ['validateAuthResponse', response],
    ['validateJwtAuthResponse', response],
    ['validateDetachedSignatureResponse', response],
    ['validateCodeIdTokenResponse', response],
    ['validateJwtAccessToken', accessToken],
    ['experimental_validateJwtAccessToken', accessToken],
  ];
}

/** Observes a function that sends a request: what it was called with is kept with its response. */
function observeRequest(
  context: EventContext,
  inquiries: WeakMap<object, Inquiry>,
  read: (args: readonly unknown[]) => ReturnType<ReadInquiry>,
): Observe {
  return (args) => {
    const site = context.lifecycle.callSite();
    const inquiry = read(args);
    return {
      succeeded: (response) => {
        if (typeof response === 'object' && response !== null) inquiries.set(response, inquiry);
      },
      failed: (error) => {
        recordFailure(context, site, inquiry, error);
      },
    };
  };
}

/** Observes a function that processes a response. Version 2 returns the provider's errors, version 3 throws them. */
function observeAnswer(
  context: EventContext,
  inquiries: WeakMap<object, Inquiry>,
  record: RecordAnswer,
): Observe {
  return (args) => {
    const response = args.find((arg) => arg instanceof Response);
    const inquiry = response && inquiries.get(response);
    if (inquiry === undefined) return undefined;
    const site = context.lifecycle.callSite();
    return {
      succeeded: (answer) => {
        if (memberOf(answer, 'error') === undefined) record(site, inquiry, answer);
        else recordFailure(context, site, inquiry, answer);
      },
      failed: (error) => {
        recordFailure(context, site, inquiry, error);
      },
    };
  };
}

function recordFailure(context: EventContext, site: CallSite, inquiry: Inquiry, error: unknown): void {
  if (ASK_AGAIN.has(memberOf(error, 'error'))) return;
  const { client, grantType, attempt, purpose, secrets, state, token } = inquiry;
  if (purpose === 'authorization') {
    const session = attempt?.session;
    recordAuthorizationFailure(context, site, { client, error, secrets, grantType, session, state });
  } else if (typeof token === 'string') {
    if (purpose === 'introspection') recordIntrospectionFailure(context, site, { client, token }, error);
    if (purpose === 'userinfo') recordUserInfoFailure(context, site, { client, token }, error);
    // A revocation that failed leaves a token alive that was meant to die; the client span of the request says so.
  }
}

/** `validateAuthResponse(as, client, parameters, expectedState)` and its variants: what the browser brought back. */
function observeAuthorizationResponse(context: EventContext): Observe {
  return (args) => {
    const site = context.lifecycle.callSite();
    const secrets = [parameterOf(args[2], 'code')];
    const state = parameterOf(args[2], 'state');
    const failed = (error: unknown): void => {
      recordAuthorizationFailure(context, site, { client: clientOf(args), error, secrets, state });
    };
    return {
      failed,
      succeeded: (answer) => {
        if (memberOf(answer, 'error') !== undefined) failed(answer);
      },
    };
  };
}
