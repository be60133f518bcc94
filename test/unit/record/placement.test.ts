import { describe, expect, test } from 'vitest';
import {
  CUT_MARK,
  MAX_ATTRIBUTES,
  MAX_CLEAR_LIST_LENGTH,
  MAX_CLEAR_STRING_LENGTH,
  MAX_KEY_LENGTH,
  MAX_LIST_LENGTH,
  MAX_STRING_LENGTH,
  MAX_VALUE_DEPTH,
  groupOfAttribute,
  groupOfPath,
} from '@spanledger/record';
import type { OtlpValue } from '@spanledger/record';
import { SESSION, at, attributesOf, draftOf, spanOf } from './samples.ts';
import type { AttributeInit } from './samples.ts';

const mapped = (attributes: AttributeInit | Map<string, OtlpValue>): ReturnType<typeof draftOf> =>
  draftOf(spanOf({ name: '' }, attributes));
const others = (attributes: AttributeInit | Map<string, OtlpValue>): unknown =>
  mapped(attributes).groups.content?.['attributes'];
const truncated = (attributes: AttributeInit | Map<string, OtlpValue>): unknown =>
  at(mapped(attributes).clear, 'audit.truncated');

describe('the allow-list', () => {
  test.each([
    ['http.route', ['http', 'route'], 'clear'],
    ['oidc.scope.requested', ['oidc', 'requested_scope'], 'clear'],
    ['service.instance.id', ['service', 'node', 'name'], 'clear'],
    ['url.scheme', ['url', 'scheme'], 'clear'],
    ['server.port', ['server', 'port'], 'clear'],
    ['session.id', ['oidc', 'session', 'id'], 'identity'],
    ['oidc.session.id', ['oidc', 'session', 'id'], 'identity'],
    ['oidc.token.id', ['oidc', 'token', 'id'], 'identity'],
    ['oidc.claims.department', ['oidc', 'claims', 'department'], 'identity'],
    ['user.id', ['user', 'id'], 'identity'],
    ['user.anything.else', ['user', 'anything', 'else'], 'identity'],
    ['enduser.id', ['enduser', 'id'], 'identity'],
    ['client.address', ['client', 'address'], 'network'],
    ['source.ip', ['source', 'ip'], 'network'],
    ['user_agent.original', ['user_agent', 'original'], 'network'],
    ['server.address', ['server', 'address'], 'network'],
    ['network.peer.address', ['network', 'peer', 'address'], 'network'],
    ['url.path', ['url', 'path'], 'content'],
    ['url.fragment', ['url', 'fragment'], 'content'],
    ['oidc.error_description', ['oidc', 'error_description'], 'content'],
    ['my.own', ['attributes', 'my.own'], 'content'],
    ['oidc.unknown', ['attributes', 'oidc.unknown'], 'content'],
    ['http.request.header.authorization', ['attributes', 'http.request.header.authorization'], 'content'],
    ['url.scheme.x', ['attributes', 'url.scheme.x'], 'content'],
    ['', ['attributes', ''], 'content'],
  ])('%s stands at %s: %s', (key, path, group) => {
    expect(groupOfAttribute(key)).toBe(group);
    expect(groupOfPath(path)).toBe(group);
  });

  test.each([
    [['@timestamp'], 'clear'],
    [['audit', 'ledger', 'index'], 'clear'],
    [['span', 'id'], 'clear'],
    [['span', 'name'], 'content'],
    [['span', 'anything'], 'content'],
    [['error', 'type'], 'clear'],
    [['error', 'message'], 'content'],
    [['oidc', 'session', 'state'], 'clear'],
    [['oidc', 'anything'], 'content'],
    [['anything'], 'content'],
    [[], 'content'],
  ])('the path %j is %s', (path, group) => {
    expect(groupOfPath(path)).toBe(group);
  });
});

describe('names', () => {
  test('that begin alike do not conflict: one of them is kept flat', () => {
    expect(others({ a: 1, 'a.b': 2, 'a.b.c': 3 })).toEqual({ a: 1, 'a.b': 2, 'a.b.c': 3 });
    expect(mapped({ 'user.org': 'x', 'user.org.id': 1 }).groups).toEqual({
      identity: { user: { org: 'x' } },
      content: { attributes: { 'user.org.id': 1 } },
    });
    expect(mapped({ 'user.org.id': 1, 'user.org': 'x' }).groups).toEqual({
      identity: { user: { org: { id: 1 } } },
      content: { attributes: { 'user.org': 'x' } },
    });
    expect(mapped({ oidc: 1, 'oidc.scope': ['a'], http: 'x' }).groups.content).toEqual({
      attributes: { oidc: 1, http: 'x' },
    });
  });

  test('that other objects inherit are members like any other', () => {
    const draft = mapped(
      attributesOf({
        constructor: 1,
        'user.__proto__': 'x',
        'user.__proto__.admin': true,
        'oidc.claims.__proto__': 'c',
      }).set('__proto__', 'p'),
    );
    expect(Object.entries(draft.groups.content?.['attributes'] ?? {})).toEqual([
      ['constructor', 1],
      ['user.__proto__.admin', true],
      ['__proto__', 'p'],
    ]);
    expect(at(draft.groups.identity, 'user.__proto__')).toBe('x');
    expect(at(draft.groups.identity, 'oidc.claims.__proto__')).toBe('c');
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
    expect('admin' in {}).toBe(false);
  });

  test('with empty or very many parts, or below a field of another group, have no place of their own', () => {
    const odd = {
      'user.': 1,
      'user..id': 2,
      [`user${'.a'.repeat(100)}`]: 3,
      'client.a..b': 4,
      'url.scheme.x': 5,
    };
    expect(mapped(odd).groups).toEqual({ content: { attributes: odd } });
  });
});

