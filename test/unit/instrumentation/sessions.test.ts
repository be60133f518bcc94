import { describe, expect, test } from 'vitest';
import { BoundedMap } from '../../../packages/instrumentation/src/session/bounded-map.ts';
import { readSessionClaims } from '../../../packages/instrumentation/src/session/claims.ts';
import type { Session } from '../../../packages/instrumentation/src/session/session.ts';
import { SessionRegistry } from '../../../packages/instrumentation/src/session/session-registry.ts';
import {
  describeToken,
  peekPayload,
  signatureEnd,
} from '../../../packages/instrumentation/src/session/token.ts';

const ISS = 'https://idp.example';

function registry(settings: Partial<ConstructorParameters<typeof SessionRegistry>[0]> = {}): SessionRegistry {
  return new SessionRegistry({ claims: [], identity: 'full', identityKey: undefined, ...settings });
}

function resolve(sessions: SessionRegistry, claims: object, token?: string, client?: string): Session {
  const session = sessions.resolve({ iss: ISS, sub: 'alice', ...claims }, token, client);
  if (session === undefined) throw new Error('no session');
  return session;
}

describe('the id of a session', () => {
  test('is sid', () => {
    expect(resolve(registry(), { sid: 's1' }).id).toBe('s1');
  });

  test('is else a digest of issuer, subject, client and time of authentication', () => {
    const base = { azp: 'web', auth_time: 1 };
    const id = resolve(registry(), base).id;
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(resolve(registry(), { ...base, jti: 'other', exp: 5 }).id).toBe(id);
    for (const other of [{ sub: 'bob' }, { iss: 'https://other' }, { azp: 'app' }, { auth_time: 2 }]) {
      expect(resolve(registry(), { ...base, ...other }).id).not.toBe(id);
    }
  });

  test('is one object per session', () => {
    const sessions = registry();
    expect(resolve(sessions, { sid: 's1', acr: '1' })).toBe(resolve(sessions, { sid: 's1' }));
    expect(resolve(sessions, { sid: 's1' }).describe()).toMatchObject({ 'oidc.acr': '1' });
    expect(resolve(sessions, { sid: 's1', iss: 'https://other' })).not.toBe(resolve(sessions, { sid: 's1' }));
  });
});

describe('one sid', () => {
  test('of two people is two sessions: a token that was exchanged for another person’s is theirs', () => {
    const sessions = registry();
    const alice = resolve(sessions, { sid: 's1' }, 'token of alice');
    const bob = resolve(sessions, { sid: 's1', sub: 'bob' }, 'token of bob');
    expect([alice.short['user.id'], bob.short['user.id']]).toEqual(['alice', 'bob']);
    expect([alice.id, bob.id]).toEqual(['s1', 's1']);
    expect(resolve(sessions, { sid: 's1' })).toBe(alice);
  });

  test('of two clients is two sessions: each call names the client that made it', () => {
    const sessions = registry();
    const web = resolve(sessions, { sid: 's1', azp: 'web' });
    const app = resolve(sessions, { sid: 's1' }, undefined, 'app');
    expect([web.short['oidc.client_id'], app.short['oidc.client_id']]).toEqual(['web', 'app']);
    expect(resolve(sessions, { sid: 's1', azp: 'web' })).toBe(web);
    // Which client it is of, this one does not say.
    expect([web, app]).toContain(resolve(sessions, { sid: 's1' }));
    expect(resolve(sessions, { sid: 's1', sub: 'bob' }).short).not.toHaveProperty('oidc.client_id');
  });

  test('is enough for a logout token', () => {
    const sessions = registry();
    const session = resolve(sessions, { sid: 's1', azp: 'web' });
    expect(sessions.withSid(ISS, 's1')).toBe(session);
    expect(sessions.withSid('https://other', 's1')).toBeUndefined();
    // A digest is nobody's `sid`.
    expect(sessions.withSid(ISS, resolve(sessions, { sub: 'bob' }).id)).toBeUndefined();
  });
});

