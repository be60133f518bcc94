import { expect, test } from 'vitest';
import {
  AUTO_INSTRUMENTATIONS,
  FixtureProcess,
  REGISTER,
  STANDALONE,
} from '../../support/instrumentation/fixture-process.ts';
import { scratchDirectory } from '../../support/instrumentation/scratch.ts';
import { get, startShop, type ShopWorld } from './shop-world.ts';

/** Requests that go wrong in every way the libraries know. */
async function badDay({ provider, url }: ShopWorld): Promise<unknown[]> {
  const answers: unknown[] = [];
  const claims = { sub: 'alice', sid: 's1' };
  const good = await provider.accessToken(claims);
  const tokens = [
    good,
    `${good}x`,
    good.split('.').slice(0, 2).join('.'),
    '..',
    'x'.repeat(12_000),
    await provider.accessToken({ ...claims, aud: [] }),
    await provider.accessToken({ sub: '' }),
    await provider.accessToken({ sub: '\ud800 💥', sid: '\0', scope: ['a', 5] }),
    await provider.sign({
      sub: 'a',
      aud: 'urn:fixture:api',
      ['__proto__']: { polluted: true },
      constructor: 'x',
    }),
    await provider.accessToken({ sub: 'x'.repeat(3_000), sid: 'y'.repeat(3_000) }),
    await provider.accessToken({ ...claims, amr: { deep: [[[[]]]] } }),
  ];
  for (const token of tokens) answers.push(await get(`${url}/orders`, token));
  for (const query of ['', '?code=', '?error=x', '?state=wrong&code=y', '?code=%00&state=%F0%9F%92%A5']) {
    answers.push(await get(`${url}/callback${query}`));
  }
  answers.push(
    await get(`${url}/refresh/nobody`),
    await get(`${url}/logout/nobody`),
    await get(`${url}/login`),
  );
  const { status, body } = await get(
    `${url}/callback?code=${provider.login({ sub: 'alice' })}&state=state-value-that-must-not-leak`,
  );
  answers.push(status, body['subject']);
  return answers;
}

test('on a bad day the application answers as it would without us', async () => {
  const run = async (imports: string[], env: Record<string, string>): Promise<unknown[]> => {
    await using world = await startShop({ imports, env });
    const answers = await badDay(world);
    expect(world.shop.child.exitCode).toBeNull();
    return JSON.parse(
      JSON.stringify(answers).replaceAll(world.provider.issuer, 'ISSUER').replaceAll(world.url, 'URL'),
    );
  };
  const without = await run([AUTO_INSTRUMENTATIONS], {});
  expect(await run([REGISTER, AUTO_INSTRUMENTATIONS], {})).toEqual(without);
  expect(await run([STANDALONE], {})).toEqual(without);
  // Neither does a spool that cannot be written matter.
  expect(await run([REGISTER, AUTO_INSTRUMENTATIONS], { SPANLEDGER_SPOOL_DIR: '/proc/nowhere' })).toEqual(
    without,
  );
  expect(await run([REGISTER, AUTO_INSTRUMENTATIONS], { SPANLEDGER_DISABLED: 'true' })).toEqual(without);
}, 120_000);

test('disabled means that nothing happens', async () => {
  await using world = await startShop({ env: { SPANLEDGER_DISABLED: 'true' } });
  await get(`${world.url}/orders`, await world.provider.accessToken({ sub: 'alice', sid: 's1' }));
  const own = await world.telemetry.waitFor((all) => all.some(({ kind }) => kind === 2), 'its own telemetry');
  for (const { attributes } of own) expect(attributes).not.toHaveProperty('session.id');
  expect(world.audit.seen).toEqual([]);
});

test('alone, without OpenTelemetry, register changes nothing and keeps nothing alive', async () => {
  await using spool = await scratchDirectory();
  await using alone = new FixtureProcess('alone.mjs', {
    imports: [REGISTER],
    env: { SPANLEDGER_SPOOL_DIR: spool.path },
  });
  expect(await alone.exited).toEqual({ code: 0, signal: null });
  expect(alone.stdout).toBe('bound: false\napi: absent\nsignals: 0\nargv: false\n');
  // It asked for a session to be bound, and nothing records it: that is told, on one line.
  expect(alone.stderr.match(/SpanledgerWarning/g)).toHaveLength(1);
  expect(alone.stderr).toMatch(/SPANLEDGER_NO_PROVIDER/);
});

test('settings that make no sense are told once, and the application starts', async () => {
  await using spool = await scratchDirectory();
  await using alone = new FixtureProcess('alone.mjs', {
    imports: [REGISTER],
    env: {
      SPANLEDGER_SPOOL_DIR: spool.path,
      SPANLEDGER_ENDPOINT: 'nonsense',
      SPANLEDGER_SPOOL_MAX_BYTES: '-1',
    },
  });
  expect((await alone.exited).code).toBe(0);
  expect(alone.stderr).toMatch(/SPANLEDGER_ENDPOINT must be/);
  expect(alone.stderr).toMatch(/SPANLEDGER_SPOOL_MAX_BYTES must be/);
  expect(alone.stderr).not.toMatch(/nonsense/);
});

test('the application binds a session itself, in any of several providers', async () => {
  await using spool = await scratchDirectory();
  await using world = await startShop();
  await using app = new FixtureProcess('own-provider.mjs', {
    imports: [REGISTER],
    env: { SPANLEDGER_SPOOL_DIR: spool.path, SPANLEDGER_ENDPOINT: world.audit.url },
  });
  expect(await app.exited).toEqual({ code: 0, signal: null });
  expect(app.stdout.split('\n')).toEqual([
    'outside: false',
    'first: true',
    'again: true',
    'other: false',
    'nobody: false',
    '',
  ]);
  const spans = await world.audit.waitFor(
    (all) => all.filter(({ scope }) => scope.name === 'own').length >= 4,
    'its spans',
  );
  const byName = new Map(spans.map((span) => [span.name, span.attributes]));
  expect(byName.get('first')).toMatchObject({
    'session.id': 's1',
    'user.id': 'alice',
    'oidc.session.state': 'active',
  });
  expect(byName.get('early')).toMatchObject({ 'session.id': 's1' });
  expect(byName.get('second')).not.toHaveProperty('session.id');
  expect(byName.get('after-shutdown')).toMatchObject({ 'session.id': 's2' });
});
