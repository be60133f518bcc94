import { describe, expect, test } from 'vitest';
import {
  RESOURCE,
  SERVER_CALL,
  SESSION,
  SPAN_ID,
  STREAM_ID,
  TRACE_ID,
  at,
  draftOf,
  draftsOf,
  eventOf,
  spanOf,
} from './samples.ts';
import type { AttributeInit } from './samples.ts';

const call = (attributes: AttributeInit, kind = 2, statusCode = 0): ReturnType<typeof draftOf> =>
  draftOf(spanOf({ kind, status: { code: statusCode, message: '' } }, { ...SERVER_CALL, ...attributes }));

describe('a call to a server, under a session', () => {
  const draft = draftOf(
    spanOf(
      { name: 'GET /orders/:id', parentSpanId: '00f067aa0ba902b7' },
      { ...SERVER_CALL, ...SESSION, 'audit.sequence.number': 7, 'shop.order.total': 12.5 },
    ),
  );

  test('names who acted, in which session, and the producer', () => {
    expect(draft.id).toBe(`${TRACE_ID}-${SPAN_ID}-${STREAM_ID}`);
    expect(draft.subject).toEqual({ issuer: 'https://idp.example', id: 'alice', type: 'user' });
    expect(draft.session).toEqual({ issuer: 'https://idp.example', id: 'sid-of-alice' });
    expect(draft.producer).toEqual({ streamId: STREAM_ID, number: 7 });
  });

  test('says in the clear what happened, and nothing about the person', () => {
    expect(draft.clear).toEqual({
      '@timestamp': '2026-11-21T22:00:00.000000042Z',
      audit: {
        action: 'READ',
        outcome: 'success',
        record: { id: draft.id },
        schema: { version: '1.0.0' },
        sequence: { number: 7, stream_id: STREAM_ID },
        target: { id: '/orders/:id', type: 'http.route' },
      },
      ecs: { version: '9.1.0' },
      event: {
        action: 'GET /orders/:id',
        category: ['api', 'web'],
        dataset: 'spanledger.audit',
        duration: 12_000_000,
        kind: 'event',
        module: 'spanledger',
        outcome: 'success',
        type: ['access', 'allowed'],
      },
      http: { request: { method: 'GET' }, response: { status_code: 200 }, route: '/orders/:id' },
      oidc: { client_id: 'shop-web', issuer: 'https://idp.example' },
      otel: { scope: { name: '@opentelemetry/instrumentation-http', version: '0.200.0' } },
      parent: { id: '00f067aa0ba902b7' },
      server: { port: 443 },
      service: { name: 'shop', version: '1.2.3' },
      span: { id: SPAN_ID, kind: 'server' },
      trace: { id: TRACE_ID },
      url: { scheme: 'https' },
    });
  });

  test('commits to the rest, each at its own place', () => {
    expect(draft.groups).toEqual({
      identity: { oidc: { session: { id: 'sid-of-alice' } }, user: { id: 'alice' } },
      network: {
        client: { address: '192.0.2.7' },
        server: { address: 'shop.example' },
        user_agent: { original: 'Mozilla/5.0' },
      },
      content: {
        attributes: { 'shop.order.total': 12.5 },
        span: { name: 'GET /orders/:id' },
        url: { path: '/orders/4711', query: 'expand=lines' },
      },
    });
  });
});