describe('a token without sid', () => {
  test('is known by its digest or its jti', () => {
    const sessions = registry();
    const session = resolve(sessions, { sid: 's1' });
    sessions.remember(session, 'the token');
    sessions.rememberTokenId(session, 'j1');
    expect(resolve(sessions, {}, 'the token')).toBe(session);
    expect(resolve(sessions, { jti: 'j1' })).toBe(session);
    expect(resolve(sessions, { jti: 'j1', iss: 'https://other' })).not.toBe(session);
    expect(resolve(sessions, { jti: 'j1', sub: 'bob' })).not.toBe(session);
  });

  test('that has a sid of its own is not of the session with its jti', () => {
    const sessions = registry();
    const first = resolve(sessions, { sid: 's1', jti: 'always' }, 'first');
    const second = resolve(sessions, { sid: 's2', jti: 'always' }, 'second');
    expect([first.id, second.id]).toEqual(['s1', 's2']);
  });

  test('belongs to the one login of its person that began here', () => {
    const sessions = registry();
    const session = resolve(sessions, { sid: 's1', azp: 'web' });
    expect(resolve(sessions, { azp: 'web' })).not.toBe(session);
    sessions.began(session);
    expect(resolve(sessions, { azp: 'web' })).toBe(session);
    expect(resolve(sessions, { azp: 'app' })).not.toBe(session);
    expect(resolve(sessions, { azp: 'web', auth_time: 9 })).not.toBe(session);
    sessions.ended(session);
    expect(resolve(sessions, { azp: 'web' })).not.toBe(session);
  });

  test('belongs to none when there are two', () => {
    const sessions = registry();
    const first = resolve(sessions, { sid: 's1', azp: 'web' });
    const second = resolve(sessions, { sid: 's2', azp: 'web' });
    sessions.began(first);
    sessions.began(second);
    expect([first, second]).not.toContain(resolve(sessions, { azp: 'web' }));
  });
});

describe('claims', () => {
  test.each([
    [undefined],
    [null],
    ['text'],
    [{}],
    [{ iss: ISS }],
    [{ sub: 'a' }],
    [{ iss: ISS, sub: '' }],
    [{ iss: 5, sub: 'a' }],
  ])('%j is nobody', (payload) => {
    expect(readSessionClaims(payload)).toBeUndefined();
  });

  test('only own properties count', () => {
    const payload: object = JSON.parse('{"iss":"i","sub":"s","__proto__":{"sid":"forged","email":"x"}}');
    expect(readSessionClaims(payload)).toMatchObject({ issuer: 'i', subject: 's', sessionId: undefined });
    const inherited: object = Object.create({ iss: 'i', sub: 's' });
    expect(readSessionClaims(inherited)).toBeUndefined();
  });

  test('are cut to their limits, and odd types are left out', () => {
    const claims = readSessionClaims({
      iss: ISS,
      sub: 'x'.repeat(100_000),
      sid: 7,
      auth_time: 'yesterday',
      amr: ['pwd', 5, ''],
      scope: 'a  b',
      scp: ['ignored'],
    });
    expect(claims?.subject).toHaveLength(1_024);
    expect(claims).toMatchObject({
      sessionId: undefined,
      authTime: undefined,
      amr: ['pwd'],
      scope: ['a', 'b'],
    });
  });

  test('that are cut stay apart', () => {
    const sessions = registry();
    const people = ['1', '2'].map((end) => resolve(sessions, { sub: 'x'.repeat(2_000) + end, sid: 's1' }));
    expect(people[0]?.short['user.id']).not.toBe(people[1]?.short['user.id']);
  });

  test('are opted in by name', () => {
    const sessions = registry({ claims: ['email', 'name', 'roles', 'tenant', 'address', '__proto__'] });
    const session = resolve(sessions, {
      sid: 's1',
      email: 'a@b.c',
      name: 'Alice',
      roles: 'admin',
      tenant: 7,
      address: { street: 'x' },
      phone: '1',
    });
    expect(session.describe()).toMatchObject({
      'user.email': 'a@b.c',
      'user.name': 'Alice',
      'user.roles': ['admin'],
      'oidc.claims.tenant': 7,
    });
    expect(JSON.stringify(session.describe())).not.toMatch(/street|phone/);
    expect(session.short).toEqual({ 'session.id': 's1', 'user.id': 'alice', 'oidc.issuer': ISS });
  });
});

describe('identity', () => {
  test('a pseudonym is the same for the same key, person and issuer, and only then', () => {
    const id = (identityKey: string | undefined, claims: object): unknown =>
      resolve(registry({ identity: 'pseudonym', identityKey }), claims).short['user.id'];
    const alice = id('key', {});
    expect(alice).toMatch(/^[0-9a-f]{32}$/);
    expect(id('key', {})).toBe(alice);
    for (const other of [
      id('other', {}),
      id('key', { sub: 'bob' }),
      id('key', { iss: 'https://x' }),
      id(undefined, {}),
    ]) {
      expect(other).not.toBe(alice);
    }
  });

  test('minimal says nothing', () => {
    expect(resolve(registry({ identity: 'minimal' }), { sid: 's1' }).short).toEqual({
      'session.id': 's1',
      'oidc.issuer': ISS,
    });
  });
});

