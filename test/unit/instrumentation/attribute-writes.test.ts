import {
  ATTR_OIDC_CLIENT_ID,
  ATTR_OIDC_ISSUER,
  ATTR_OIDC_SESSION_STATE,
  ATTR_OIDC_TOKEN_EXPIRES_AT,
  ATTR_OIDC_TOKEN_ID,
  ATTR_OIDC_TOKEN_ISSUED_AT,
  ATTR_OIDC_TOKEN_TYPE,
  ATTR_SESSION_ID,
  ATTR_USER_ID,
} from '@spanledger/record';
import { expect, test } from 'vitest';
import type { SpanAttributes } from '../../../packages/instrumentation/src/otlp/recorded-span.ts';
import { SessionRegistry } from '../../../packages/instrumentation/src/session/session-registry.ts';
import { tokenAttributes } from '../../../packages/instrumentation/src/session/token-attributes.ts';

// Names are written in full where spans end, because that is faster: here they are held to the contract's.

test.each([
  ['full' as const, { azp: 'shop' }, [ATTR_SESSION_ID, ATTR_USER_ID, ATTR_OIDC_CLIENT_ID, ATTR_OIDC_ISSUER]],
  ['minimal' as const, {}, [ATTR_SESSION_ID, ATTR_OIDC_ISSUER]],
])('a span gets the whole short set of a session: %s', (identity, claims, names) => {
  const sessions = new SessionRegistry({ claims: [], identity, identityKey: undefined });
  const session = sessions.resolve({ iss: 'i', sub: 's', sid: 'x', acr: '2', ...claims }, undefined);
  if (session === undefined) throw new Error('no session');
  const attributes: SpanAttributes = {};
  session.writeShort(attributes);
  expect(attributes).toStrictEqual(session.short);
  expect(Object.keys(attributes)).toEqual(names);
  const whole: SpanAttributes = {};
  session.writeWhole(whole);
  expect(whole).toStrictEqual(session.describe());
  expect(whole).toHaveProperty([ATTR_OIDC_SESSION_STATE], 'active');
});

test('a token is described under the contract’s names, without those it has no value for', () => {
  expect(tokenAttributes({ type: 'access', id: 'a', issuedAt: 1, expiresAt: 2 })).toStrictEqual({
    [ATTR_OIDC_TOKEN_TYPE]: 'access',
    [ATTR_OIDC_TOKEN_ID]: 'a',
    [ATTR_OIDC_TOKEN_ISSUED_AT]: 1,
    [ATTR_OIDC_TOKEN_EXPIRES_AT]: 2,
  });
  expect(
    Object.keys(tokenAttributes({ type: 'id', id: 'a', issuedAt: undefined, expiresAt: undefined })),
  ).toEqual([ATTR_OIDC_TOKEN_TYPE, ATTR_OIDC_TOKEN_ID]);
});