describe('verbs and outcomes', () => {
  test.each([
    ['GET', 'READ'],
    ['HEAD', 'READ'],
    ['POST', 'CREATE'],
    ['PUT', 'UPDATE'],
    ['PATCH', 'UPDATE'],
    ['DELETE', 'DELETE'],
    ['OPTIONS', 'EXECUTE'],
    ['_OTHER', 'EXECUTE'],
  ])('%s reads as %s', (method, verb) => {
    const { clear } = call({ 'http.request.method': method });
    expect(at(clear, 'audit.action')).toBe(verb);
    expect(at(clear, 'event.action')).toBe(`${method} /orders/:id`);
  });

  test.each([
    [200, 'success', ['access', 'allowed']],
    [302, 'success', ['access', 'allowed']],
    [400, 'failure', ['access', 'allowed']],
    [401, 'failure', ['access', 'denied']],
    [403, 'failure', ['access', 'denied']],
    [404, 'failure', ['access', 'allowed']],
    [500, 'failure', ['access', 'allowed']],
  ])('an answer of %i to a caller is a %s', (status, outcome, type) => {
    const { clear } = call({ 'http.response.status_code': status });
    expect(at(clear, 'audit.outcome')).toBe(outcome);
    expect(at(clear, 'event.outcome')).toBe(outcome);
    expect(at(clear, 'event.type')).toEqual(type);
    expect(at(clear, 'event.category')).toEqual(['api', 'web']);
  });

  test('a call without an answer has an unknown outcome, an error a failed one', () => {
    const unanswered: AttributeInit = { 'http.request.method': 'GET', 'http.route': '/' };
    expect(at(draftOf(spanOf({ kind: 3 }, unanswered)).clear, 'event.outcome')).toBe('unknown');
    const error = { code: 2, message: 'socket hang up' };
    const failed = draftOf(spanOf({ kind: 3, status: error }, unanswered));
    expect(at(failed.clear, 'event.outcome')).toBe('failure');
    expect(at(failed.groups.content, 'error.message')).toBe('socket hang up');
  });

  test('a call without a route has its method for an action and no target', () => {
    const { clear } = draftOf(
      spanOf({ kind: 3 }, { 'http.request.method': 'POST', 'http.response.status_code': 201 }),
    );
    expect(at(clear, 'event.action')).toBe('POST');
    expect(at(clear, 'audit.target')).toBeUndefined();
    expect(at(clear, 'event.type')).toEqual(['access']);
  });

  test.each([
    [0, 'unspecified'],
    [1, 'internal'],
    [4, 'producer'],
    [5, 'consumer'],
    [9, 'unspecified'],
  ])('a span of kind %i is an %s one that executes', (kind, name) => {
    const { clear } = draftOf(spanOf({ kind }));
    expect(at(clear, 'event.action')).toBe(name);
    expect(at(clear, 'span.kind')).toBe(name);
    expect(at(clear, 'audit.action')).toBe('EXECUTE');
    expect(at(clear, 'audit.outcome')).toBe('success');
  });

  test('a business action names itself, where the name is one', () => {
    const named = call({ 'audit.action': 'order.export', 'audit.target.type': 'order' });
    expect(at(named.clear, 'event.action')).toBe('order.export');
    expect(at(named.clear, 'audit.action')).toBe('ORDER.EXPORT');
    expect(at(named.clear, 'audit.target')).toEqual({ type: 'order' });
    expect(at(named.groups.content, 'attributes')).toBeUndefined();
    const freeText = call({ 'audit.action': 'exported for alice@example.com' });
    expect(at(freeText.clear, 'event.action')).toBe('GET /orders/:id');
    expect(freeText.groups.content?.['attributes']).toEqual({
      'audit.action': 'exported for alice@example.com',
    });
  });
});

