import { expect, test } from 'vitest';
import { compareWithout } from '../../../support/apps/compare-without.ts';
import { headerOf } from '../../../support/apps/exchange.ts';
import { startLibraryApp, type LibraryWorld } from '../../../support/apps/library-world.ts';
import { expectNoSecrets, onlyEvent } from '../../../support/apps/seen-events.ts';

const SCRIPT = 'fastify-oauth2/web.cjs';

/** Somebody logs in, the token is refreshed and revoked, and the service gets one for itself. */
async function visit(world: LibraryWorld): Promise<void> {
  const { page } = await world.login('/login', 'finn');
  expect(page.status, String(page.body)).toBe(200);
  for (const path of ['/refresh', '/revoke', '/service']) {
    const answer = await world.send(path);
    expect(answer.status, `${path}: ${String(answer.body)}`).toBe(200);
  }
}

for (const app of ['fastify-5-oauth2', 'fastify-4-oauth2']) {
  test(`${app}: each event once, with what both libraries know of it`, async () => {
    await using world = await startLibraryApp(app, SCRIPT);
    await visit(world);
    const client = { 'oidc.client_id': 'fixture' };
    const requested = await onlyEvent(world, 'oidc.authorization.requested');
    expect(requested.attributes).toMatchObject({ ...client, 'oidc.scope.requested': ['openid', 'orders'] });
    const issued = await world.events('oidc.token.issued');
    const ours = {
      ...client,
      'user.id': 'finn',
      'oidc.issuer': world.provider.issuer,
      'session.id': issued[0]?.attributes['session.id'],
    };
    expect(issued.map(({ attributes }) => attributes)).toMatchObject([
      {
        ...ours,
        'oidc.grant_type': 'authorization_code',
        'oidc.flow': 'code',
        'oidc.scope': ['openid', 'orders'],
        'oidc.scope.requested': ['openid', 'orders'],
      },
      {
        ...client,
        'user.id': 'fixture',
        'oidc.grant_type': 'client_credentials',
        'oidc.scope.requested': ['stock'],
      },
    ]);
    expect((await onlyEvent(world, 'oidc.session.started')).attributes).toMatchObject(ours);
    const refreshed = await onlyEvent(world, 'oidc.token.refreshed');
    expect(refreshed.attributes).toMatchObject({
      ...ours,
      'oidc.token.previous_id': issued[0]?.attributes['oidc.token.id'],
      'oidc.token.refresh_reason': 'forced',
    });
    const revoked = await world.events('oidc.token.revoked');
    expect(revoked.map(({ attributes }) => attributes)).toMatchObject([
      { ...ours, 'oidc.token.type': 'access', 'oidc.token.id': refreshed.attributes['oidc.token.id'] },
      { ...ours, 'oidc.token.type': 'refresh' },
    ]);
    const users = (await world.serverSpans()).map(({ attributes }) => attributes['user.id']);
    expect(users).toEqual([undefined, 'finn', 'finn', undefined, undefined]);
    expectNoSecrets(world);
  });

  test(`${app}: an answer that is refused, by whom and however it is given, is one event`, async () => {
    await using world = await startLibraryApp(app, SCRIPT);
    const browser = world.browser('finn');
    const away = await browser.send(`${world.url}/login`);
    const state = new URL(headerOf(away, 'location') ?? '').searchParams.get('state') ?? '';
    await browser.send(`${world.url}/callback?code=a-stolen-code&state=another-state`);
    await browser.send(`${world.url}/callback?code=a-stolen-code&state=${state}`);
    await browser.send(`${world.url}/by-callback?code=a-stolen-code&state=${state}`);
    await world.send('/password?username=finn&password=not-the-password');
    const failures = await world.events('oidc.authorization.failed');
    expect(failures.map(({ attributes }) => attributes['oidc.error'])).toEqual([
      'invalid_state',
      'invalid_grant',
      'invalid_grant',
      expect.stringMatching(/^(?:unsupported_grant_type|unauthorized_client|invalid_request)$/),
    ]);
    expectNoSecrets(world, [state, 'a-stolen-code', 'another-state', 'not-the-password']);
  });

  test(`${app}: answers are the same without us`, async () => {
    await compareWithout(app, SCRIPT, visit);
  });
}
