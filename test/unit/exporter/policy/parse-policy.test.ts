import { describe, expect, it } from 'vitest';
import { MAX_POLICY_BYTES } from '../../../../packages/exporter/src/policy/limits.ts';
import {
  describeProblem,
  parsePolicy,
  type AuditPolicy,
} from '../../../../packages/exporter/src/policy/index.ts';

function problems(text: string): string[] {
  const parsed = parsePolicy(text);
  return parsed.ok ? [] : parsed.problems.map((problem) => describeProblem(problem, 'p.yaml'));
}

function policy(text: string): AuditPolicy {
  const parsed = parsePolicy(text);
  if (!parsed.ok) throw new Error(parsed.problems.map((problem) => describeProblem(problem, 'p')).join('\n'));
  return parsed.policy;
}

describe('a policy that is good', () => {
  it('has its rules in order, with one item or several in each field', () => {
    const { rules, fallback, sha256 } = policy(`version: 1
rules:
  - name: health
    match: { route: /healthz, method: get, outcome: success }
    level: none
  - name: admins
    match: { role: [admin, 'realm-*'], scope: 'orders:*', client: shop, service: a, action: DELETE }
    level: request
    attributes: shop.order.id
    retention: seven-years
    severity: high
`);
    expect(rules.map(({ name, level }) => [name, level])).toEqual([
      ['health', 'none'],
      ['admins', 'request'],
    ]);
    expect(rules[0]?.match).toEqual({ route: ['/healthz'], method: ['GET'], outcome: ['success'] });
    expect(rules[1]).toMatchObject({
      match: { role: ['admin', 'realm-*'], scope: ['orders:*'] },
      attributes: ['shop.order.id'],
      retention: 'seven-years',
      severity: 'high',
    });
    expect(fallback).toMatchObject({ name: 'default', level: 'full' });
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is one without rules too, at level full', () => {
    expect(policy('version: 1').fallback.level).toBe('full');
    expect(policy('version: 1\ndefault: { level: metadata, retention: short }').fallback).toMatchObject({
      level: 'metadata',
      retention: 'short',
    });
  });

  it('admits the roles above the one that a route asks for', () => {
    const { protectedRoutes } = policy(`version: 1
roles: [user, support, admin, root]
protect:
  - admin-only: /admin/**
  - { route: /tickets, role: support, method: [POST] }
  - { scope: orders:write, route: [/orders/**, /carts/**] }
`);
    expect(protectedRoutes).toMatchObject([
      { field: 'protect[0]', route: ['/admin/**'], roles: ['admin', 'root'], scopes: undefined },
      { route: ['/tickets'], roles: ['support', 'admin', 'root'], method: ['POST'] },
      { route: ['/orders/**', '/carts/**'], roles: undefined, scopes: ['orders:write'] },
    ]);
  });

  it('without an order of roles admits those that are named', () => {
    const { protectedRoutes } = policy(
      'version: 1\nprotect: [{ admin-only: /a }, { route: /b, role: [x, y] }]',
    );
    expect(protectedRoutes.map(({ roles }) => roles)).toEqual([['admin'], ['x', 'y']]);
  });

  it('has another hash for each change of the file', () => {
    expect(policy('version: 1').sha256).not.toBe(policy('version: 1\n').sha256);
  });
});

