import type { RecordDraft } from '@spanledger/record';
import { parsePolicy, type AuditPolicy } from '../../../../packages/exporter/src/policy/index.ts';
import type { CallFacts } from '../../../../packages/exporter/src/policy/call-facts.ts';

/** A policy from its text, after `version: 1`. */
export function policyOf(text: string): AuditPolicy {
  const parsed = parsePolicy(`version: 1\n${text}`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.policy;
}

/** The facts of a call of a route; `changes` says what is different. */
export function call(changes: Partial<CallFacts> = {}): CallFacts {
  const method = changes.method ?? 'GET';
  const route = 'route' in changes ? changes.route : '/orders/:id';
  return {
    service: 'shop',
    client: 'shop-web',
    route,
    path: '/orders/1',
    method,
    outcome: 'success',
    action: route === undefined ? method : `${method} ${route}`,
    verb: 'READ',
    status: 200,
    isInbound: true,
    roles: undefined,
    scopes: undefined,
    requested: undefined,
    ...changes,
  };
}

/** What a draft of a server span is like. */
export interface DraftSketch {
  number?: number;
  route?: string;
  path?: string;
  method?: string;
  roles?: string[];
  claims?: RecordDraft['clear'];
  scope?: string[];
  session?: string;
  kind?: string;
  action?: string;
  status?: number;
  service?: string;
}

/** The draft of a server span. */
export function draft(sketch: DraftSketch = {}): RecordDraft {
  const { number = 1, route = '/orders/:id', path, method = 'GET', session, status = 200 } = sketch;
  const outcome = status >= 400 ? 'failure' : 'success';
  return {
    id: `trace-span${number}-stream`,
    subject: { issuer: 'https://id.example', id: 'alice', type: 'user' },
    ...(session !== undefined && { session: { issuer: 'https://id.example', id: session } }),
    producer: { streamId: 'stream', number },
    clear: {
      '@timestamp': `2026-11-21T22:00:00.${String(number).padStart(9, '0')}Z`,
      audit: { action: 'READ', outcome, record: { id: `trace-span${number}-stream` } },
      event: { action: sketch.action ?? `${method} ${route}`, outcome, kind: 'event' },
      http: { request: { method }, response: { status_code: status }, route },
      oidc: { client_id: 'shop-web', ...(sketch.scope !== undefined && { scope: sketch.scope }) },
      service: { name: sketch.service ?? 'shop' },
      span: { id: `span${number}`, kind: sketch.kind ?? 'server' },
    },
    groups: {
      content: {
        attributes: { 'shop.order.id': 7, 'shop.cart.size': 2, secret: 'x' },
        error: { message: 'no' },
        span: { name: 'handler', events: [{ name: 'e' }] },
        url: { path: path ?? '/orders/1', query: 'q=1', full: 'https://shop/orders/1?q=1' },
      },
      identity: {
        user: { id: 'alice', ...(sketch.roles !== undefined && { roles: sketch.roles }) },
        ...(sketch.claims !== undefined && { oidc: { claims: sketch.claims } }),
      },
      network: { client: { address: '192.0.2.1' } },
    },
  };
}
