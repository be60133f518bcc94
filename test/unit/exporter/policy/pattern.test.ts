import { describe, expect, it } from 'vitest';
import {
  isRoutePattern,
  namesRoute,
  nameTest,
  plainPath,
  routeTest,
} from '../../../../packages/exporter/src/policy/pattern.ts';

describe('a pattern of routes', () => {
  it.each([
    ['/admin', '/admin'],
    ['/admin/**', '/admin'],
    ['/admin/**', '/admin/'],
    ['/admin/**', '/admin/users/:id'],
    ['/orders/*', '/orders/:id'],
    ['/orders/*/items', '/orders/{id}/items'],
    ['/v*/orders', '/v2/orders'],
    ['/a.b', '/a.b'],
    ['/[slug]', '/[slug]'],
    ['/**', '/'],
  ])('%s fits %s', (pattern, route) => {
    expect(routeTest([pattern])(route)).toBe(true);
    expect(routeTest(['/nothing', pattern])(route)).toBe(true);
  });

  it.each([
    ['/admin', '/admin/users'],
    ['/admin', '/administrators'],
    ['/admin/**', '/administrators'],
    ['/admin/**', '/x/admin/users'],
    ['/orders/*', '/orders/:id/items'],
    ['/orders/*', '/orders'],
    ['/a.b', '/axb'],
    ['/[slug]', '/s'],
    ['/ADMIN', '/admin'],
  ])('%s does not fit %s', (pattern, route) => {
    expect(routeTest([pattern])(route)).toBe(false);
  });

  it('may take letters as they come', () => {
    expect(routeTest(['/admin/**'], true)('/ADMIN/x')).toBe(true);
  });

  it('looks at the beginning of what is very long, and soon answers', () => {
    expect(routeTest(['/a/**'])(`/a/${'b'.repeat(1e6)}`)).toBe(true);
    expect(routeTest(['/*a/*b/*c/*d/**'])(`/${'a/b/c/e'.repeat(1e5)}`)).toBe(false);
  });
});

describe('a pattern of names', () => {
  it.each([
    ['shop', 'shop', true],
    ['shop', 'shopping', false],
    ['shop-*', 'shop-web', true],
    ['*:write', 'orders:write', true],
    ['*:write', 'orders:read', false],
    ['a.b', 'axb', false],
    ['*', '', true],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['*a*b*c', 'xaybzc', true],
    ['*a*b*c', 'xbyazc', false],
    ['*a*b*c*d*e', 'abc'.repeat(1e5), false],
  ])('%s, held against %.20s: %s', (pattern, name, fits) => {
    expect(nameTest([pattern])(name)).toBe(fits);
  });
});

it.each([
  ['/healthz', true],
  ['/health/**', true],
  ['/', true],
  ['/**', false],
  ['/*', false],
  ['/*/health', false],
  ['/health*', false],
])('%s names a route: %s', (pattern, names) => {
  expect(namesRoute(pattern)).toBe(names);
});

it.each([
  ['/admin/x', '/admin/x'],
  ['//admin//x', '/admin/x'],
  ['/%61dmin/x', '/admin/x'],
  ['/a/../admin/./x', '/admin/x'],
  ['/a/%2e%2e/admin', '/admin'],
  ['\\admin\\x', '/admin/x'],
  ['/../..', '/'],
  ['/%ff', '/%ff'],
])('%s is the path %s', (written, plain) => {
  expect(plainPath(written)).toBe(plain);
});

it.each([
  ['/', true],
  ['/a/*/b*/**', true],
  ['/**', true],
  ['/a**', false],
  ['/**/a', false],
  ['/a*b*c', false],
  ['a', false],
  ['', false],
])('%s is a pattern of routes: %s', (text, is) => {
  expect(isRoutePattern(text)).toBe(is);
});
