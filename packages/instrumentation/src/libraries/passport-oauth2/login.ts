import { memberOf } from '../../attach/global-api.ts';
import {
  recordAuthorizationFailure,
  recordAuthorizationRequest,
  type AuthorizationFailure,
} from '../../events/authorization.ts';
import type { ClientIdentity } from '../../events/client.ts';
import type { EventContext } from '../../events/event-context.ts';
import { recordGrant } from '../../events/grant.ts';
import { readTokenResponse } from '../../events/token-response.ts';
import { scopeList, stringClaim } from '../../session/claims.ts';
import type { CallSite } from '../../session/lifecycle.ts';
import type { Session } from '../../session/session.ts';
import { currentAnswer } from '../oauth/token-answers.ts';
import { tellFirst } from '../wrap.ts';

/** How far the strategy of a request has come. passport makes an object of it for each request. */
interface Login {
  readonly request: unknown;
  readonly site: CallSite;
  session: Session | undefined;
}

/** What a strategy makes of a failure before it is recorded. */
export type ReadFailure = (
  failure: unknown,
  login: { readonly site: CallSite; readonly self: object },
) => unknown;

/** A login by the strategies that ask for a code and get tokens through node-oauth. */
export class StrategyLogins {
  readonly #context: EventContext;
  readonly #logins = new WeakMap<object, Login>();

  constructor(context: EventContext) {
    this.#context = context;
  }

  /**
   * Observes `authenticate(request)` of a strategy.
   *
   * @param what - Name of the hook, for warnings.
   * @param self - The strategy of this request.
   * @param request - The request: it comes from the person, or from the provider with an answer.
   * @param readFailure - What is special to the strategy in its failures.
   */
  begin(what: string, self: object, request: unknown, readFailure: ReadFailure = (failure) => failure): void {
    const login: Login = { request, site: this.#context.lifecycle.callSite(), session: undefined };
    this.#logins.set(self, login);
    const fail = ([failure]: readonly unknown[]): void => {
      const read = readFailure(failure, { site: login.site, self });
      this.#fail(self, login, read);
    };
    tellFirst(what, self, {
      redirect: ([url]) => {
        this.#request(self, login, url);
      },
      fail,
      error: fail,
    });
  }

  /**
   * The token endpoint's answer has been accepted.
   *
   * @param self - The strategy of this request.
   * @param claims - The claims of the ID token, as far as the strategy has verified them.
   */
  granted(self: object, claims: unknown): void {
    const login = this.#logins.get(self);
    const answer = currentAnswer(memberOf(self, '_oauth2'));
    if (login === undefined || answer === undefined) return;
    login.session = recordGrant(this.#context, login.site, {
      client: clientOf(self),
      grantType: 'authorization_code',
      flow: 'code',
      state: parameterOf(login.request, 'state'),
      response: readTokenResponse(answer, this.#context.now(), claims),
    });
  }

  #request(self: object, { site }: Login, url: unknown): void {
    if (typeof url !== 'string' || !URL.canParse(url)) return;
    const { searchParams } = new URL(url);
    if (!searchParams.has('response_type')) return;
    recordAuthorizationRequest(this.#context, site, {
      client: clientOf(self),
      scope: scopeList(searchParams.get('scope')),
      state: searchParams.get('state') ?? undefined,
      responseType: searchParams.get('response_type') ?? undefined,
    });
  }

  #fail(self: object, { request, site, session }: Login, failure: unknown): void {
    const failed: AuthorizationFailure = {
      client: clientOf(self),
      error: readError(request, failure, session),
      session,
      secrets: [parameterOf(request, 'code'), parameterOf(request, 'state')],
    };
    recordAuthorizationFailure(this.#context, site, failed);
  }
}

/** The OAuth error: the provider's in the answer, or in a strategy's error (`code` and `message`), or none. */
function readError(request: unknown, failure: unknown, session: Session | undefined): unknown {
  const error = parameterOf(request, 'error');
  if (error !== undefined) return { error, error_description: parameterOf(request, 'error_description') };
  const name = memberOf(failure, 'name');
  const message = memberOf(failure, 'message');
  if (name === 'TokenError' || name === 'AuthorizationError')
    return { error: memberOf(failure, 'code'), error_description: message };
  if (failure instanceof Error || memberOf(failure, 'code') !== undefined) return failure;
  if (typeof message === 'string' && /\bstate\b/i.test(message)) return { code: 'invalid_state' };
  // The provider has let the person in, and the application did not.
  return { code: session === undefined ? 'failed' : 'access_denied' };
}

function clientOf(self: object): ClientIdentity {
  return {
    clientId: stringClaim(Object(memberOf(self, '_oauth2')), '_clientId'),
    issuer: textOf(memberOf(self, '_issuer')),
  };
}

/** A parameter of the provider's answer, from the query or a form. */
function parameterOf(request: unknown, name: string): string | undefined {
  return (
    textOf(memberOf(memberOf(request, 'query'), name)) ?? textOf(memberOf(memberOf(request, 'body'), name))
  );
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
