import { SpanKind } from '@opentelemetry/api';
import { mapSpan, type OtlpSpanGroup, type RecordDraft } from '@spanledger/record';
import { expect, test } from 'vitest';
import { CallerMemory } from '../../packages/exporter/src/policy/caller-memory.ts';
import { parsePolicy } from '../../packages/exporter/src/policy/index.ts';
import { PolicyEngine } from '../../packages/exporter/src/policy/policy-engine.ts';
import { KeyTable } from '../../packages/exporter/src/receive/wire/key-table.ts';
import { decodeTraceRequest } from '../../packages/exporter/src/receive/wire/trace-request.ts';
import { createSender, sessionAttributes, toProtobuf } from '../support/exporter/spans.ts';

const ROUNDS = 7;
const REQUESTS = 40;
const SPANS_PER_REQUEST = 512;

const POLICIES: Readonly<Record<string, string>> = {
  'one rule': 'default: { level: full }',
  'levels by route and method': `rules:
  - { name: probes, match: { route: [/healthz, /readyz] }, level: none }
${Array.from({ length: 40 }, (_, i) => `  - { name: r${i}, match: { service: 's-${i}', route: /a${i}/**, method: [POST, PUT] }, level: metadata }`).join('\n')}
  - { name: orders, match: { route: /orders/** }, level: request, attributes: ['shop.*'] }
default: { level: metadata }`,
  'roles, scopes and protected routes': `roles: [user, support, admin]
rules:
  - { name: probes, match: { route: [/healthz, /readyz] }, level: none }
  - { name: staff, match: { role: [support, admin, 'realm-*'] }, level: full, retention: seven-years }
  - { name: writers, match: { scope: '*:write', method: [POST, PUT] }, level: request }
${Array.from({ length: 40 }, (_, i) => `  - { name: r${i}, match: { service: 's-${i}', role: 'role-${i}' }, level: metadata }`).join('\n')}
default: { level: metadata }
protect:
  - admin-only: /admin/**
  - { scope: orders:write, route: /orders/**, method: [POST, PUT] }
  - { role: support, route: /tickets/** }`,
};

/** Requests as they arrive: roots with roles and scopes, and four children each. */
function makeRequests(): OtlpSpanGroup[][] {
  const sender = createSender('shop');
  const keys = new KeyTable();
  return Array.from({ length: REQUESTS }, (_, request) =>
    decodeTraceRequest(
      toProtobuf(
        Array.from({ length: SPANS_PER_REQUEST }, (_unused, at) => {
          const person = (request * 31 + at) % 500;
          const root = at % 5 === 4;
          return sender.span({
            kind: root ? SpanKind.SERVER : SpanKind.INTERNAL,
            attributes: {
              ...sessionAttributes(`user-${person}`, `session-${person}`),
              'url.path': `/orders/${request * SPANS_PER_REQUEST + at}`,
              'shop.order.total': 12.5,
              ...(root && { 'user.roles': ['user'], 'oidc.scope': ['openid', 'orders:read'] }),
            },
          });
        }),
      ),
      keys,
    ),
  );
}

const mapAll = (groups: readonly OtlpSpanGroup[]): RecordDraft[][] =>
  groups.flatMap(({ resource, scope, spans }) => spans.map((span) => mapSpan(span, { resource, scope })));

test('what a policy costs a span', () => {
  const requests = makeRequests();
  for (const [name, text] of Object.entries(POLICIES)) {
    const parsed = parsePolicy(`version: 1\n${text}`);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const engine = new PolicyEngine(parsed.policy);
    const callers = new CallerMemory();
    const costs: number[] = [];
    const mapping: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      let records = 0;
      let us = 0;
      let mappingUs = 0;
      for (const request of requests) {
        // Mapped anew, since a policy changes what it is given, and just before, as at intake.
        const start = process.threadCpuUsage();
        const batch = mapAll(request);
        const before = process.threadCpuUsage();
        mappingUs += before.user + before.system - start.user - start.system;
        records += engine.apply(batch, callers).drafts.length;
        const { user, system } = process.threadCpuUsage(before);
        us += user + system;
      }
      expect(records).toBe(REQUESTS * SPANS_PER_REQUEST);
      costs.push((us * 1e3) / records);
      mapping.push((mappingUs * 1e3) / records);
    }
    console.log(`policy, ${name}: ${summary(costs)}; mapping the same spans: ${summary(mapping)}`);
  }
});

function summary(costs: readonly number[]): string {
  const sorted = costs.toSorted((a, b) => a - b);
  const [best = 0] = sorted;
  const median = sorted[Math.floor(sorted.length / 2)] ?? best;
  return `${median.toFixed(0)} ns of processor time a span (best ${best.toFixed(0)})`;
}
