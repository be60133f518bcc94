import { memberOf } from '../../attach/global-api.ts';
import type { EventContext } from '../../events/event-context.ts';
import { recordRejection } from '../../events/rejection.ts';
import { bindVerified } from '../../events/verification.ts';
import type { CallSite } from '../../session/lifecycle.ts';
import type { CallObserver, LoadedFile, Observe } from '../library.ts';
import { put } from '../loaded-file.ts';
import { isFunction } from '../middleware.ts';
import { hookName, warnAboutMissing, wrapExport, wrapFunction } from '../wrap.ts';
import { answerParameter, type Exchange } from './exchange.ts';

const DONE = 204;

/** Which functions of the library, or of the application in their place, take part in a back-channel logout. */
type Part = 'isLoggedOut' | 'onLogoutToken';

/** Binds a request to the session that came with it. */
type Bind = (request: unknown, config: unknown, site: CallSite) => void;

/** Hooks what ends sessions at the provider's word, and what looks that up on each request. */
export class BackchannelLogout {
  readonly #context: EventContext;
  readonly #observe: Readonly<Record<Part, Observe>>;
  /** Requests whose logout token was good; what fails after that is the store's fault. */
  readonly #accepted = new WeakSet<object>();

  /**
   * @param bind - Called for sessions that have not been ended meanwhile.
   * @param context - What recording takes.
   */
  constructor(bind: Bind, context: EventContext) {
    this.#context = context;
    this.#observe = {
      isLoggedOut: ([request, config]) => {
        const site = context.lifecycle.callSite();
        return {
          succeeded: (loggedOut) => {
            if (!loggedOut) bind(request, config, site);
          },
          failed: () => undefined,
        };
      },
      onLogoutToken: ([payload]) => {
        const site = context.lifecycle.callSite();
        if (site.slot !== undefined) this.#accepted.add(site.slot);
        // The library has verified it; whatever its store says, the provider has ended the session.
        if (typeof payload === 'object' && payload !== null) bindVerified(context, site, { payload });
        return undefined;
      },
    };
  }

  /** Hooks a function that is what its file exports. */
  patchDefault(file: LoadedFile, part: Part): void {
    const original = file.exports;
    if (isFunction(original)) file.replace(wrapFunction(original, hookName(file, part), this.#observe[part]));
    else warnAboutMissing(file, part);
  }

  /** Hooks the functions that an application gives to `auth()`, in the library's copy of the settings. */
  patchConfig(file: LoadedFile): void {
    wrapExport(file, 'get', () => ({
      succeeded: (config) => {
        const settings = memberOf(config, 'backchannelLogout');
        if (typeof config !== 'object' || config === null) return;
        if (typeof settings !== 'object' || settings === null) return;
        const observed: Record<string, unknown> = { ...settings };
        for (const part of ['isLoggedOut', 'onLogoutToken'] as const) {
          const own = observed[part];
          if (isFunction(own)) observed[part] = wrapFunction(own, hookName(file, part), this.#observe[part]);
        }
        put(config, 'backchannelLogout', observed);
      },
      failed: () => undefined,
    }));
  }

  /** `res.oidc.backchannelLogout()`: the answer says whether the logout token was accepted. */
  observeRequest(exchange: Exchange): CallObserver | undefined {
    const token = answerParameter(exchange, 'logout_token');
    if (token === undefined) return undefined;
    const site = this.#context.lifecycle.callSite();
    return {
      succeeded: () => {
        if (memberOf(exchange.response, 'statusCode') === DONE) return;
        if (site.slot !== undefined && this.#accepted.has(site.slot)) return;
        recordRejection(this.#context, site, { token, reason: 'other' });
      },
      failed: () => undefined,
    };
  }
}