describe('values', () => {
  test('that do not fit a field in the clear are committed instead', () => {
    const odd: AttributeInit = {
      'http.request.method': ['GET'],
      'http.response.status_code': 'two hundred',
      'server.port': 1.5,
      'oidc.scope': [['nested']],
      'oidc.auth_time': 'yesterday',
      'oidc.token.active': 'yes',
      'url.scheme': { a: 1 },
      'oidc.issuer': null,
    };
    const draft = mapped(odd);
    for (const place of ['http', 'server', 'oidc', 'url']) expect(draft.clear[place]).toBeUndefined();
    expect(draft.groups).toEqual({ content: { attributes: odd } });
  });

  test('that are nearly right are put right', () => {
    const draft = mapped({
      'http.response.status_code': '404',
      'oidc.amr': 'pwd',
      'user.id': 42n,
      'oidc.scope': 'a  b',
    });
    expect(at(draft.clear, 'http.response.status_code')).toBe(404);
    expect(at(draft.clear, 'oidc.amr')).toEqual(['pwd']);
    expect(at(draft.clear, 'oidc.scope')).toEqual(['a', 'b']);
    expect(at(draft.groups.identity, 'user.id')).toBe('42');
  });

  test('that JSON has no form for become text', () => {
    const values = { n: Number.NaN, i: -Infinity, big: 2n ** 63n, lone: 'a\ud800b', nothing: null };
    expect(others(values)).toEqual({
      n: 'NaN',
      i: '-Infinity',
      big: '9223372036854775808',
      lone: 'a\ufffdb',
      nothing: null,
    });
    expect(truncated(values)).toBeUndefined();
  });
});

describe('limits', () => {
  test('a long string is cut between characters, and the field named', () => {
    const draft = mapped({
      ...SESSION,
      'user.name': '😀'.repeat(MAX_STRING_LENGTH),
      note: 'x'.repeat(1_000_000),
    });
    const name = String(at(draft.groups.identity, 'user.name'));
    expect(name.length).toBeLessThanOrEqual(MAX_STRING_LENGTH);
    expect(name.isWellFormed()).toBe(true);
    expect(name.endsWith(`😀${CUT_MARK}`)).toBe(true);
    expect(String(at(draft.groups.content, 'attributes.note'))).toHaveLength(MAX_STRING_LENGTH);
    expect(at(draft.clear, 'audit.truncated')).toEqual(['attributes', 'user.name']);
  });

  test('in the clear there is less room', () => {
    const draft = mapped({
      'http.route': 'r'.repeat(5_000),
      'oidc.amr': Array.from({ length: 500 }, () => 'pwd'),
    });
    expect(at(draft.clear, 'http.route')).toBe('r'.repeat(MAX_CLEAR_STRING_LENGTH - 1) + CUT_MARK);
    expect(at(draft.clear, 'oidc.amr')).toHaveLength(MAX_CLEAR_LIST_LENGTH);
    expect(at(draft.clear, 'audit.truncated')).toEqual(['http.route', 'oidc.amr']);
  });

  test('of 10,000 attributes the known ones are all kept, and the others up to the limit', () => {
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`key.${i}`, i]));
    const draft = mapped({ ...many, ...SESSION });
    expect(draft.session?.id).toBe('sid-of-alice');
    expect(at(draft.groups.identity, 'user.id')).toBe('alice');
    expect(Object.keys(draft.groups.content?.['attributes'] ?? {})).toHaveLength(MAX_ATTRIBUTES);
    expect(at(draft.clear, 'audit.truncated')).toEqual(['attributes']);
  });

  test('a name that came from outside is never named', () => {
    const long = 'x'.repeat(1_000_000);
    expect(truncated({ 'alice@example.com': long })).toEqual(['attributes']);
    expect(truncated({ 'user.alice': long })).toEqual(['user']);
    expect(truncated({ 'oidc.claims.alice': long })).toEqual(['oidc.claims']);
    expect(truncated({ [`alice${long}`]: 1 })).toEqual(['attributes']);
    expect(Object.keys(Object(others({ [long]: 1 })))[0]).toHaveLength(MAX_KEY_LENGTH);
  });

  test('lists and nesting end somewhere', () => {
    let deep: OtlpValue = 'bottom';
    for (let i = 0; i < 100_000; i++) deep = [deep];
    const draft = mapped({ deep, list: Array.from({ length: 10_000 }, (_, i) => i) });
    let value: unknown = at(draft.groups.content, 'attributes.deep');
    let depth = 0;
    for (; Array.isArray(value); depth++) [value] = value;
    expect([depth, value]).toEqual([MAX_VALUE_DEPTH, CUT_MARK]);
    expect(at(draft.groups.content, 'attributes.list')).toHaveLength(MAX_LIST_LENGTH);
    expect(at(draft.clear, 'audit.truncated')).toEqual(['attributes']);
  });
});
