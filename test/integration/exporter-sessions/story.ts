import { type Attributes, type HrTime, SpanKind } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

import { createSender } from '../../support/exporter/spans.ts';
import type { Sender, SpanSketch } from '../../support/exporter/spans.ts';

export const ISSUER = 'https://id.example.test';

const NINE = Date.UTC(2026, 10, 2, 9);

/** A moment of the day of the story: minutes after nine. */
export function at(minute: number): string {
  return new Date(NINE + minute * 60_000).toISOString().replace('Z', '000000Z');
}

function time(minute: number): HrTime {
  const ms = NINE + minute * 60_000;
  return [Math.floor(ms / 1000), (ms % 1000) * 1_000_000];
}

function seconds(minute: number): number {
  return NINE / 1000 + minute * 60;
}

/** Who is at work. */
export interface Actor {
  user: string;
  sid: string;
  client: string;
  authTime?: number;
  acr?: string;
}

/** A token as records describe it. */
export interface TokenSketch {
  id: string;
  from: number;
  to: number;
  type?: string;
}

/** Tells what services send, minute by minute. */
export class Story {
  readonly #services: Map<string, Sender> = new Map();
  readonly spans: ReadableSpan[] = [];

  /** A request that a service took in. */
  call(minute: number, service: string, actor: Actor, more: Attributes = {}, token?: TokenSketch): void {
    this.#send(service, {
      name: 'GET /orders',
      start: time(minute),
      end: time(minute + 0.001),
      attributes: {
        ...whole(actor),
        ...tokenOf(token),
        'http.request.method': 'GET',
        'http.route': '/orders',
        'http.response.status_code': 200,
        'client.address': '192.0.2.7',
        ...more,
      },
    });
  }

  /** An event of a session or token, on a request of its own. */
  event(
    minute: number,
    service: string,
    name: string,
    actor: Partial<Actor>,
    more: Attributes = {},
    token?: TokenSketch,
  ): void {
    const attributes = { ...whole(actor), ...tokenOf(token), ...more };
    this.#send(service, {
      name: 'work',
      kind: SpanKind.INTERNAL,
      start: time(minute),
      end: time(minute),
      attributes: {},
      events: [{ name, time: time(minute), attributes }],
    });
  }

  #send(service: string, sketch: SpanSketch): void {
    const sender = this.#services.get(service) ?? createSender(service);
    this.#services.set(service, sender);
    this.spans.push(sender.span(sketch));
  }
}

function whole({ user, sid, client, authTime, acr }: Partial<Actor>): Attributes {
  return {
    'oidc.issuer': ISSUER,
    ...(user !== undefined && { 'user.id': user }),
    ...(sid !== undefined && { 'session.id': sid }),
    ...(client !== undefined && { 'oidc.client_id': client }),
    ...(authTime !== undefined && { 'oidc.auth_time': seconds(authTime) }),
    ...(acr !== undefined && { 'oidc.acr': acr }),
  };
}

function tokenOf(token: TokenSketch | undefined): Attributes {
  if (token === undefined) return {};
  return {
    'oidc.token.type': token.type ?? 'access',
    'oidc.token.id': token.id,
    'oidc.token.issued_at': seconds(token.from),
    'oidc.token.expires_at': seconds(token.to),
  };
}