describe('time', () => {
  test('has nine digits, also before the first second', () => {
    const timestamp = (startTimeUnixNano: bigint): unknown =>
      draftOf(spanOf({ startTimeUnixNano })).clear['@timestamp'];
    expect(timestamp(0n)).toBe('1970-01-01T00:00:00.000000000Z');
    expect(timestamp(999_999_999n)).toBe('1970-01-01T00:00:00.999999999Z');
    expect(timestamp(1_000_000_001n)).toBe('1970-01-01T00:00:01.000000001Z');
    expect(timestamp(2n ** 64n - 1n)).toBe('2554-07-21T23:34:33.709551615Z');
  });

  test('a duration beyond 2^53 is a string; one that runs backwards is left out', () => {
    const duration = (startTimeUnixNano: bigint, endTimeUnixNano: bigint): unknown =>
      at(draftOf(spanOf({ startTimeUnixNano, endTimeUnixNano })).clear, 'event.duration');
    expect(duration(0n, 2n ** 53n - 1n)).toBe(Number.MAX_SAFE_INTEGER);
    expect(duration(0n, 2n ** 53n)).toBe('9007199254740992');
    expect(duration(10n, 9n)).toBeUndefined();
  });

  test('NumericDate claims become dates', () => {
    const { clear } = call({ 'oidc.auth_time': 1_795_298_400, 'oidc.token.expires_at': 1_795_298_700.5 });
    expect(at(clear, 'oidc.auth_time')).toBe('2026-11-21T22:00:00Z');
    expect(at(clear, 'oidc.token.expires_at')).toBe('2026-11-21T22:05:00.500Z');
  });
});

describe('actors', () => {
  const actor = (attributes: AttributeInit, resource?: AttributeInit): unknown =>
    draftOf(spanOf({}, attributes), resource).subject;

  test('a client that acts for itself is a service', () => {
    expect(actor({ ...SESSION, 'user.id': 'shop-web' })).toMatchObject({ id: 'shop-web', type: 'service' });
    const grant = { ...SESSION, 'user.id': 'service-account-batch', 'oidc.grant_type': 'client_credentials' };
    expect(actor(grant)).toMatchObject({ id: 'service-account-batch', type: 'service' });
    expect(actor({ 'oidc.client_id': 'batch', 'oidc.grant_type': 'client_credentials' })).toMatchObject({
      id: 'batch',
      type: 'service',
    });
  });

  test('where nobody is named, the reporting service acts, under no session', () => {
    const draft = draftOf(spanOf({}, SERVER_CALL));
    expect(draft.subject).toEqual({ issuer: '', id: 'shop', type: 'system' });
    expect('session' in draft).toBe(false);
    expect('producer' in draft).toBe(false);
    expect(actor({}, {})).toEqual({ issuer: '', id: 'unknown_service', type: 'system' });
  });

  test('a session id without an issuer is a session that nobody verified, and never stands as an OIDC session', () => {
    const draft = draftOf(spanOf({}, { 'session.id': 'browser-session' }));
    expect(draft.session).toEqual({ issuer: '', id: 'browser-session' });
    expect(draft.groups.identity).toEqual({ session: { id: 'browser-session' } });
  });

  test.each([
    [{ 'enduser.id': 'bob' }, 'bob'],
    [{ 'enduser.pseudo.id': 'p-7' }, 'p-7'],
    [{ 'enduser.pseudo.id': 'p-7', 'enduser.id': 'bob' }, 'bob'],
    [{ 'enduser.id': 'bob', 'user.id': 'alice' }, 'alice'],
    [{ 'enduser.id': 4711 }, '4711'],
  ])('SDKs of other languages name a user as %j', (attributes: AttributeInit, id) => {
    const draft = draftOf(spanOf({}, { ...SERVER_CALL, ...attributes }));
    expect(draft.subject).toEqual({ issuer: '', id, type: 'user' });
    for (const name of Object.keys(attributes))
      expect(at(draft.groups.identity, name)).toEqual(expect.any(String));
  });

  test.each([
    ['enduser.pseudo', 'enduser.pseudo.id'],
    ['user.id.kind', 'user.id'],
    ['session.id.kind', 'session.id'],
  ])('%s does not take the place of %s', (other, name) => {
    const draft = draftOf(spanOf({}, { [other]: 'in the way', [name]: 'who' }));
    expect(at(draft.groups.identity, name)).toBe('who');
    expect(draft.groups.content?.['attributes']).toEqual({ [other]: 'in the way' });
  });
});