describe('what hides the subject', () => {
  const idOf = (settings: Parameters<typeof registry>[0], claims: object = {}): string =>
    resolve(registry(settings), claims).id;

  test.each(['pseudonym', 'minimal'] as const)('hides it in the ids of sessions too: %s', (identity) => {
    const keyed = idOf({ identity, identityKey: 'key' });
    expect(keyed).toMatch(/^[0-9a-f]{32}$/);
    expect(idOf({ identity, identityKey: 'key' })).toBe(keyed);
    expect([
      idOf({}),
      idOf({ identity }),
      idOf({ identity, identityKey: 'other' }),
      idOf({ identity, identityKey: 'key' }, { sub: 'bob' }),
    ]).not.toContain(keyed);
    const sessions = registry({ identity });
    expect(resolve(sessions, { azp: 'web' })).toBe(resolve(sessions, { azp: 'web' }));
    expect(idOf({ identity, identityKey: 'key' }, { sid: 's1' })).toBe('s1');
  });
});

describe('tokens', () => {
  const jwt = (payload: unknown): string =>
    `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.sig`;

  test('are described by jti, or by a digest that does not give them away', () => {
    expect(describeToken('access', jwt({ jti: 'j', iat: 1, exp: 2 }))).toEqual({
      type: 'access',
      id: 'j',
      issuedAt: 1,
      expiresAt: 2,
    });
    const opaque = describeToken('refresh', 'opaque', 99);
    expect(opaque).toEqual({
      type: 'refresh',
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      issuedAt: undefined,
      expiresAt: 99,
    });
    expect(opaque.id).toBe(describeToken('access', 'opaque').id);
  });

  test.each([
    ['a.b'],
    ['a.b.c'],
    [jwt(null)],
    [jwt('text')],
    ['x'.repeat(2_000_000)],
    [`a.${'!'.repeat(50)}.c`],
  ])('that are no JWT have no payload', (token) => {
    expect(peekPayload(token)).toBeUndefined();
  });
});

test('a bounded map forgets what was used longest ago', () => {
  const map = new BoundedMap<string, number>(2);
  map.set('a', 1);
  map.set('b', 2);
  map.get('a');
  map.set('c', 3);
  expect([map.get('a'), map.get('b'), map.get('c'), map.size]).toEqual([1, undefined, 3, 2]);
});

const SIGNATURE = 's'.repeat(85);

describe.each([
  ['opaque', 'token-1', 'token-2'],
  ['signed', `e30.e30.${SIGNATURE}1`, `e30.e30.${SIGNATURE}2`],
])('a token that is verified again, %s,', (_, token, other) => {
  test('is of the session that it was of, and of nobody else’s', () => {
    const sessions = registry();
    const session = resolve(sessions, { sid: 's1', acr: '1' }, token);
    expect(resolve(sessions, { sid: 's1', acr: '1' }, token)).toBe(session);
    expect(resolve(sessions, { sid: 's1', sub: 'bob' }, token)).not.toBe(session);
    expect(sessions.resolve({ sub: 'alice' }, token)).toBeUndefined();
  });

  test('says what it says, after another token of the session said otherwise', () => {
    const sessions = registry();
    const session = resolve(sessions, { sid: 's1', acr: '1' }, token);
    resolve(sessions, { sid: 's1', acr: '2' }, other);
    expect(session.describe()).toMatchObject({ 'oidc.acr': '2' });
    resolve(sessions, { sid: 's1', acr: '1' }, token);
    expect(session.describe()).toMatchObject({ 'oidc.acr': '1' });
  });

  test('is of the session that it was given to since', () => {
    const sessions = registry();
    const first = resolve(sessions, { sid: 's1' }, token);
    const second = resolve(sessions, { sid: 's2' });
    expect(resolve(sessions, {}, token)).toBe(first);
    sessions.remember(second, token);
    expect(resolve(sessions, {}, token)).toBe(second);
  });
});

test.each([
  [`e30.e30.${SIGNATURE}1`, `${'s'.repeat(11)}1`],
  [`e30.e30.${'s'.repeat(43)}`, 's'.repeat(12)],
  [`e30.e30.${'s'.repeat(42)}`, undefined],
  ['e30.e30.', undefined],
  [`e30.${SIGNATURE}`, undefined],
  ['s'.repeat(100), undefined],
  // Encrypted: five parts, and the last is no signature.
  [`e30.key.iv.text.${SIGNATURE}`, undefined],
])('the end of the signature of %s', (token, end) => {
  expect(signatureEnd(token)).toBe(end);
});
