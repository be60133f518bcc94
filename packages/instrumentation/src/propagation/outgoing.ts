import { ATTR_OIDC_ACR, ATTR_USER_ID } from '@spanledger/record';
import { subscribe } from 'node:diagnostics_channel';
import { memberOf, methodOf } from '../attach/global-api.ts';
import type { IdentityMode } from '../config.ts';
import type { Lifecycle } from '../session/lifecycle.ts';
import type { Session } from '../session/session.ts';
import { guarded, warnOnce } from '../warning.ts';
import { formatAuthority, parseAuthority, parseHostname, type Authority } from './authority.ts';
import { isListed, type HostPattern } from './host-list.ts';
import type { SigningKey } from './keys.ts';
import { SESSION_HEADER, signSessionToken, type PropagatedSession } from './session-token.ts';

/** What sends sessions along. */
export interface OutgoingOptions {
  readonly hosts: readonly HostPattern[];
  readonly signingKey: SigningKey;
  /** The name of this service. */
  readonly issuer: () => string;
  readonly identity: IdentityMode;
  readonly lifecycle: Lifecycle;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Where a request goes. */
interface Target {
  /** As its Host header says, which is what the receiver knows itself by. */
  readonly authority: Authority;
  readonly isEncrypted: boolean;
}

/**
 * Puts the session header on requests to listed hosts: those of `node:http` and `node:https`, of `fetch` and of undici.
 * Both make a new request for every redirect they follow, so the header goes to the host it was made for and no further.
 */
export function propagateOutgoing(options: OutgoingOptions): void {
  subscribe('http.client.request.created', (message) => {
    guarded('PROPAGATE_HTTP', () => {
      const request = memberOf(message, 'request');
      const target = targetOfHttp(request, options.hosts);
      const token = target && tokenFor(target, options);
      if (token === undefined) return;
      // With `headers` in a list, or `expect`, Node has written the head of the request already.
      if (memberOf(request, '_header')) warnAboutHead();
      else methodOf(request, 'setHeader')?.(SESSION_HEADER, token);
    });
  });
  subscribe('undici:request:create', (message) => {
    guarded('PROPAGATE_UNDICI', () => {
      const request = memberOf(message, 'request');
      const target = targetOfUndici(request, options.hosts);
      const token = target && tokenFor(target, options);
      if (token !== undefined) addHeader(request, token);
    });
  });
}

function tokenFor({ authority, isEncrypted }: Target, options: OutgoingOptions): string | undefined {
  const { lifecycle, identity, signingKey } = options;
  const session = lifecycle.sessionAt(lifecycle.callSite());
  if (session === undefined || session.state === 'logged_out' || session.state === 'revoked')
    return undefined;
  const token = signSessionToken(describe(session, identity), {
    signingKey,
    issuer: options.issuer(),
    audience: formatAuthority(authority, isEncrypted),
    now: options.now(),
  });
  if (token === undefined) {
    warnOnce(
      'SPANLEDGER_PROPAGATION_TOO_LONG',
      'Spanledger did not propagate a session: its identifiers are too long for a header.',
    );
  }
  return token;
}

function describe(session: Session, identity: IdentityMode): PropagatedSession {
  const acr = session.describe()[ATTR_OIDC_ACR];
  const userId = session.short[ATTR_USER_ID];
  return {
    sessionId: session.id,
    issuer: session.issuer,
    userId: typeof userId === 'string' ? userId : undefined,
    isPseudonym: identity === 'pseudonym',
    clientId: session.clientId,
    acr: typeof acr === 'string' ? acr : undefined,
    authTime: session.authTime,
  };
}

/** One header, also where the application hands on one that it was sent. */
function addHeader(request: unknown, token: string): void {
  const headers = memberOf(request, 'headers');
  const list: unknown[] = Array.isArray(headers) ? headers : [];
  const at = list.findIndex(
    (name, index) => index % 2 === 0 && String(name).toLowerCase() === SESSION_HEADER,
  );
  if (at === -1) methodOf(request, 'addHeader')?.(SESSION_HEADER, token);
  else list[at + 1] = token;
}

/** Both where the connection goes and what the Host header says must be listed: a gateway goes by the latter. */
function targetOfHttp(request: unknown, hosts: readonly HostPattern[]): Target | undefined {
  const hostHeader: unknown = methodOf(request, 'getHeader')?.('host');
  const connectedTo = parseHostname(textOf(memberOf(request, 'host')));
  // A request through a socket file goes to whoever owns that.
  if (connectedTo === undefined || memberOf(request, 'socketPath') || !isOrigin(request)) return undefined;
  const authority = parseAuthority(textOf(hostHeader));
  const isEncrypted = memberOf(request, 'protocol') === 'https:';
  return authority && listedTarget(authority, connectedTo, undefined, isEncrypted, hosts);
}

function targetOfUndici(request: unknown, hosts: readonly HostPattern[]): Target | undefined {
  const origin = String(memberOf(request, 'origin'));
  if (!URL.canParse(origin) || !isOrigin(request)) return undefined;
  const { protocol, host, hostname, username, password } = new URL(origin);
  const isEncrypted = protocol === 'https:';
  const connectedTo = parseHostname(hostname);
  if (connectedTo === undefined || username !== '' || password !== '') return undefined;
  const given = memberOf(request, 'host');
  const authority = parseAuthority(given === null || given === undefined ? host : textOf(given));
  return authority && listedTarget(authority, connectedTo, parseAuthority(host)?.port, isEncrypted, hosts);
}

function listedTarget(
  authority: Authority,
  connectedTo: string,
  connectedPort: number | undefined,
  isEncrypted: boolean,
  hosts: readonly HostPattern[],
): Target | undefined {
  const impliedPort = isEncrypted ? 443 : 80;
  const asked = { hostname: authority.hostname, port: authority.port ?? impliedPort };
  if (!isListed(hosts, asked)) return undefined;
  const differs = connectedTo !== authority.hostname;
  if (differs && !isListed(hosts, { hostname: connectedTo, port: connectedPort })) return undefined;
  return { authority, isEncrypted };
}

/** Whether the request is for the host itself: what asks for a URL, or a tunnel, has a proxy for its host. */
function isOrigin(request: unknown): boolean {
  return memberOf(request, 'method') !== 'CONNECT' && textOf(memberOf(request, 'path')).startsWith('/');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function warnAboutHead(): void {
  warnOnce(
    'SPANLEDGER_PROPAGATION_HEAD_WRITTEN',
    'Spanledger did not propagate a session: Node had written the head of the request when it was made (headers given as a list, or with Expect). Give the headers as an object.',
  );
}
