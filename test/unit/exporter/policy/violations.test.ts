import { describe, expect, it } from 'vitest';
import type { CallFacts } from '../../../../packages/exporter/src/policy/call-facts.ts';
import { Violations } from '../../../../packages/exporter/src/policy/violations.ts';
import { call, policyOf } from './calls.ts';

const POLICY = policyOf(`roles: [user, support, admin]
protect:
  - admin-only: /admin/**
  - { role: support, route: /tickets/**, method: DELETE }
  - { scope: [orders:write, orders:all], route: /orders/**, method: [POST, PUT] }
  - { scope: stock:read, route: /stock, service: warehouse }
clients:
  - { client: shop-web, scope: [openid, orders:read] }
`);
const find = (facts: Partial<CallFacts>): readonly string[] => new Violations(POLICY).find(call(facts));

describe('a route that asks for a role', () => {
  it.each<[string, Partial<CallFacts>, string[]]>([
    ['reached by an administrator', { route: '/admin/users', roles: ['admin'] }, []],
    ['reached by a lower role', { route: '/admin/users', roles: ['user', 'support'] }, ['role_too_low']],
    ['reached by somebody without roles', { route: '/admin', roles: [] }, ['role_too_low']],
    ['reached by nobody knows whom', { route: '/admin', roles: undefined }, ['role_unknown']],
    ['that turned a lower role away', { route: '/admin', roles: ['user'], status: 403 }, ['role_refused']],
    ['that turned nobody knows whom away', { route: '/admin', status: 401 }, []],
    ['and failed for a lower role', { route: '/admin', roles: ['user'], status: 500 }, ['role_too_low']],
    ['reached by a role above it', { route: '/tickets/:id', method: 'DELETE', roles: ['admin'] }, []],
    ['reached by that role', { route: '/tickets/:id', method: 'DELETE', roles: ['support'] }, []],
    ['reached by one below', { route: '/tickets/:id', method: 'DELETE', roles: ['user'] }, ['role_too_low']],
    ['for another method', { route: '/tickets/:id', method: 'GET', roles: ['user'] }, []],
    ['that is another one', { route: '/administrators', path: '/administrators', roles: ['user'] }, []],
    ['called, not answered', { route: '/admin', roles: ['user'], isInbound: false }, []],
  ])('%s', (_, facts, violations) => {
    expect(find(facts)).toEqual(violations);
  });
});

describe('a route that the application has no name for', () => {
  it.each<[string, Partial<CallFacts>, string[]]>([
    ['is known by its path', { route: undefined, path: '/admin/x', roles: ['user'] }, ['role_too_low']],
    [
      'is known however it is spelt',
      { route: undefined, path: '//%41dmin/./x', roles: ['user'] },
      ['role_too_low'],
    ],
    [
      'is none where nothing was there',
      { route: undefined, path: '/ADMIN/x', roles: ['user'], status: 404 },
      [],
    ],
    [
      'is known under a route of everything',
      { route: '/*', path: '/admin/x', roles: ['user'] },
      ['role_too_low'],
    ],
    [
      'is found empty by its own route',
      { route: '/admin/:id', roles: ['user'], status: 404 },
      ['role_too_low'],
    ],
  ])('%s', (_, facts, violations) => {
    expect(find(facts)).toEqual(violations);
  });
});

describe('a route that asks for a scope', () => {
  const write = { route: '/orders/:id', method: 'POST' };
  it.each<[string, Partial<CallFacts>, string[]]>([
    ['reached with it', { ...write, scopes: ['openid', 'orders:write'] }, []],
    ['reached with another one that is as good', { ...write, scopes: ['orders:all'] }, []],
    ['reached without', { ...write, scopes: ['openid'] }, ['scope_missing']],
    ['reached with nobody knows what', { ...write, scopes: undefined }, ['scope_unknown']],
    ['that turned the call away', { ...write, scopes: ['openid'], status: 403 }, ['scope_refused']],
    ['for another method', { ...write, method: 'GET', scopes: ['openid'] }, []],
    ['of another service', { route: '/stock', scopes: ['openid'] }, []],
    ['of that service', { route: '/stock', scopes: ['openid'], service: 'warehouse' }, ['scope_missing']],
  ])('%s', (_, facts, violations) => {
    expect(find(facts)).toEqual(violations);
  });
});

describe('a client that asks for scopes', () => {
  it.each<[string, Partial<CallFacts>, string[]]>([
    ['it may ask for', { requested: ['openid', 'orders:read'] }, []],
    ['beyond them', { requested: ['openid', 'admin'] }, ['scope_not_requestable']],
    ['and is not declared', { requested: ['admin'], client: 'other' }, []],
  ])('%s', (_, facts, violations) => {
    expect(find({ ...facts, isInbound: false })).toEqual(violations);
  });
});

it('several are told together, each once', () => {
  const both = new Violations(
    policyOf('protect: [{ role: a, scope: b, route: /x }, { role: c, route: /x/** }]'),
  );
  expect(both.find(call({ route: '/x', path: '/x', roles: [], scopes: [] }))).toEqual([
    'role_too_low',
    'scope_missing',
  ]);
  expect(new Violations(policyOf('')).isEmpty).toBe(true);
});
