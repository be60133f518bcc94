import { describe, expect, it } from 'vitest';
import { optedInAttributes } from '../../../packages/instrumentation/src/session/opted-in-claims.ts';

const PAYLOAD = {
  roles: ['user'],
  department: 'sales',
  'a.b': 'flat',
  realm_access: { roles: ['admin', 'offline_access'], other: { deep: 'x' } },
};

describe('claims that are opted in', () => {
  it('are taken by name', () => {
    expect(optedInAttributes(['roles', 'department'], PAYLOAD)).toEqual({
      'user.roles': ['user'],
      'oidc.claims.department': 'sales',
    });
  });

  it('are taken out of another one, by both names', () => {
    expect(optedInAttributes(['realm_access.roles'], PAYLOAD)).toEqual({
      'oidc.claims.realm_access.roles': ['admin', 'offline_access'],
    });
  });

  it('are taken by a name with a dot first', () => {
    expect(optedInAttributes(['a.b'], { ...PAYLOAD, a: { b: 'nested' } })).toEqual({
      'oidc.claims.a.b': 'flat',
    });
  });

  it.each([
    'realm_access',
    'realm_access.other',
    'realm_access.none',
    'department.length',
    'none.roles',
    '__proto__.x',
  ])('are none where %s is a structure, or nothing of the provider’s', (name) => {
    expect(optedInAttributes([name], PAYLOAD)).toEqual({});
  });
});