describe('producers', () => {
  test('without a stream id the record id ends in 0, and a number alone is an attribute', () => {
    const draft = draftOf(spanOf({}, { 'audit.sequence.number': 7 }), {});
    expect(draft.id).toBe(`${TRACE_ID}-${SPAN_ID}-0`);
    expect('producer' in draft).toBe(false);
    expect(at(draft.clear, 'audit.sequence')).toBeUndefined();
    expect(draft.groups.content?.['attributes']).toEqual({ 'audit.sequence.number': 7 });
  });

  test.each([0, -1, 1.5, '7', 2n ** 60n, null])('%s is no sequence number', (number) => {
    const draft = draftOf(spanOf({}, { 'audit.sequence.number': number }));
    expect('producer' in draft).toBe(false);
    expect(at(draft.clear, 'audit.sequence')).toBeUndefined();
  });

  test('a stream id that is no id is not taken', () => {
    expect(draftOf(spanOf(), { 'audit.sequence.stream_id': 'a b' }).id).toBe(`${TRACE_ID}-${SPAN_ID}-0`);
  });
});

describe('resources', () => {
  test('give the service in the clear and little else', () => {
    const draft = draftOf(spanOf({ name: '' }), {
      ...RESOURCE,
      'service.namespace': 'retail',
      'service.instance.id': 'shop-7f9',
      'deployment.environment.name': 'production',
      'host.name': 'ip-10-0-0-7',
      'telemetry.sdk.language': 'nodejs',
      'process.command_args': ['node', '--secret=x'],
      'process.owner': 'alice',
    });
    expect(draft.clear['service']).toEqual({
      name: 'shop',
      version: '1.2.3',
      namespace: 'retail',
      node: { name: 'shop-7f9' },
      environment: 'production',
    });
    expect(draft.groups).toEqual({
      content: { attributes: { 'host.name': 'ip-10-0-0-7', 'telemetry.sdk.language': 'nodejs' } },
    });
  });

  test('the older name of the environment is understood', () => {
    const draft = draftOf(spanOf(), { ...RESOURCE, 'deployment.environment': 'staging' });
    expect(at(draft.clear, 'service.environment')).toBe('staging');
  });

  test('a span cannot pose as another service or fill in fields of the audit trail', () => {
    const forged = {
      'service.name': 'bank',
      'service.namespace': 'x',
      'audit.outcome': 'success',
      'event.kind': 'alert',
    };
    const draft = draftOf(spanOf({}, forged));
    expect(draft.clear['service']).toEqual({ name: 'shop', version: '1.2.3' });
    expect(at(draft.clear, 'event.kind')).toBe('event');
    expect(draft.groups.content?.['attributes']).toEqual(forged);
  });
});

describe('older semantic conventions', () => {
  test('end at the same places as the stable ones', () => {
    const legacy = draftOf(
      spanOf(
        {},
        {
          'http.method': 'GET',
          'http.target': '/orders/4711?expand=lines',
          'http.route': '/orders/:id',
          'http.status_code': 200,
          'http.scheme': 'https',
          'http.host': 'shop.example:443',
          'http.client_ip': '192.0.2.7',
          'http.user_agent': 'Mozilla/5.0',
        },
      ),
    );
    const stable = draftOf(spanOf({}, SERVER_CALL));
    expect(legacy.clear).toEqual(stable.clear);
    expect(legacy.groups).toEqual(stable.groups);
  });

  test('who the peer is depends on who called', () => {
    const server = draftOf(spanOf({ kind: 2 }, { 'net.peer.name': 'laptop', 'net.peer.ip': '192.0.2.7' }));
    expect(server.groups.network).toEqual({
      client: { address: 'laptop' },
      network: { peer: { address: '192.0.2.7' } },
    });
    const client = draftOf(spanOf({ kind: 3 }, { 'net.peer.name': 'db.example', 'net.peer.port': 5432 }));
    expect(client.groups.network).toEqual({ server: { address: 'db.example' } });
    expect(at(client.clear, 'server.port')).toBe(5432);
  });

  test('written beside the stable names, they say nothing twice and lose nothing', () => {
    const same = call({ 'http.method': 'GET', 'http.status_code': 200 });
    expect(same.groups.content?.['attributes']).toBeUndefined();
    const other = call({ 'http.method': 'POST' });
    expect(at(other.clear, 'http.request.method')).toBe('GET');
    expect(other.groups.content?.['attributes']).toEqual({ 'http.method': 'POST' });
  });

  test('an IPv6 host keeps its brackets and gives its port', () => {
    const draft = draftOf(spanOf({}, { 'http.host': '[2001:db8::1]:8443' }));
    expect(at(draft.groups.network, 'server.address')).toBe('[2001:db8::1]');
    expect(at(draft.clear, 'server.port')).toBe(8443);
  });
});

