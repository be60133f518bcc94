import type { DayRandom } from './day-random.ts';
import { DaySession, HOUR, ISSUER, MINUTE, SECOND } from './day-session.ts';
import type { DaySpan } from './day-spans.ts';

/** Who reads the audit log at the end of the day, and how many pages of it. */
export const AUDITORS = [
  { name: 'curious', pages: 6 },
  { name: 'diligent', pages: 4 },
] as const;

/** Records of such a page. */
export const PAGE_RECORDS = 1000;

/** An alert that is to be raised: by which rule, and what tells it from others of the rule. */
export interface ExpectedAlert {
  rule: string;
  /** A field of the alert, such as `user.id`, and what it holds. */
  about: readonly [field: string, value: string];
}

/** Something that happens during the day, on purpose. */
export interface Incident {
  /** What is planted: a kind of incident, or what only looks like one. */
  name: string;
  /** None for a look-alike. */
  alerts: readonly ExpectedAlert[];
  sessions: readonly DaySession[];
  /** Spans that are in no session. */
  spans: readonly DaySpan[];
}

const FAILED = { 'oidc.error': 'access_denied', 'oidc.issuer': ISSUER, 'oidc.client_id': 'web' };

/** Writes the incidents of a day, and at least as many look-alikes. Everybody in them is somebody else. */
export class IncidentScript {
  readonly incidents: Incident[] = [];
  readonly #random: DayRandom;
  readonly #nextPerson: () => string;
  #networks = 0;

  /** @param nextPerson - names somebody who does nothing else that day */
  constructor(random: DayRandom, nextPerson: () => string) {
    this.#random = random;
    this.#nextPerson = nextPerson;
  }

  /** Writes all of them. */
  write(): Incident[] {
    for (let i = 0; i < 2; i++) {
      this.#failedLogins();
      this.#failedLoginsOfAnAddress();
      this.#manyAccounts();
      this.#twoAddresses();
      this.#twoAgents();
      this.#impossible();
      this.#refreshReuse();
      this.#usedAfterRevocation();
      this.#usedAfterLogout();
      this.#usedAfterExpiry();
      this.#usedAfterSessionRevoked();
      this.#scopeExceeded();
    }
    this.#codeReplay();
    this.#insufficientScope();
    this.#slow();
    this.#lowerRole();
    this.#verification();
    this.#reading();
    this.#privileged();
    this.#newClient();
    this.#export();
    this.#exportOfBytes();
    this.#flood();
    this.#dormant();
    this.#skew();
    return this.incidents;
  }

