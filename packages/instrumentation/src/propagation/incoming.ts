import { memberOf } from '../attach/global-api.ts';
import { readSessionClaims } from '../session/claims.ts';
import type { IdentityMapper } from '../session/identity.ts';
import { Session } from '../session/session.ts';
import type { Binding } from '../session/slot.ts';
import type { IdentityMode } from '../config.ts';
import { warnOnce } from '../warning.ts';
import { parseAuthority } from './authority.ts';
import type { IssuerKeys } from './keys.ts';
import { SeenTokens } from './seen-tokens.ts';
import { SESSION_HEADER, verifySessionToken, type PropagatedSession, type Refusal } from './session-token.ts';

/** Who is believed, and who we are. */
export interface IncomingOptions {
  readonly issuers: IssuerKeys;
  /** The hosts that this service is; when empty, what the request says. */
  readonly audience: readonly string[];
  readonly identity: IdentityMode;
  readonly identityOf: IdentityMapper;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Reads sessions from the requests of other services. */
export class IncomingSessions {
  readonly #options: IncomingOptions;
  readonly #seen = new SeenTokens();

  constructor(options: IncomingOptions) {
    this.#options = options;
  }

  /**
   * The session that a request's header vouches for. The header is used up by it: the application neither logs it nor
   * hands it on.
   *
   * @param request - An `IncomingMessage`.
   * @returns Undefined without a header, and for one that is not believed: that is told, once per cause.
   */
  take(request: unknown): Binding | undefined {
    const headers = memberOf(request, 'headers');
    const token = memberOf(headers, SESSION_HEADER);
    if (typeof token !== 'string') return undefined;
    const host = memberOf(headers, 'host');
    Reflect.deleteProperty(Object(headers), SESSION_HEADER);
    blankRawHeader(memberOf(request, 'rawHeaders'));
    const { issuers, now } = this.#options;
    const result = verifySessionToken(token, {
      issuers,
      isAudience: (audience) => this.#isAudience(audience, host),
      now: now(),
    });
    if (result.refusal !== undefined) return refuse(result.refusal);
    if (!this.#seen.use(result.id, now())) return refuse('replayed');
    return this.#binding(result.session);
  }

  #isAudience(audience: string, host: unknown): boolean {
    const { audience: ours } = this.#options;
    if (ours.length > 0) return ours.includes(audience);
    const authority = typeof host === 'string' ? parseAuthority(host) : undefined;
    if (authority === undefined) return false;
    // Whether TLS ended at a proxy before us cannot be known, and so not which port was implied.
    const { hostname, port } = authority;
    return audience === `${hostname}:${port}` || (audience === hostname && isImplied(port));
  }

  #binding(propagated: PropagatedSession): Binding | undefined {
    const claims = readSessionClaims({
      iss: propagated.issuer,
      // A session needs a subject; in the sender's minimal mode there is none to be known.
      sub: propagated.userId ?? propagated.sessionId,
      sid: propagated.sessionId,
      azp: propagated.clientId,
      acr: propagated.acr,
      auth_time: propagated.authTime,
    });
    if (claims === undefined) return undefined;
    const origin = { userId: this.#userId(propagated), clientId: undefined, optedIn: {} };
    // Not of the registry: what others say is never joined with what tokens proved here.
    const session = new Session(propagated.sessionId, claims, origin);
    return { session, token: undefined, source: 'propagated' };
  }

  /** Our own identity mode decides, whatever the sender's was. */
  #userId({ userId, isPseudonym, issuer }: PropagatedSession): string | undefined {
    const { identity, identityOf } = this.#options;
    if (userId === undefined || identity === 'minimal') return undefined;
    return isPseudonym ? userId : identityOf(issuer, userId);
  }
}

function isImplied(port: number | undefined): boolean {
  return port === undefined || port === 80 || port === 443;
}

/** In place: Node counts on the length of the list. */
function blankRawHeader(rawHeaders: unknown): void {
  if (!Array.isArray(rawHeaders)) return;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    if (String(rawHeaders[index]).toLowerCase() === SESSION_HEADER) rawHeaders[index + 1] = '';
  }
}

function refuse(refusal: Refusal): undefined {
  warnOnce(
    `SPANLEDGER_PROPAGATION_${refusal.toUpperCase()}`,
    `Spanledger ignored a ${SESSION_HEADER} header (${refusal.replaceAll('_', ' ')}): the request is recorded without that session.`,
  );
  return undefined;
}
