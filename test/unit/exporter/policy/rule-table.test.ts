import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PolicyMatch, PolicyRule } from '../../../../packages/exporter/src/policy/audit-policy.ts';
import type { CallFacts } from '../../../../packages/exporter/src/policy/call-facts.ts';
import { RuleTable } from '../../../../packages/exporter/src/policy/rule-table.ts';
import { call, policyOf } from './calls.ts';

const FALLBACK: PolicyRule = {
  name: 'default',
  match: {},
  level: 'full',
  attributes: [],
  retention: undefined,
  severity: undefined,
};

const found = (match: string, facts: Partial<CallFacts>): string =>
  new RuleTable(policyOf(`rules: [{ name: it, match: { ${match} }, level: metadata }]`)).find(call(facts))
    .name;

describe('each matcher', () => {
  it.each<[string, Partial<CallFacts>, Partial<CallFacts>]>([
    ['role: admin', { roles: ['user', 'admin'] }, { roles: ['user'] }],
    ['role: "realm-*"', { roles: ['realm-admin'] }, { roles: undefined }],
    ['scope: orders:write', { scopes: ['orders:read', 'orders:write'] }, { scopes: ['orders:read'] }],
    ['scope: "*:write"', { scopes: ['x:write'] }, { scopes: undefined }],
    ['client: shop-web', { client: 'shop-web' }, { client: 'shop-app' }],
    ['client: "shop-*"', { client: 'shop-app' }, { client: '' }],
    ['service: [a, b]', { service: 'b' }, { service: 'c' }],
    ['route: /orders/**', { route: '/orders/:id' }, { route: '/carts/:id' }],
    ['route: /orders/*', { route: '/orders/:id' }, { route: '/orders/:id/items' }],
    ['route: /healthz', { route: undefined, path: '/healthz' }, { route: undefined, path: '/health' }],
    ['route: /a', { route: '/a', path: '/b' }, { route: '/b', path: '/a' }],
    ['method: [post, put]', { method: 'PUT' }, { method: 'GET' }],
    ['outcome: failure', { outcome: 'failure' }, { outcome: 'success' }],
    ['action: order.approve', { action: 'order.approve' }, { action: 'order.reject' }],
    ['action: "oidc.token.*"', { action: 'oidc.token.refreshed' }, { action: 'oidc.session.started' }],
    ['action: DELETE', { verb: 'DELETE', action: 'DELETE /x' }, { verb: 'READ' }],
    ['role: admin, method: GET', { roles: ['admin'] }, { roles: ['admin'], method: 'POST' }],
  ])('%s', (match, fits, not) => {
    expect(found(match, fits)).toBe('it');
    expect(found(match, not)).toBe('default');
  });
});

describe('the order', () => {
  it('decides: the first that matches counts', () => {
    const table = new RuleTable(
      policyOf(`rules:
  - { name: a, match: { role: admin }, level: full }
  - { name: b, match: { route: /orders/** }, level: request }
  - { name: c, level: metadata }
`),
    );
    expect(table.find(call({ roles: ['admin'] })).name).toBe('a');
    // The same call again, of somebody else: what is kept of calls says nothing of who calls.
    expect(table.find(call({ roles: ['user'] })).name).toBe('b');
    expect(table.find(call({ roles: ['admin'] })).name).toBe('a');
    expect(table.find(call({ route: '/x' })).name).toBe('c');
  });

  it('holds for calls without a route as well', () => {
    const table = new RuleTable(
      policyOf(`rules:
  - { name: a, match: { route: /a/** }, level: full }
  - { name: b, match: { route: /b/** }, level: full }
`),
    );
    expect(table.find(call({ route: undefined, path: '/b/1' })).name).toBe('b');
    expect(table.find(call({ route: undefined, path: '/a/1' })).name).toBe('a');
    expect(table.find(call({ route: undefined, path: undefined })).name).toBe('default');
  });

  it('a path that is spelt otherwise is taken for what it means, but is not left out', () => {
    const table = new RuleTable(
      policyOf(`rules:
  - { name: out, match: { route: /healthz/** }, level: none }
  - { name: admin, match: { route: /admin/** }, level: full }
`),
    );
    expect(table.find(call({ route: undefined, path: '/%61dmin' })).name).toBe('admin');
    expect(table.find(call({ route: undefined, path: '/healthz/../admin' })).name).toBe('admin');
    expect(table.find(call({ route: undefined, path: '/healthz/x' })).name).toBe('out');
    expect(table.find(call({ route: undefined, path: '/x/../healthz/x' })).name).toBe('default');
  });
});

