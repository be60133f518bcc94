import type { Attributes, DaySpan } from './day-spans.ts';

/** Minutes and seconds, in milliseconds. */
export const SECOND = 1000;
export const MINUTE: number = 60 * SECOND;
export const HOUR: number = 60 * MINUTE;

/** How long an access token lives. */
const TOKEN_LIFE: number = HOUR;

/** Clocks may differ by so much: as it is configured unless somebody says otherwise. */
export const CLOCK_SKEW: number = 5 * SECOND;

export const ISSUER = 'https://id.example';

/** What a token is to look like in the end. */
export interface TokenTruth {
  session: string;
  how: 'issued' | 'refreshed';
  /** Milliseconds since the day began. */
  issued: number;
  expires: number;
  /** Requests that were let in with it, and when the first and the last began. */
  uses: number;
  first?: number;
  last?: number;
  revoked?: number;
  addresses: Set<string>;
}

/** Where a session comes from. */
export interface SessionOrigin {
  person: string;
  sid: string;
  client: string;
  address: string;
  agent: string;
}

/** What a call has beside the usual. */
export interface CallOptions {
  service?: string;
  method?: string;
  route?: string;
  status?: number;
  durationMs?: number;
  bytes?: number;
  address?: string;
  agent?: string;
  /** Scopes that the call shows: those of its token unless said. */
  scopes?: readonly string[];
  events?: DaySpan['events'];
  extra?: Attributes;
  /** `internal`: a span within a call, which shows no token. */
  kind?: DaySpan['kind'];
  /** The token that it shows; the current one unless said. */
  token?: string;
}

/** One session of the day, written step by step in the order of time, with what is to be known of it in the end. */
export class DaySession {
  readonly origin: SessionOrigin;
  readonly spans: DaySpan[] = [];
  readonly tokens: Map<string, TokenTruth> = new Map();
  readonly services: Set<string> = new Set();
  started = 0;
  lastActive: number = Number.NEGATIVE_INFINITY;
  /** Records of spans and of events on them, and how many of them failed. */
  records = 0;
  failures = 0;
  /** How it ended, if somebody ended it, and when. */
  end: { state: 'logged_out' | 'revoked'; at: number } | undefined;
  refreshes = 0;
  #token = '';
  #scopes: readonly string[] = ['openid', 'orders'];

  constructor(origin: SessionOrigin) {
    this.origin = origin;
  }

  /** The current access token. */
  get token(): string {
    return this.#token;
  }

  /** The person logs in; tokens are issued. */
  login(at: number, { skewMs = 0 }: { skewMs?: number } = {}): this {
    this.started = at;
    const token = this.#newToken(at + skewMs, 'issued');
    return this.call(at, {
      service: 'gateway',
      method: 'GET',
      route: '/callback',
      status: 302,
      events: [
        { name: 'oidc.session.started', attributes: {} },
        { name: 'oidc.token.issued', attributes: this.#tokenAttributes(token, 'authorization_code') },
      ],
    });
  }

  /** One request, or a span within one. */
  call(at: number, options: CallOptions = {}): this {
    const { person, sid, client, address, agent } = this.origin;
    const {
      service = 'orders',
      method = 'GET',
      route = '/orders/:id',
      status = 200,
      kind = 'server',
    } = options;
    const { token = this.#token, events = [] } = options;
    const from = options.address ?? address;
    const short = { 'session.id': sid, 'user.id': person, 'oidc.client_id': client, 'oidc.issuer': ISSUER };
    const whole = {
      'http.request.method': method,
      'http.route': route,
      'http.response.status_code': status,
      'url.path': route,
      'client.address': from,
      'user_agent.original': options.agent ?? agent,
      ...this.#tokenAttributes(token),
      ...(options.scopes !== undefined && { 'oidc.scope': options.scopes }),
      ...(options.bytes !== undefined && { 'http.response.body.size': options.bytes }),
    };
    this.spans.push({
      at,
      service,
      kind,
      name: kind === 'server' ? `${method} ${route}` : 'query',
      durationMs: options.durationMs ?? 20 + (at % 90),
      attributes: { ...short, ...(kind === 'server' && whole), ...options.extra },
      ...(events.length > 0 && { events }),
    });
    this.services.add(service);
    this.records += 1 + events.length;
    if (kind === 'server' && status >= 400) this.failures++;
    this.failures += events.filter(({ name }) => name === 'oidc.token.rejected').length;
    this.lastActive = Math.max(this.lastActive, at);
    const truth = this.tokens.get(token);
    if (kind === 'server' && truth !== undefined && status !== 401 && status !== 403) {
      truth.uses++;
      truth.first = Math.min(truth.first ?? at, at);
      truth.last = Math.max(truth.last ?? at, at);
      truth.addresses.add(from);
    }
    return this;
  }

  /** New tokens for the refresh token. */
  refresh(at: number, previous: string = this.#token): this {
    const token = this.#newToken(at, 'refreshed');
    this.refreshes++;
    const attributes = {
      ...this.#tokenAttributes(token, 'refresh_token'),
      'oidc.token.previous_id': previous,
      'oidc.token.refresh_reason': 'near_expiry',
    };
    return this.call(at, {
      service: 'gateway',
      route: '/refresh',
      token: previous,
      events: [{ name: 'oidc.token.refreshed', attributes }],
    });
  }

  /** The person logs out. */
  logout(at: number): this {
    this.end = { state: 'logged_out', at };
    return this.call(at, {
      service: 'gateway',
      method: 'POST',
      route: '/logout',
      events: [{ name: 'oidc.session.ended', attributes: { 'oidc.session.end_reason': 'logout' } }],
    });
  }

  /** An administrator ends the session. */
  revoke(at: number): this {
    this.end = { state: 'revoked', at };
    return this.call(at, {
      service: 'gateway',
      method: 'POST',
      route: '/revoked',
      events: [{ name: 'oidc.session.ended', attributes: { 'oidc.session.end_reason': 'revoked' } }],
    });
  }

  /** One access token is taken back; the session goes on. */
  revokeToken(at: number, token: string = this.#token): this {
    const truth = this.tokens.get(token);
    if (truth !== undefined) truth.revoked = at;
    return this.call(at, {
      service: 'gateway',
      method: 'POST',
      route: '/revoke',
      events: [{ name: 'oidc.token.revoked', attributes: this.#tokenAttributes(token) }],
    });
  }

  #newToken(at: number, how: TokenTruth['how']): string {
    const id = `${this.origin.sid}-t${this.tokens.size + 1}`;
    // The provider counts in seconds.
    const issued = Math.floor(at / SECOND) * SECOND;
    this.tokens.set(id, {
      session: this.origin.sid,
      how,
      issued,
      expires: issued + TOKEN_LIFE,
      uses: 0,
      addresses: new Set(),
    });
    this.#token = id;
    return id;
  }

  #tokenAttributes(id: string, grantType?: string): Attributes {
    const truth = this.tokens.get(id);
    if (truth === undefined) return {};
    return {
      'oidc.token.id': id,
      'oidc.token.type': 'access',
      'oidc.token.issued_at': truth.issued / SECOND,
      'oidc.token.expires_at': truth.expires / SECOND,
      'oidc.scope': this.#scopes,
      ...(grantType !== undefined && { 'oidc.grant_type': grantType }),
    };
  }
}
