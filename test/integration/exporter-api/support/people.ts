import { randomBytes } from 'node:crypto';

import type { Attributes, HrTime } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

import { createSender } from '../../../support/exporter/spans.ts';

/** Whose spans a test sends. */
export interface Person {
  id: string;
  sid: string;
  name: string;
  address: string;
}

export const alice: Person = {
  id: 'alice-7f3a',
  sid: 'sid-of-alice-Qm9vdHM',
  name: 'Alice Appleseed',
  address: '192.0.2.17',
};

export const bob: Person = {
  id: 'bob-9c1d',
  sid: 'sid-of-bob-TGVhdGhlcg',
  name: 'Bob Builder',
  address: '198.51.100.9',
};

export const ISSUER = 'https://id.example.test';

const EPOCH_SECONDS = Date.UTC(2026, 10, 2, 9) / 1000;

/** The spans of one visit: login, calls, a failure, a refresh and a logout, ten seconds apart. */
export function visit(person: Person, calls: number): ReadableSpan[] {
  const sender = createSender('shop');
  const session: Attributes = {
    'session.id': person.sid,
    'user.id': person.id,
    'oidc.client_id': 'shop-web',
    'oidc.issuer': ISSUER,
  };
  const request = (second: number, name: string, own: Attributes, events: string[] = []): ReadableSpan => {
    const start: HrTime = [EPOCH_SECONDS + second, 0];
    return sender.span({
      traceId: randomBytes(16).toString('hex'),
      name,
      start,
      end: [start[0], 5_000_000],
      attributes: {
        ...session,
        'client.address': person.address,
        'user.name': person.name,
        'http.request.method': 'GET',
        'http.response.status_code': 200,
        ...own,
      },
      events: events.map((event) => ({
        name: event,
        time: start,
        attributes:
          event === 'oidc.session.ended' ? { ...session, 'oidc.session.end_reason': 'logout' } : session,
      })),
    });
  };
  return [
    request(0, 'GET /callback', { 'http.route': '/callback' }, ['oidc.session.started', 'oidc.token.issued']),
    ...Array.from({ length: calls }, (_, i) =>
      request(10 + i, 'GET /orders/:id', {
        'http.route': '/orders/:id',
        'url.path': `/orders/${person.id}-${i}`,
        'order.note': `parcel of ${person.id}`,
      }),
    ),
    request(100, 'GET /admin', { 'http.route': '/admin', 'http.response.status_code': 403 }),
    request(110, 'GET /orders', { 'http.route': '/orders' }, ['oidc.token.refreshed']),
    request(120, 'GET /logout', { 'http.route': '/logout' }, ['oidc.session.ended']),
  ];
}