/** The words of the specification, without anything prepared or kept. */
function reference(rules: readonly PolicyRule[], facts: CallFacts): string {
  const name = (pattern: string, text: string): boolean =>
    new RegExp(`^${pattern.replaceAll(/[.:]/g, String.raw`\$&`).replaceAll('*', '.*')}$`).test(text);
  const route = (pattern: string, text: string): boolean => {
    const segments = pattern.split('/');
    const given = text.split('/');
    if (segments.at(-1) === '**') {
      const before = segments.slice(0, -1);
      return before.every((segment, at) => given[at] !== undefined && name(segment, given[at]));
    }
    return (
      segments.length === given.length && segments.every((segment, at) => name(segment, given[at] ?? ''))
    );
  };
  const any = (patterns: readonly string[] | undefined, texts: readonly string[], test = name): boolean =>
    patterns === undefined || patterns.some((pattern) => texts.some((text) => test(pattern, text)));
  const one = (text: string | undefined): string[] => (text === undefined ? [] : [text]);
  for (const { name: called, match } of rules) {
    if (
      any(match.role, facts.roles ?? []) &&
      any(match.scope, facts.scopes ?? []) &&
      any(match.client, [facts.client]) &&
      any(match.service, [facts.service]) &&
      any(match.route, one(facts.route ?? facts.path), route) &&
      any(match.method, [facts.method]) &&
      any(match.outcome, [facts.outcome]) &&
      any(match.action, [facts.action, facts.verb])
    )
      return called;
  }
  return 'default';
}

const names = fc.constantFrom('a', 'b', 'ab', 'a:b', 'x.y');
const patterns = fc.constantFrom('a', 'b', '*', 'a*', '*b', 'a:*', 'x.y');
const some = <T>(items: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.array(items, { minLength: 1, maxLength: 3 });
const maybe = <T>(items: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(items, { nil: undefined });
const routes = fc.constantFrom('/a', '/b', '/a/:id', '/a/b', '/a/b/c', '/', '/{x}');
const matches: fc.Arbitrary<PolicyMatch> = fc.record({
  role: maybe(some(patterns)),
  scope: maybe(some(patterns)),
  client: maybe(some(patterns)),
  service: maybe(some(patterns)),
  route: maybe(some(fc.constantFrom('/a', '/a/**', '/a/*', '/*/b', '/**', '/{x}', '/a/*/c'))),
  method: maybe(some(fc.constantFrom('GET', 'POST'))),
  outcome: maybe(some(fc.constantFrom('success', 'failure'))),
  action: maybe(some(patterns)),
});
const calls: fc.Arbitrary<CallFacts> = fc
  .record({
    service: names,
    client: names,
    route: maybe(routes),
    path: maybe(fc.constantFrom('/a', '/a/1', '/a/b', '/b', '/a/b/c')),
    method: fc.constantFrom('GET', 'POST'),
    outcome: fc.constantFrom('success', 'failure'),
    action: names,
    verb: names,
    roles: maybe(fc.array(names, { maxLength: 3 })),
    scopes: maybe(fc.array(names, { maxLength: 3 })),
  })
  .map((facts) => call(facts));

it('the rule that is found is the one that a naive reading finds, whatever was asked before', () => {
  fc.assert(
    fc.property(fc.array(matches, { maxLength: 6 }), fc.array(calls, { maxLength: 20 }), (all, asked) => {
      const rules = all.map((match, at): PolicyRule => ({ ...FALLBACK, name: `r${at}`, match }));
      const table = new RuleTable({ rules, fallback: FALLBACK });
      for (const facts of [...asked, ...asked]) expect(table.find(facts).name).toBe(reference(rules, facts));
    }),
    { numRuns: 400 },
  );
});