describe('lifecycle events', () => {
  const login = eventOf('oidc.session.started', {
    ...SESSION,
    'oidc.session.state': 'active',
    'oidc.scope': ['openid', 'orders:read'],
    'oidc.scope.requested': 'openid orders:read orders:write',
    'oidc.amr': ['pwd'],
    'oidc.token.type': 'id',
    'oidc.token.id': 'jti-1',
    'user.name': 'Alice Doe',
    'oidc.claims.https://example.com/dept': 'sales',
  });

  test('a login is a record of its own, with the origin of its span', () => {
    const span = spanOf({ events: [login] }, { ...SERVER_CALL, ...SESSION, 'audit.sequence.number': 3 });
    const [own, record] = draftsOf(span);
    expect(own.id).toBe(`${TRACE_ID}-${SPAN_ID}-${STREAM_ID}`);
    expect(record?.id).toBe(`${own.id}-e1`);
    expect(record?.producer).toEqual(own.producer);
    expect(record?.clear).toMatchObject({
      '@timestamp': '2026-11-21T22:00:00.001000000Z',
      audit: { action: 'LOGIN', outcome: 'success', target: { type: 'oidc.client', id: 'shop-web' } },
      event: {
        action: 'oidc.session.started',
        category: ['authentication', 'session'],
        type: ['start'],
        outcome: 'success',
      },
      oidc: {
        session: { state: 'active' },
        scope: ['openid', 'orders:read'],
        requested_scope: ['openid', 'orders:read', 'orders:write'],
        amr: ['pwd'],
        token: { type: 'id' },
      },
      span: { id: SPAN_ID },
      trace: { id: TRACE_ID },
    });
    expect(at(record?.clear, 'event.duration')).toBeUndefined();
    expect(record?.groups).toEqual({
      identity: {
        user: { id: 'alice', name: 'Alice Doe' },
        oidc: {
          session: { id: 'sid-of-alice' },
          token: { id: 'jti-1' },
          claims: { 'https://example.com/dept': 'sales' },
        },
      },
      network: { client: { address: '192.0.2.7' }, user_agent: { original: 'Mozilla/5.0' } },
    });
  });

  test.each([
    ['oidc.token.issued', 'ISSUE', 'success'],
    ['oidc.token.refreshed', 'REFRESH', 'success'],
    ['oidc.token.revoked', 'REVOKE', 'success'],
    ['oidc.token.introspected', 'INTROSPECT', 'success'],
    ['oidc.token.rejected', 'REJECT', 'failure'],
    ['oidc.authorization.requested', 'AUTHORIZE', 'success'],
    ['oidc.authorization.failed', 'AUTHORIZE', 'failure'],
    ['oidc.session.started', 'LOGIN', 'success'],
    ['oidc.session.ended', 'LOGOUT', 'success'],
  ])('%s reads as %s, a %s', (name, action, outcome) => {
    const [, record] = draftsOf(spanOf({ events: [eventOf(name)] }));
    expect(record?.clear).toMatchObject({ audit: { action, outcome }, event: { action: name, outcome } });
  });

  test('an event that names nobody happened to the session of its span; one that does is not mixed with it', () => {
    const events = [
      eventOf('oidc.token.rejected', {
        'oidc.error': 'invalid_token',
        'oidc.error_description': 'expired, alice',
      }),
      eventOf('oidc.session.ended', { 'session.id': 'sid-of-bob', 'oidc.issuer': 'https://idp.example' }),
    ];
    const [, rejected, ended] = draftsOf(spanOf({ events }, SESSION));
    expect(rejected?.session?.id).toBe('sid-of-alice');
    expect(at(rejected?.clear, 'oidc.error')).toBe('invalid_token');
    expect(at(rejected?.groups.content, 'oidc.error_description')).toBe('expired, alice');
    expect(ended?.session?.id).toBe('sid-of-bob');
    expect(ended?.subject?.id).toBe('shop');
  });

  test('the end of a session says why', () => {
    const [, ended] = draftsOf(
      spanOf({ events: [eventOf('oidc.session.ended', { 'oidc.session.end_reason': 'logout' })] }),
    );
    expect(at(ended?.clear, 'event.reason')).toBe('logout');
  });

  test('a producer that lost spans says so in the clear: how many, which and why', () => {
    const lost = eventOf('audit.records.lost', {
      'audit.lost.count': 41,
      'audit.lost.first': 7,
      'audit.lost.last': 52,
      'audit.lost.reason': 'spool_full',
    });
    const [, record] = draftsOf(spanOf({ events: [lost] }));
    expect(record?.clear).toMatchObject({
      audit: { action: 'DROP', outcome: 'failure', lost: { count: 41, first: 7, last: 52 } },
      event: { action: 'audit.records.lost', category: ['process'], type: ['info'], reason: 'spool_full' },
    });
    expect(record?.groups).toEqual({});
  });

  test('the terminal marker of a producer is a record of its own, with the last number', () => {
    const [, record] = draftsOf(spanOf({ events: [eventOf('audit.producer.ended', {})] }));
    expect(record?.clear).toMatchObject({
      audit: { action: 'END', outcome: 'success' },
      event: { action: 'audit.producer.ended', kind: 'event', category: ['process'], type: ['end'] },
    });
    expect(record?.groups).toEqual({});
  });

  test('a business action may be an event as well', () => {
    const [, record] = draftsOf(
      spanOf({ events: [eventOf('audit.action', { 'audit.action': 'EXPORT' })] }, SESSION),
    );
    expect(record?.clear).toMatchObject({
      audit: { action: 'EXPORT', outcome: 'success' },
      event: { action: 'EXPORT' },
    });
    expect(record?.subject?.id).toBe('alice');
  });

  test.each([
    ['failure', 'failure'],
    ['unknown', 'unknown'],
    ['FAILURE', 'success'],
    [1n, 'success'],
  ])('the application says how a business action ended: %s', (said, outcome) => {
    const attributes = { 'audit.action': 'EXPORT', 'audit.outcome': said };
    const [, record] = draftsOf(spanOf({ events: [eventOf('audit.action', attributes)] }, SESSION));
    expect(at(record?.clear ?? {}, 'audit.outcome')).toBe(outcome);
  });

  test('other events stay with their span, committed', () => {
    const exception = eventOf('exception', { 'exception.message': 'no stock for alice', a: 1, 'a.b': 2 });
    const drafts = draftsOf(spanOf({ name: '', events: [exception, eventOf('oidc.unheard.of')] }));
    expect(drafts).toHaveLength(1);
    expect(drafts[0].groups).toEqual({
      content: {
        span: {
          events: [
            {
              name: 'exception',
              time: '2026-11-21T22:00:00.001000000Z',
              attributes: { 'exception.message': 'no stock for alice', a: 1, 'a.b': 2 },
            },
            { name: 'oidc.unheard.of', time: '2026-11-21T22:00:00.001000000Z', attributes: {} },
          ],
        },
      },
    });
  });
});
