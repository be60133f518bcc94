import type { SessionDetail } from '@spanledger/audit-exporter';
import type { JsonObject } from '@spanledger/record';

/** A call that came in, as an opened document. */
export function serverCall(changes: JsonObject = {}): JsonObject {
  return {
    '@timestamp': '2026-11-21T10:00:01.234567890Z',
    audit: {
      action: 'READ',
      actor: { id: 'Qm9iIHRoZSBhY3Rvci4', type: 'user' },
      ledger: { index: 41, origin: 'log.example' },
      outcome: 'success',
      record: { id: 'trace-span-0' },
      session: { id: 'c2Vzc2lvbi1yZWY' },
    },
    event: { action: 'GET /orders/:id', duration: 12_345_678, outcome: 'success' },
    http: { request: { method: 'GET' }, response: { status_code: 200 }, route: '/orders/:id' },
    oidc: { scope: ['openid', 'orders:read'] },
    service: { name: 'shop' },
    span: { id: 'span', kind: 'server' },
    user: { id: 'alice' },
    ...changes,
  };
}

/** A span within a call. */
export function innerSpan(): JsonObject {
  return serverCall({
    event: { action: 'internal', duration: 900, outcome: 'success' },
    http: {},
    span: { id: 'inner', kind: 'internal', name: 'middleware - query' },
  });
}

/** An event of the session. */
export function lifecycleEvent(action: string, reason?: string): JsonObject {
  return serverCall({
    event: { action, outcome: 'success', ...(reason !== undefined && { reason }) },
    http: {},
    span: { id: 'span', kind: 'server' },
  });
}

/** A session with a login, a call with a span in it, and a logout. */
export function sessionDetail(changes: Partial<SessionDetail> = {}): SessionDetail {
  return {
    id: 'c2Vzc2lvbi1yZWY',
    session_id: 'sid-alice',
    user_id: 'alice',
    user_name: 'Alice Adams',
    client_id: ['shop-web'],
    issuer: 'https://id.example',
    state: 'logged_out',
    started: '2026-11-21T10:00:00.000Z',
    ended: '2026-11-21T10:03:05.000Z',
    last_seen: '2026-11-21T10:03:05.000Z',
    records: 4,
    failures: 0,
    services: ['shop'],
    steps: [
      {
        step: 'started',
        time: '2026-11-21T10:00:00.000000000Z',
        record: 'record-1',
        index: 7,
        client: 'shop-web',
      },
      { step: 'refreshed', time: '2026-11-21T10:02:00.000000000Z', record: 'record-3', index: 9, count: 3 },
      {
        step: 'logged_out',
        time: '2026-11-21T10:03:05.000000000Z',
        record: 'record-4',
        index: 10,
        reason: 'logout',
        service: 'shop',
      },
    ],
    timeline: [
      lifecycleEvent('oidc.session.started'),
      serverCall(),
      innerSpan(),
      lifecycleEvent('oidc.session.ended', 'logout'),
    ],
    ...changes,
  };
}