  #plant(name: string, session: DaySession, rules: readonly string[], spans: readonly DaySpan[] = []): void {
    const alerts = rules.map((rule): ExpectedAlert => ({ rule, about: ['user.id', session.origin.person] }));
    this.incidents.push({ name, alerts, sessions: [session], spans });
  }

  #session(at: number, options: { skewMs?: number; client?: string } = {}): DaySession {
    const person = this.#nextPerson();
    const session = new DaySession({
      person,
      sid: `sid-${person}`,
      client: options.client ?? 'web',
      address: this.#address(),
      agent: 'Mozilla/5.0 (X11; Linux x86_64)',
    });
    return session.login(at, options);
  }

  /** A time of the day when nothing that is begun is cut off by its end. */
  #time(): number {
    return 8 * HOUR + this.#random.integer(10 * 60) * MINUTE;
  }

  /** An address in a network of its own. */
  #address(): string {
    this.#networks++;
    return `198.${18 + Math.floor(this.#networks / 250)}.${this.#networks % 250}.7`;
  }

  #failed(
    at: number,
    person: string | undefined,
    address: string,
    extra: Record<string, string> = {},
  ): DaySpan {
    const attributes = { ...FAILED, ...(person !== undefined && { 'user.id': person }), ...extra };
    return {
      at,
      service: 'gateway',
      kind: 'server',
      name: 'GET /callback',
      durationMs: 15,
      attributes: {
        'http.request.method': 'GET',
        'http.route': '/callback',
        'http.response.status_code': 401,
        'client.address': address,
      },
      events: [
        { name: 'oidc.authorization.failed', attributes: { ...attributes, 'client.address': address } },
      ],
    };
  }

  #failedLogins(): void {
    for (const [attempts, alerts] of [
      [5, true],
      [4, false],
    ] as const) {
      const at = this.#time();
      const person = this.#nextPerson();
      const spans = Array.from({ length: attempts }, (_, i) =>
        this.#failed(at + i * 100 * SECOND, person, this.#address()),
      );
      this.incidents.push({
        name: `${attempts} failed logins of one person`,
        alerts: alerts ? [{ rule: 'failed-logins-per-user', about: ['user.id', person] }] : [],
        sessions: [],
        spans,
      });
    }
  }

  #failedLoginsOfAnAddress(): void {
    for (const [attempts, alerts] of [
      [10, true],
      [9, false],
    ] as const) {
      const at = this.#time();
      const address = this.#address();
      const spans = Array.from({ length: attempts }, (_, i) =>
        this.#failed(at + i * 50 * SECOND, undefined, address),
      );
      this.incidents.push({
        name: `${attempts} failed logins from one address`,
        alerts: alerts ? [{ rule: 'failed-logins-per-address', about: ['client.address', address] }] : [],
        sessions: [],
        spans,
      });
    }
  }

  #manyAccounts(): void {
    for (const [people, alerts] of [
      [5, true],
      [4, false],
    ] as const) {
      const at = this.#time();
      const address = this.#address();
      const spans = Array.from({ length: people }, (_, i) =>
        this.#failed(at + i * 5 * MINUTE, this.#nextPerson(), address),
      );
      this.incidents.push({
        name: `${people} accounts tried from one address`,
        alerts: alerts ? [{ rule: 'many-accounts-one-address', about: ['client.address', address] }] : [],
        sessions: [],
        spans,
      });
    }
  }

  #codeReplay(): void {
    for (const [times, alerts] of [
      [2, true],
      [1, false],
    ] as const) {
      const at = this.#time();
      const address = this.#address();
      const spans = Array.from({ length: times }, (_, i) =>
        this.#failed(at + i * 5 * SECOND, undefined, address, {
          'oidc.error': 'invalid_grant',
          'oidc.grant_type': 'authorization_code',
        }),
      );
      this.incidents.push({
        name: `a code is refused ${times} times`,
        alerts: alerts ? [{ rule: 'authorization-code-replay', about: ['client.address', address] }] : [],
        sessions: [],
        spans,
      });
    }
  }

  #twoAddresses(): void {
    const at = this.#time();
    const moved = this.#session(at);
    moved.call(at + 2 * MINUTE).call(at + 8 * MINUTE, { address: this.#address() });
    this.#plant('a session from two networks', moved, ['session-two-addresses']);
    const neighbours = this.#session(at);
    const [a = '', b = '', c = ''] = neighbours.origin.address.split('.');
    neighbours.call(at + 2 * MINUTE).call(at + 8 * MINUTE, { address: `${a}.${b}.${c}.99` });
    this.#plant('a session from two addresses of one network', neighbours, []);
    const train = this.#session(at);
    train.call(at + 2 * MINUTE).call(at + 14 * MINUTE, { address: this.#address() });
    this.#plant('a session that moves to another network after a while', train, []);
  }

  #twoAgents(): void {
    const at = this.#time();
    const agent = 'curl/8.5.0';
    const session = this.#session(at);
    session.call(at + 2 * MINUTE).call(at + 9 * MINUTE, { agent });
    this.#plant('a session with two user agents', session, ['session-two-user-agents']);
    const later = this.#session(at);
    later.call(at + 2 * MINUTE).call(at + 20 * MINUTE, { service: 'stock' });
    later.call(at + 34 * MINUTE, { agent }).call(at + 36 * MINUTE, { agent });
    this.#plant('a browser that was updated in between', later, []);
  }

  #impossible(): void {
    const at = this.#time();
    const session = this.#session(at);
    const elsewhere = this.#address();
    for (let i = 0; i < 5; i++) {
      session.call(at + 5 * MINUTE + i * 10 * SECOND, i % 2 === 0 ? {} : { address: elsewhere });
    }
    this.#plant('here and there at once', session, ['impossible-concurrency', 'session-two-addresses']);
    const passedOn = this.#session(at);
    for (let i = 0; i < 5; i++) {
      const propagated = { address: elsewhere, extra: { 'oidc.session.source': 'propagated' } };
      passedOn.call(at + 5 * MINUTE + i * 10 * SECOND, i % 2 === 0 ? {} : propagated);
    }
    this.#plant('a session that another service passes on', passedOn, []);
  }

  #refreshReuse(): void {
    const at = this.#time();
    const session = this.#session(at);
    const { token } = session;
    session
      .call(at + MINUTE)
      .refresh(at + 20 * MINUTE, token)
      .refresh(at + 25 * MINUTE, token);
    this.#plant('one token refreshed twice', session, ['refresh-token-reuse']);
    const honest = this.#session(at);
    honest
      .call(at + MINUTE)
      .refresh(at + 20 * MINUTE)
      .refresh(at + 25 * MINUTE);
    this.#plant('two tokens refreshed once each', honest, []);
  }

  #usedAfterRevocation(): void {
    const at = this.#time();
    const session = this.#session(at);
    const { token } = session;
    session
      .call(at + MINUTE)
      .refresh(at + 2 * MINUTE)
      .revokeToken(at + 10 * MINUTE, token);
    session.call(at + 12 * MINUTE, { token });
    this.#plant('a revoked token is used', session, ['token-used-after-revocation']);
    const refused = this.#session(at);
    const old = refused.token;
    refused
      .call(at + MINUTE)
      .refresh(at + 2 * MINUTE)
      .revokeToken(at + 10 * MINUTE, old);
    refused.call(at + 12 * MINUTE, { token: old, status: 401 });
    this.#plant('a revoked token is refused', refused, []);
  }

  #usedAfterLogout(): void {
    const at = this.#time();
    const session = this.#session(at)
      .call(at + MINUTE)
      .logout(at + 10 * MINUTE);
    session.call(at + 12 * MINUTE);
    this.#plant('a session is used after its logout', session, ['token-used-after-logout']);
    const late = this.#session(at)
      .call(at + MINUTE)
      .logout(at + 10 * MINUTE);
    // Clocks differ by as much.
    late.call(at + 10 * MINUTE + 3 * SECOND);
    this.#plant('a request that crosses the logout', late, []);
  }

  #usedAfterExpiry(): void {
    const at = this.#time();
    const session = this.#session(at);
    for (const minutes of [20, 40, 59, 70]) session.call(at + minutes * MINUTE);
    this.#plant('an expired token is used', session, ['token-used-after-expiry']);
    const refused = this.#session(at);
    for (const minutes of [20, 40, 59]) refused.call(at + minutes * MINUTE);
    refused.call(at + 70 * MINUTE, { status: 401 }).refresh(at + 70 * MINUTE + SECOND, 'forgotten');
    refused.call(at + 71 * MINUTE);
    this.#plant('an expired token is refused', refused, []);
  }

  #usedAfterSessionRevoked(): void {
    const at = this.#time();
    const session = this.#session(at)
      .call(at + MINUTE)
      .revoke(at + 10 * MINUTE);
    session.call(at + 12 * MINUTE);
    this.#plant('a revoked session is used', session, [
      'session-used-after-revoked',
      'token-used-after-revocation',
    ]);
    const refused = this.#session(at)
      .call(at + MINUTE)
      .revoke(at + 10 * MINUTE);
    refused.call(at + 12 * MINUTE, { status: 401 });
    this.#plant('a revoked session is refused', refused, []);
  }

  #scopeExceeded(): void {
    const at = this.#time();
    const session = this.#session(at).call(at + 2 * MINUTE, { scopes: ['openid', 'orders', 'admin'] });
    this.#plant('a token with a scope that it was not granted', session, ['scope-mismatch']);
    const less = this.#session(at).call(at + 2 * MINUTE, { scopes: ['openid'] });
    this.#plant('a token that shows fewer scopes', less, []);
  }

  #insufficientScope(): void {
    const at = this.#time();
    const rejected = { name: 'oidc.token.rejected', attributes: { 'oidc.error': 'insufficient_scope' } };
    const session = this.#session(at).call(at + 2 * MINUTE, { status: 403, events: [rejected] });
    this.#plant('a token without the scope that a call needs', session, ['scope-mismatch']);
    const expired = { name: 'oidc.token.rejected', attributes: { 'oidc.error': 'invalid_token' } };
    const other = this.#session(at).call(at + 2 * MINUTE, { status: 401, events: [expired] });
    this.#plant('a token that is refused for something else', other, []);
  }

  #privileged(): void {
    const at = this.#time();
    const session = this.#session(at).call(at + 2 * MINUTE, {
      service: 'admin',
      method: 'POST',
      extra: { 'audit.action': 'role.granted' },
    });
    this.#plant('rights are granted', session, ['privileged-action']);
    const failed = this.#session(at).call(at + 2 * MINUTE, {
      service: 'admin',
      method: 'POST',
      status: 403,
      extra: { 'audit.action': 'role.granted' },
    });
    this.#plant('rights that are not granted', failed, []);
  }

  #slow(): void {
    const at = this.#time();
    for (const [calls, rules] of [
      [20, ['duration-anomaly']],
      [19, []],
    ] as const) {
      const session = this.#session(at);
      for (let i = 0; i < calls; i++) session.call(at + MINUTE + i * 6 * SECOND, { durationMs: 5000 + i });
      this.#plant(`${calls} slow calls`, session, rules);
    }
  }

  #newClient(): void {
    const client = 'partner';
    const session = this.#session(this.#time(), { client });
    this.incidents.push({
      name: 'a client that was never seen',
      alerts: [{ rule: 'new-client', about: ['oidc.client_id', client] }],
      sessions: [session],
      spans: [],
    });
  }

  #export(): void {
    const at = this.#time();
    for (const [calls, rules] of [
      [1010, ['mass-export']],
      [990, []],
    ] as const) {
      const session = this.#session(at);
      for (let i = 0; i < calls; i++) {
        session.call(at + MINUTE + Math.floor((i * 9 * MINUTE) / calls), {
          service: 'catalogue',
          route: '/items/:id',
        });
      }
      this.#plant(`${calls} reads in ten minutes`, session, rules);
    }
  }

  #exportOfBytes(): void {
    const at = this.#time();
    for (const [calls, rules] of [
      [4, ['mass-export']],
      [3, []],
    ] as const) {
      const session = this.#session(at);
      for (let i = 0; i < calls; i++)
        session.call(at + (i + 1) * MINUTE, { route: '/export', bytes: 60_000_000 });
      this.#plant(`${calls} large answers`, session, rules);
    }
  }

  #flood(): void {
    // A whole minute, as the rule counts them.
    const at = Math.ceil(this.#time() / MINUTE) * MINUTE;
    for (const [calls, rules] of [
      [330, ['request-rate-anomaly']],
      [250, []],
    ] as const) {
      const session = this.#session(at - 5 * MINUTE);
      for (let i = 0; i < calls; i++) {
        session.call(at + Math.floor((i * 58 * SECOND) / calls), {
          method: 'POST',
          service: 'search',
          route: '/search',
        });
      }
      this.#plant(`${calls} requests in a minute`, session, rules);
    }
  }

  /** Both were seen long ago, with all clients that are known: before that nobody can tell what is new. */
  #dormant(): void {
    const clients = ['web', 'mobile', 'backoffice'];
    for (const [days, rules] of [
      [61, ['dormant-account']],
      [59, []],
    ] as const) {
      const person = this.#nextPerson();
      const address = this.#address();
      const agent = 'Mozilla/5.0 (X11; Linux x86_64)';
      const before = clients.map((client, i) => {
        const origin = { person, sid: `sid-${person}-before-${i}`, client, address, agent };
        return new DaySession(origin).login(-days * 24 * HOUR + 12 * HOUR + i * HOUR);
      });
      const back = new DaySession({ person, sid: `sid-${person}`, client: 'web', address, agent });
      back.login(12 * HOUR).call(12 * HOUR + MINUTE);
      this.incidents.push({
        name: `somebody comes back after ${days} days`,
        alerts: rules.map((rule): ExpectedAlert => ({ rule, about: ['user.id', person] })),
        sessions: [...before, back],
        spans: [],
      });
    }
  }

  /** Of the routes that the audit policy protects. */
  #lowerRole(): void {
    const at = this.#time();
    for (const [name, roles, status, rules] of [
      ['a lower role gets in where only administrators may', ['user'], 200, ['admin-endpoint-by-lower-role']],
      ['an administrator gets in there', ['user', 'admin'], 200, []],
      ['a lower role is turned away there', ['user'], 403, []],
    ] as const) {
      const extra = { 'user.roles': roles };
      const session = this.#session(at).call(at + 2 * MINUTE, {
        service: 'admin',
        route: '/admin/people',
        status,
        extra,
      });
      this.#plant(name, session, rules);
    }
  }

  /** Somebody else verifies the ledger at night, and tells how that ended. */
  #verification(): void {
    for (const [log, outcome] of [
      ['log.north.example', 'failure'],
      ['log.south.example', 'success'],
    ] as const) {
      const attributes = {
        'audit.action': 'ledger.verified',
        'audit.outcome': outcome,
        'audit.target.id': log,
        'audit.target.type': 'audit.ledger',
      };
      const at = 3 * HOUR + this.#random.integer(60) * MINUTE;
      const span: DaySpan = {
        at,
        service: 'audit-ui',
        kind: 'internal',
        name: 'verify',
        durationMs: 900,
        attributes,
      };
      const about = ['service.name', 'audit-ui'] as const;
      this.incidents.push({
        name: `a verification of ${log}: ${outcome}`,
        alerts: outcome === 'failure' ? [{ rule: 'verification-failed', about }] : [],
        sessions: [],
        spans: [span],
      });
    }
  }

  /** Two auditors, whose questions the test asks: {@link AUDITORS}. */
  #reading(): void {
    for (const { name, pages } of AUDITORS) {
      const about = ['rule.name', 'Somebody reads unusually much of the audit log'] as const;
      const isMuch = pages * PAGE_RECORDS > 5000;
      this.incidents.push({
        name: `${name} reads ${pages} pages`,
        alerts: isMuch ? [{ rule: 'auditor-reads-much', about }] : [],
        sessions: [],
        spans: [],
      });
    }
  }

  #skew(): void {
    const at = this.#time();
    const session = this.#session(at, { skewMs: 120 * SECOND }).call(at + 5 * MINUTE);
    this.incidents.push({
      name: 'a token from the future',
      alerts: [{ rule: 'clock-skew', about: ['service.name', 'gateway'] }],
      sessions: [session],
      spans: [],
    });
    const little = this.#session(at, { skewMs: 3 * SECOND }).call(at + 5 * MINUTE);
    this.#plant('clocks that differ a little', little, []);
  }
}
