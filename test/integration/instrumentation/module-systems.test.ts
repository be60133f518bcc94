import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { AUTO_INSTRUMENTATIONS, REGISTER } from '../../support/instrumentation/fixture-process.ts';
import { get, startShop } from './shop-world.ts';

function fixture(name: string): string {
  return fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
}

async function expectCovered(name: string, imports: readonly string[], path = '/'): Promise<void> {
  await using world = await startShop({ imports }, name);
  const token = await world.provider.accessToken({ sub: 'alice', sid: 'session-1' });
  expect(await get(`${world.url}${path}`, token)).toEqual({ status: 200, body: { subject: 'alice' } });
  expect(await get(`${world.url}${path}`, 'not-a-token')).toEqual({
    status: 401,
    body: { error: 'ERR_JWS_INVALID' },
  });
  const spans = await world.audit.waitFor(
    (all) => all.filter(({ kind }) => kind === 2).length === 2,
    'two requests',
  );
  const [good, bad] = spans.filter(({ kind }) => kind === 2);
  expect(good?.attributes).toMatchObject({ 'session.id': 'session-1' });
  expect(good?.events.map((event) => event.name)).toEqual(['oidc.authorization.requested']);
  expect(bad?.attributes).not.toHaveProperty('session.id');
  expect(bad?.events.map((event) => event.name)).toEqual([
    'oidc.authorization.requested',
    'oidc.token.rejected',
  ]);
  expect(world.shop.stderr).toBe('');
}

describe('CommonJS applications require the libraries', () => {
  test.each([['/'], ['/subpath']])('path %s', (path) =>
    expectCovered('requires.cjs', [REGISTER, AUTO_INSTRUMENTATIONS], path),
  );
});

test('a compiler that was loaded after us and calls nobody else’s loader', () => {
  const compiler = pathToFileURL(fixture('late-compiler.mjs')).href;
  return expectCovered('requires.cjs', [compiler, REGISTER, AUTO_INSTRUMENTATIONS, `${compiler}?again`]);
});

describe('ES modules, beside others’ loader hooks', () => {
  test('OpenTelemetry’s on its thread, after ours', () =>
    expectCovered('esm-http.mjs', [REGISTER, AUTO_INSTRUMENTATIONS, fixture('otel-loader.mjs')]));
  test('OpenTelemetry’s on its thread, before ours', () =>
    expectCovered('esm-http.mjs', [fixture('otel-loader.mjs'), AUTO_INSTRUMENTATIONS, REGISTER]));
  test('the same copy of import-in-the-middle, after ours', () =>
    expectCovered('esm-http.mjs', [REGISTER, AUTO_INSTRUMENTATIONS, fixture('same-iitm.mjs')]));
  test('the same copy of import-in-the-middle, before ours', () =>
    expectCovered('esm-http.mjs', [fixture('same-iitm.mjs'), AUTO_INSTRUMENTATIONS, REGISTER]));
});

describe('a Node without sufficient synchronous hooks', () => {
  const old = fixture('old-node.mjs');
  test('CommonJS', () => expectCovered('requires.cjs', [old, REGISTER, AUTO_INSTRUMENTATIONS]));
  test('ES modules', () =>
    expectCovered('esm-http.mjs', [old, REGISTER, AUTO_INSTRUMENTATIONS, fixture('otel-loader.mjs')]));
});

test('without any loader hook of others', () =>
  expectCovered('requires.cjs', [AUTO_INSTRUMENTATIONS, REGISTER]));
