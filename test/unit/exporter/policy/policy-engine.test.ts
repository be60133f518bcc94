import { isJsonObject, type JsonValue, type RecordDraft } from '@spanledger/record';
import { describe, expect, it } from 'vitest';
import { CallerMemory } from '../../../../packages/exporter/src/policy/caller-memory.ts';
import { PolicyEngine } from '../../../../packages/exporter/src/policy/policy-engine.ts';
import { draft, policyOf, type DraftSketch } from './calls.ts';

const policyOn = (made: RecordDraft): JsonValue | undefined => {
  const { audit } = made.clear;
  return isJsonObject(audit) ? audit['policy'] : undefined;
};

function apply(text: string, ...sketches: DraftSketch[]): ReturnType<PolicyEngine['apply']> {
  const spans = sketches.map((sketch, at) => [draft({ number: at + 1, ...sketch })]);
  return new PolicyEngine(policyOf(text)).apply(spans, new CallerMemory());
}

describe('a record carries what the policy says of it', () => {
  it('rule, level, retention, severity and the policy’s hash', () => {
    const text =
      'rules: [{ name: a, match: { route: /orders/** }, level: metadata, retention: long, severity: high }]';
    const { sha256 } = policyOf(text);
    const { drafts } = apply(text, {}, { route: '/x' });
    expect(drafts.map(policyOn)).toEqual([
      { level: 'metadata', retention: 'long', rule: 'a', severity: 'high', sha256 },
      { level: 'full', rule: 'default', sha256 },
    ]);
  });

  it('and its violations, alone', () => {
    const { drafts } = apply(
      'protect: [{ admin-only: /admin }]',
      { route: '/admin', roles: ['user'] },
      { route: '/a' },
    );
    expect(drafts.map(policyOn)).toMatchObject([{ violations: ['role_too_low'] }, { rule: 'default' }]);
    expect(policyOn(drafts[1] ?? draft())).not.toHaveProperty('violations');
  });
});

describe('the level', () => {
  const content = (level: string): unknown => apply(`default: ${level}`, {}).drafts[0]?.groups.content;

  it('full leaves everything', () => {
    expect(content('{ level: full }')).toEqual(draft().groups.content);
  });

  it('metadata leaves the span’s name and the path', () => {
    expect(content('{ level: metadata }')).toEqual({ span: { name: 'handler' }, url: { path: '/orders/1' } });
  });

  it('request leaves query, message and the attributes that are named', () => {
    const common = {
      error: { message: 'no' },
      span: { name: 'handler' },
      url: { path: '/orders/1', query: 'q=1', full: 'https://shop/orders/1?q=1' },
    };
    expect(content('{ level: request }')).toEqual(common);
    expect(content('{ level: request, attributes: [shop.order.id, "shop.cart.*"] }')).toEqual({
      ...common,
      attributes: { 'shop.order.id': 7, 'shop.cart.size': 2 },
    });
  });

  it('leaves who and from where as they are', () => {
    const [made] = apply('default: { level: metadata }', {}).drafts;
    expect(made?.groups.identity).toEqual(draft().groups.identity);
    expect(made?.groups.network).toEqual(draft().groups.network);
  });
});

describe('what is left out', () => {
  const OUT =
    'rules: [{ name: probes, match: { route: /healthz }, level: none }]\nprotect: [{ admin-only: /healthz/x }]';
  const probe: DraftSketch = { route: '/healthz', path: '/healthz' };

  it('is told with its number, its rule and its time', () => {
    const { drafts, skipped } = apply(OUT, probe, {}, probe);
    expect(drafts.map(({ id }) => id)).toEqual(['trace-span2-stream']);
    expect(skipped).toMatchObject([
      {
        id: 'trace-span1-stream',
        producer: { streamId: 'stream', number: 1 },
        rule: 'probes',
        service: 'shop',
        timestamp: '2026-11-21T22:00:00.000000001Z',
      },
      { producer: { number: 3 } },
    ]);
  });

  it.each<[string, DraftSketch]>([
    ['a business action', { ...probe, action: 'order.approve' }],
    ['a span that is no server’s', { ...probe, kind: 'internal' }],
    ['a violation', { ...probe, path: '/healthz/x', roles: ['user'] }],
  ])('is never %s: that is recorded, as little as can be', (_, sketch) => {
    const { drafts, skipped } = apply(OUT, sketch);
    expect(skipped).toEqual([]);
    expect(drafts.map(policyOn)).toMatchObject([{ rule: 'probes', level: 'metadata' }]);
    expect(drafts[0]?.groups.content).not.toHaveProperty('attributes');
  });

  it('is never a span on which something happened', () => {
    const engine = new PolicyEngine(policyOf(OUT));
    const spans = [[draft(probe), draft({ ...probe, action: 'oidc.token.rejected' })]];
    const { drafts, skipped } = engine.apply(spans, new CallerMemory());
    expect([drafts.length, skipped.length]).toEqual([2, 0]);
  });
});

describe('roles', () => {
  const ROLE = 'rules: [{ name: admins, match: { role: admin }, level: full }]\ndefault: { level: metadata }';
  const rules = (...sketches: DraftSketch[]): unknown[] =>
    apply(ROLE, ...sketches).drafts.map((made) => {
      const policy = policyOn(made);
      return isJsonObject(policy) ? policy['rule'] : undefined;
    });

  it('are those of user.roles and of the claims that providers put them into', () => {
    expect(
      rules(
        { roles: ['admin'] },
        { claims: { realm_access: { roles: ['admin'] } } },
        { claims: { 'realm_access.roles': ['admin'] } },
        { claims: { realm_roles: 'user admin' } },
        { claims: { groups: ['admin'] }, roles: ['user'] },
        { claims: { department: 'admin' } },
        {},
      ),
    ).toEqual(['admins', 'admins', 'admins', 'admins', 'admins', 'default', 'default']);
  });

  it('of a session are those of its roots, for its other spans too, in the same request and later', () => {
    const engine = new PolicyEngine(policyOf(ROLE));
    const callers = new CallerMemory();
    const ruleOf = (sketch: DraftSketch): unknown => {
      const { drafts } = engine.apply([[draft({ session: 's', kind: 'internal', ...sketch })]], callers);
      return drafts.map(policyOn);
    };
    const both = engine.apply(
      [[draft({ session: 's', kind: 'internal' })], [draft({ session: 's', number: 2, roles: ['admin'] })]],
      callers,
    );
    expect(both.drafts.map(policyOn)).toMatchObject([{ rule: 'admins' }, { rule: 'admins' }]);
    expect(ruleOf({})).toMatchObject([{ rule: 'admins' }]);
    expect(ruleOf({ session: 'other' })).toMatchObject([{ rule: 'default' }]);
    ruleOf({ roles: ['user'] });
    expect(ruleOf({})).toMatchObject([{ rule: 'default' }]);
  });
});
