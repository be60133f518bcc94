import { isJsonObject, type JsonObject } from '@spanledger/record';
import { describe, expect, it } from 'vitest';
import { PolicyTrial } from '../../../../packages/exporter/src/policy/policy-trial.ts';
import { ScopeReport } from '../../../../packages/exporter/src/policy/scope-report.ts';
import { draft, policyOf, type DraftSketch } from './calls.ts';

const TRACE = 'a'.repeat(32);

/** The opened document of a call. */
function document(
  sketch: DraftSketch & { level?: string; event?: number; traceless?: boolean } = {},
): JsonObject {
  const { clear, groups } = draft(sketch);
  const number = String(sketch.number ?? 1).padStart(16, '0');
  const id = `${TRACE}-${number}-s${sketch.event === undefined ? '' : `-e${sketch.event}`}`;
  const { audit, span } = clear;
  return {
    ...clear,
    ...groups.content,
    ...groups.identity,
    span: span ?? null,
    audit: {
      ...(isJsonObject(audit) && audit),
      record: { id: sketch.traceless === true ? 'policy-changed-1' : id },
      ...(sketch.session !== undefined && { session: { id: sketch.session } }),
      ...(sketch.level !== undefined && { policy: { level: sketch.level } }),
    },
  };
}

const POLICY = policyOf(`rules:
  - { name: probes, match: { route: /healthz }, level: none }
  - { name: admins, match: { role: admin }, level: full }
  - { name: never, match: { service: nowhere }, level: full }
default: { level: metadata }
protect:
  - admin-only: /admin/**
`);

function trial(...documents: JsonObject[]): ReturnType<PolicyTrial['report']> {
  const tried = new PolicyTrial(POLICY);
  for (const each of documents) tried.add(each);
  return tried.report();
}

describe('a trial', () => {
  it('counts by rule, in the order of the file, with examples', () => {
    const { records, rules, changes } = trial(
      document({ number: 1, route: '/healthz', path: '/healthz' }),
      document({ number: 2 }),
      document({ number: 3, roles: ['admin'] }),
      document({ number: 4, level: 'metadata' }),
    );
    expect(records).toBe(4);
    expect(rules.map(({ rule, level, records: count }) => [rule, level, count])).toEqual([
      ['probes', 'none', 1],
      ['admins', 'full', 1],
      ['never', 'full', 0],
      ['default', 'metadata', 2],
    ]);
    expect(rules[3]?.examples).toEqual([`${TRACE}-0000000000000002-s`, `${TRACE}-0000000000000004-s`]);
    expect(changes).toMatchObject([
      { from: 'full', to: 'none', records: 1 },
      { from: 'full', to: 'metadata', records: 1 },
    ]);
  });

  it('knows that a span on which something happened is not left out', () => {
    const { changes } = trial(
      document({ number: 1, route: '/healthz', path: '/healthz' }),
      document({ number: 1, route: '/healthz', path: '/healthz', event: 1 }),
    );
    expect(changes).toMatchObject([{ from: 'full', to: 'metadata', records: 2 }]);
  });

  it('names what does not fit, and leaves out what is the service’s own', () => {
    const { records, violations } = trial(
      document({ number: 1, route: '/admin/x', roles: ['user'] }),
      document({ traceless: true }),
    );
    expect(records).toBe(1);
    expect(violations).toEqual([
      { violation: 'role_too_low', records: 1, examples: [`${TRACE}-0000000000000001-s`] },
    ]);
  });

  it('keeps the roles of a session in mind', () => {
    const { rules } = trial(
      document({ number: 1, session: 's', roles: ['admin'] }),
      document({ number: 2, session: 's', kind: 'internal' }),
      document({ number: 3, session: 't', kind: 'internal' }),
    );
    expect(rules.map(({ records }) => records)).toEqual([0, 2, 0, 1]);
  });
});

it('scopes that were granted are used, never used, or asked for by no route', () => {
  const report = new ScopeReport(
    policyOf(
      'protect: [{ scope: orders:write, route: /orders/**, method: POST }, { scope: stock, route: /stock }]',
    ),
  );
  const scope = ['openid', 'orders:write', 'stock'];
  report.add(document({ number: 1, method: 'POST', scope }));
  report.add(document({ number: 2, method: 'GET', scope }));
  // Turned away, or of no call at all: not used.
  report.add(document({ number: 3, route: '/stock', path: '/stock', scope, status: 403 }));
  report.add(document({ number: 4, route: '/stock', path: '/stock', scope, event: 1 }));
  report.add(document({ number: 5 }));
  expect(report.uses()).toEqual([
    { client: 'shop-web', scope: 'openid', granted: 4, used: 0, state: 'unasked' },
    { client: 'shop-web', scope: 'orders:write', granted: 4, used: 1, state: 'used' },
    { client: 'shop-web', scope: 'stock', granted: 4, used: 0, state: 'never_used' },
  ]);
  expect(report.isCut).toBe(false);
});