describe('of a policy that is wrong', () => {
  it('everything is told at once, each with its place, its field and what to write', () => {
    expect(
      problems(`version: 2
default: { level: none }
rules:
  - name: Health
    match: { route: /**, methods: GET }
    level: none
  - name: a
    level: fulll
    retention: 7 years
  - name: b
    match:
      route: [admin, /x]
      method: [get, FETCH]
      outcome: fail
    level: metadata
    attributes: x
    severity: 3
  - level: full
protect:
  - route: /a
  - scope: orders:write
  - 17
clients:
  - client: shop
    scopes: [a]
wat: 1
`),
    ).toEqual([
      'p.yaml:1:10: version: 2 is no version of the format; write version: 1',
      'p.yaml:2:19: default.level: "none" would leave out what nobody named; write metadata, request or full',
      'p.yaml:4:11: rules[0].name: "Health" is no name of a rule; write up to 64 small letters, digits and hyphens',
      'p.yaml:5:21: rules[0].match.route: "/**" names no route, and level is none; begin it with a segment without a wildcard, e.g. /healthz',
      'p.yaml:5:26: rules[0].match.methods: there is no such field; write one of role, scope, client, service, route, method, outcome, action',
      'p.yaml:8:12: rules[1].level: "fulll" is no level; write one of none, metadata, request, full',
      'p.yaml:9:16: rules[1].retention: "7 years" is no name of a class; write up to 32 small letters, digits and hyphens, e.g. seven-years',
      'p.yaml:12:15: rules[2].match.route[0]: "admin" is no route; begin it with a slash, e.g. /admin/**',
      'p.yaml:13:21: rules[2].match.method[1]: "FETCH" is none of them; write one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE, CONNECT, QUERY',
      'p.yaml:14:16: rules[2].match.outcome: "fail" is none of them; write one of success, failure, unknown',
      'p.yaml:17:15: rules[2].severity: 3 is no severity; write one of low, medium, high, critical',
      'p.yaml:18:5: rules[3].name: is missing; write a name',
      'p.yaml:20:5: protect[0]: asks for nothing; add role or scope, or write admin-only in place of route',
      'p.yaml:21:5: protect[1]: protects no route; add route, e.g. route: /orders/**',
      'p.yaml:22:5: protect[2]: 17 is no mapping; write the fields admin-only, route, role, scope, method, service',
      'p.yaml:24:5: clients[0].scope: is missing; write one or more',
      'p.yaml:25:5: clients[0].scopes: there is no such field; write one of client, scope',
      'p.yaml:26:1: wat: there is no such field; write one of version, roles, default, rules, protect, clients',
    ]);
  });

  it.each([
    [
      'rules:\n  - { name: a, level: none }',
      /3:23: rules\[0\]\.level: "none" leaves out calls that nobody named/,
    ],
    [
      'rules:\n  - { name: a, level: none, match: { route: [/healthz, /*/x] } }',
      /3:\d+: rules\[0\]\.match\.route\[1\]: "\/\*\/x" names no route/,
    ],
    [
      'rules:\n  - { name: a, level: none, severity: low, match: { route: /a } }',
      /severity: "low" has nothing/,
    ],
    ['rules:\n  - { name: a, level: full, attributes: [b] }', /attributes: says nothing where level is full/],
    ['rules:\n  - { name: default, level: full }', /name: "default" is what no rule is called/],
    [
      'rules:\n  - { name: a, level: full, match: { role: x } }\n  - { name: a, level: full }',
      /4:\d+: rules\[1\]\.name: "a" is the name of two rules/,
    ],
    [
      'rules:\n  - { name: a, level: full }\n  - { name: b, level: full }',
      /4:5: rules\[1\]: "b" is never reached: "a" above matches everything; move it above "a"/,
    ],
    ['rules:\n  - { name: a, level: full, match: { role: [] } }', /match\.role: is an empty list/],
    [
      'rules:\n  - { name: a, level: full, match: { route: /**/a } }',
      /match\.route: "\/\*\*\/a" has a wildcard/,
    ],
    ['roles: [user]\nprotect: [{ route: /a, role: suport }]', /protect\[0\]\.role: "suport" is not in roles/],
    [
      'roles: [user]\nprotect: [{ admin-only: /a }]',
      /admin-only: means the role admin, which is not in roles/,
    ],
    ['protect: [{ admin-only: /a, route: /b }]', /route: "\/b" stands beside admin-only/],
    ['clients: [{ client: a, scope: x }, { client: a, scope: y }]', /clients\[1\]\.client: "a" stands twice/],
    ['rules: 3', /rules: 3 is no list/],
  ])('%s', (text, problem) => {
    expect(problems(`version: 1\n${text}`).join('\n')).toMatch(problem);
  });

  it('what is no YAML is told with its place', () => {
    expect(problems('version: 1\nrules: [\n  a: b\n')).toEqual([
      expect.stringMatching(/^p\.yaml:4:1: .*; write YAML 1\.2/),
    ]);
    expect(problems('version: 1\nversion: 1')).toEqual([
      expect.stringMatching(/^p\.yaml:2:1: Map keys must be unique;/),
    ]);
  });

  it('an empty file, a list and a bomb of aliases are told too', () => {
    expect(problems('')).toEqual([expect.stringContaining('version: is missing; write version: 1')]);
    expect(problems('- a')).toEqual([expect.stringContaining('is no mapping')]);
    const bomb = `a: &a [x]\n${Array.from({ length: 9 }, (_, i) => `b${i}: &b${i} [*a, *a, *a, *a, *a, *a, *a, *a, *a]`.replaceAll('*a', i === 0 ? '*a' : `*b${i - 1}`)).join('\n')}`;
    expect(problems(bomb)).not.toEqual([]);
  });

  it('one that is too large is not read', () => {
    expect(problems(`version: 1\n# ${'x'.repeat(MAX_POLICY_BYTES)}`)).toEqual([
      expect.stringContaining(`larger than ${MAX_POLICY_BYTES} bytes`),
    ]);
  });
});
