import { randomBytes } from 'node:crypto';
import { EncryptJWT, exportJWK, generateKeyPair, type JWTPayload } from 'jose';
import { expect, test } from 'vitest';
import { startLibraryApp } from '../../../support/apps/library-world.ts';
import { expectNoSecrets } from '../../../support/apps/seen-events.ts';

const PERSON = { iss: 'https://id.test', sub: 'alice', sid: 'session-of-alice' };

test.each([
  // Its errors do not carry the claims.
  ['jose 4', 'openid-client-5', []],
  ['jose 6', 'jose-6', ['old']],
])(
  '%s: an encrypted token binds if only the application can have made it',
  async (_version, app, rejected) => {
    const sharedKey = randomBytes(32);
    const { publicKey, privateKey } = await generateKeyPair('RSA-OAEP-256', { extractable: true });
    const encrypt = (
      claims: JWTPayload,
      expires = '1h',
      key: 'shared' | 'public' = 'shared',
    ): Promise<string> =>
      new EncryptJWT(claims)
        .setProtectedHeader({ alg: key === 'shared' ? 'dir' : 'RSA-OAEP-256', enc: 'A256GCM' })
        .setExpirationTime(expires)
        .encrypt(key === 'shared' ? sharedKey : publicKey);
    await using world = await startLibraryApp(app, 'jose/encrypted.cjs', {
      env: {
        SHARED_KEY: sharedKey.toString('base64url'),
        PRIVATE_KEY: JSON.stringify(await exportJWK(privateKey)),
      },
    });

    const good = await encrypt(PERSON);
    const cases = [
      { token: good, status: 200, session: 'session-of-alice' },
      { token: await encrypt({ sub: 'alice' }), status: 200, session: undefined },
      { token: await encrypt(PERSON, '1h', 'public'), status: 200, session: undefined },
      { token: await encrypt({ ...PERSON, sid: 'old' }, '-1h'), status: 401, session: undefined },
      { token: await encrypt({ sub: 'alice' }, '-1h'), status: 401, session: undefined },
      { token: await encrypt(PERSON, '-1h', 'public'), status: 401, session: undefined },
      { token: `${good.slice(0, -8)}AAAAAAAA`, status: 401, session: undefined },
    ];
    for (const { token, status } of cases) {
      expect((await world.send('/', { headers: { cookie: `session=${token}` } })).status).toBe(status);
    }

    const spans = await world.serverSpans();
    expect(spans.map(({ attributes }) => attributes['session.id'])).toEqual(
      cases.map(({ session }) => session),
    );
    const rejections = await world.events('oidc.token.rejected');
    expect(rejections.map(({ attributes }) => attributes['session.id'])).toEqual(rejected);
    for (const { attributes, span } of rejections) {
      expect(attributes).toMatchObject({ 'oidc.token.rejection_reason': 'expired' });
      expect(span.spanId).toBe(spans[3]?.spanId);
    }
    expectNoSecrets(
      world,
      cases.map(({ token }) => token),
    );
  },
);
