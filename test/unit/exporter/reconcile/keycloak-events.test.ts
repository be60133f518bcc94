import { describe, expect, test } from 'vitest';
import {
  adminEvents,
  readAdminEvent,
  readUserEvent,
  userEvents,
  type KeycloakUserEvent,
} from '../../../../packages/exporter/src/reconcile/keycloak-events.ts';

const COMMON = {
  id: 'e',
  time: 1_795_290_000_000,
  clientId: 'shop',
  userId: 'u',
  sessionId: 's',
  ipAddress: '192.0.2.1',
};

function facts(
  type: string,
  details: Record<string, string> = {},
  more: Partial<KeycloakUserEvent> = {},
): string[] {
  const event = readUserEvent({ ...COMMON, type, details, ...more });
  return (event?.facts ?? []).map(({ kind, key }) => `${kind} ${key}`);
}

describe('user events', () => {
  test.each([
    ['LOGIN', {}, ['session.started s shop']],
    ['LOGIN', { token_id: 't' }, ['token.issued t', 'session.started s shop']],
    ['CODE_TO_TOKEN', { token_id: 't' }, ['token.issued t', 'session.started s shop']],
    ['REFRESH_TOKEN', { token_id: 't', refresh_token_id: 'r' }, ['token.refreshed t']],
    ['REVOKE_GRANT', { refresh_token_id: 'r' }, ['token.revoked r', 'session.ended session s']],
    ['REVOKE_GRANT', { token_id: 't' }, ['token.revoked t', 'session.ended session s']],
    ['LOGOUT', {}, ['session.ended session s']],
    ['UPDATE_PASSWORD', {}, []],
    ['LOGIN_ERROR', { username: 'somebody' }, []],
    ['LOGIN_ERROR', { grant_type: 'password' }, ['grant.refused shop password']],
    ['REFRESH_TOKEN_ERROR', {}, ['grant.refused shop refresh_token']],
    ['CODE_TO_TOKEN_ERROR', { grant_type: 'authorization_code' }, ['grant.refused shop authorization_code']],
    ['CLIENT_LOGIN_ERROR', {}, ['grant.refused shop client_credentials']],
  ] as const)('%s %j', (type, details, expected) => {
    expect(facts(type, details)).toEqual(expected);
  });

  test('without a session there is nothing to join a logout by', () => {
    expect(facts('LOGOUT', {}, { sessionId: undefined })).toEqual([]);
  });

  test.each(['INTROSPECT_TOKEN', 'INTROSPECT_TOKEN_ERROR', 'USER_INFO_REQUEST', 'USER_INFO_REQUEST_ERROR'])(
    '%s is a question, and left out',
    (type) => {
      expect(readUserEvent({ ...COMMON, type })).toBeUndefined();
    },
  );

  test('who, whence and why', () => {
    const details = { username: 'alice', reason: 'x'.repeat(5_000) };
    const event = readUserEvent({
      ...COMMON,
      type: 'LOGIN_ERROR',
      error: 'invalid_user_credentials',
      details,
    });
    expect(event).toMatchObject({
      outcome: 'failure',
      category: ['authentication'],
      userName: 'alice',
      address: '192.0.2.1',
      error: 'invalid_user_credentials',
    });
    expect(event?.details).toEqual({ reason: 'x'.repeat(1_024) });
  });

  test('what the API answers is checked, and what is not known is left out', () => {
    expect(userEvents.parse([{ ...COMMON, type: 'LOGIN', realmId: 'r' }])).toEqual([
      { ...COMMON, type: 'LOGIN' },
    ]);
    for (const wrong of [{}, [{ ...COMMON }], [{ ...COMMON, type: 'LOGIN', time: 'now' }]])
      expect(userEvents.safeParse(wrong).success).toBe(false);
  });
});

describe('admin events', () => {
  const admin = { id: 'e', time: 1, authDetails: { userId: 'root', ipAddress: '192.0.2.1' } };

  test.each([
    ['ACTION', 'users/u/logout', ['session.ended user u']],
    ['DELETE', 'sessions/s', ['session.ended session s']],
    ['ACTION', 'users/u/reset-password', []],
    ['UPDATE', 'users/u/logout', []],
    ['DELETE', 'sessions/s/more', []],
  ] as const)('%s %s', (operationType, resourcePath, expected) => {
    const { facts: found } = readAdminEvent({ ...admin, operationType, resourcePath });
    expect(found.map(({ kind, key }) => `${kind} ${key}`)).toEqual(expected);
  });

  test('what was changed is named, not told', () => {
    const [parsed] = adminEvents.parse([
      {
        ...admin,
        operationType: 'CREATE',
        resourceType: 'USER',
        resourcePath: 'users/u',
        representation: '{"secret":1}',
      },
    ]);
    const event = readAdminEvent(parsed ?? { ...admin, operationType: '' });
    expect(event).toMatchObject({
      type: 'ADMIN_CREATE_USER',
      details: { resource: 'users/u' },
      userId: 'root',
    });
    expect(JSON.stringify(event)).not.toContain('secret');
  });

  test('what failed ended nothing', () => {
    expect(
      readAdminEvent({ ...admin, operationType: 'ACTION', resourcePath: 'users/u/logout', error: 'x' }).facts,
    ).toEqual([]);
  });
});
