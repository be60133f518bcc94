import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Service } from '@spanledger/audit-exporter';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  makeDataDirectory,
  readAllFiles,
  startTestService,
  verifyDirectory,
} from '../../support/exporter/service.ts';
import { AUTO_INSTRUMENTATIONS, REGISTER } from '../../support/instrumentation/fixture-process.ts';
import { ScriptProcess } from '../../support/instrumentation/script-process.ts';
import { startChromium } from '../chromium/chromium.ts';
import { sharedKeycloak } from './shared.ts';
import { RecordSearch } from './record-search.ts';
import { Shop } from './shop.ts';
import { secretOf, ShopRealm } from './shop-realm.ts';
import { Visitor } from './visitor.ts';

const START_TIMEOUT_MS = 600_000;

/** Short, so that a test sees a refresh and an expiry. */
const TOKEN_LIFE_S = 4;

/** All but a second of it: every visit but the first refreshes. */
const REFRESH_MARGIN_S = 3;

const stack = new AsyncDisposableStack();
let directory: string;
let browser: Browser;
let realm: ShopRealm;
let service: Service;
let records: RecordSearch;
let first: Shop;
let second: Shop;

beforeAll(async () => {
  const data = await makeDataDirectory();
  stack.defer(() => data.remove());
  directory = join(data.path, 'data');
  service = await startTestService(directory);
  stack.defer(() => service.close());
  records = new RecordSearch(service.url);
  const keycloak = await sharedKeycloak();
  realm = await ShopRealm.create(keycloak, { accessTokenLifespan: TOKEN_LIFE_S, revokeRefreshToken: true });
  const startShop = async (clientId: string, host: string): Promise<Shop> => {
    const spans = { auditUrl: service.url, spoolDirectory: join(data.path, clientId) };
    return stack.use(await Shop.start(realm, { clientId, host, refreshMarginS: REFRESH_MARGIN_S, ...spans }));
  };
  [first, second] = await Promise.all([
    startShop('first-shop', '127.0.0.1'),
    startShop('second-shop', '127.0.0.2'),
  ]);
  browser = await startChromium();
  stack.defer(() => browser.close());
}, START_TIMEOUT_MS);

afterAll(() => stack.disposeAsync());

test('login by code and PKCE, single sign-on, refresh, logout here, back-channel logout there: one session', async () => {
  const alice = await realm.addPerson('alice', ['manager']);
  await using visitor = await Visitor.arrive(browser, 'alice');
  await visitor.logIn(first.url, realm.password);
  await visitor.logInAgain(second.url);

  const issued = await records.find(`event.action:oidc.token.issued and user.id:${alice}`, 2);
  expect(issued).toMatchObject([
    {
      service: { name: 'first-shop' },
      oidc: { client_id: 'first-shop', grant_type: 'authorization_code', flow: 'code', issuer: realm.issuer },
    },
    { service: { name: 'second-shop' }, oidc: { client_id: 'second-shop', acr: '0' } },
  ]);
  const sid = issued[0]?.oidc.session.id;
  expect(sid).toMatch(/^[\w-]{24}$/);
  expect(issued[1]?.oidc.session.id).toBe(sid);
  expect(issued[1]?.audit.session.id).toBe(issued[0]?.audit.session.id);
  expect(issued[0]?.oidc.scope).toEqual(expect.arrayContaining(['openid', 'orders:read']));

  await expect.poll(() => visitor.visit(`${first.url}/orders`), { timeout: 15_000 }).toBe(200);
  const [refreshed] = await records.find(
    `event.action:oidc.token.refreshed and oidc.session.id:${sid} and oidc.client_id:first-shop`,
  );
  expect(refreshed).toMatchObject({
    event: { outcome: 'success', reason: expect.stringMatching(/^(?:near_expiry|expired)$/) },
    oidc: {
      client_id: 'first-shop',
      token: { id: expect.stringMatching(/^onrtrt:/), previous_id: issued[0]?.oidc.token.id },
    },
  });

  await visitor.logOut(first.url);
  const ended = await records.find(`event.action:oidc.session.ended and oidc.session.id:${sid}`, 2);
  expect(Object.fromEntries(ended.map(({ service: { name }, event: { reason } }) => [name, reason]))).toEqual(
    {
      'first-shop': 'logout',
      'second-shop': 'backchannel_logout',
    },
  );
  expect(new Set(ended.map(({ audit }) => audit.session.id))).toEqual(new Set([issued[0]?.audit.session.id]));
  const [revoked] = await records.find(`event.action:oidc.token.revoked and oidc.session.id:${sid}`);
  expect(revoked).toMatchObject({ oidc: { client_id: 'first-shop', token: { type: 'refresh' } } });
  // The second shop forgot it too.
  expect(await visitor.visit(`${second.url}/me`)).toBe(401);
});

test('a wrong password shows at no application; the right one after it is a session', async () => {
  const bob = await realm.addPerson('bob');
  await using visitor = await Visitor.arrive(browser, 'bob');
  expect(await visitor.tryWrongPassword(first.url)).toMatch(/Invalid username or password/);
  await visitor.enter(realm.password);
  const issued = await records.find(`event.action:oidc.token.issued and user.id:${bob}`);
  expect(issued).toHaveLength(1);
});

test('an administrator ends a session: the applications hear of it by the back channel', async () => {
  const carol = await realm.addPerson('carol');
  await using visitor = await Visitor.arrive(browser, 'carol');
  await visitor.logIn(first.url, realm.password);
  const [issued] = await records.find(`event.action:oidc.token.issued and user.id:${carol}`);
  await realm.admin('POST', `/users/${carol}/logout`);
  const [ended] = await records.find(
    `event.action:oidc.session.ended and oidc.session.id:${issued?.oidc.session.id}`,
  );
  expect(ended).toMatchObject({
    event: { reason: 'backchannel_logout' },
    service: { name: 'first-shop' },
    audit: { session: { id: issued?.audit.session.id } },
    oidc: { session: { state: 'logged_out' } },
  });
  expect(await visitor.visit(`${first.url}/me`)).toBe(401);
});

test('a token after its expiry is refused, and recorded under its session', async () => {
  const dave = await realm.addPerson('dave');
  const { token, sid } = await realm.tokenOf('dave', 'first-shop', 'openid orders:read');
  const ask = (): Promise<Response> =>
    fetch(`${first.url}/orders`, { headers: { authorization: `Bearer ${token}` } });
  expect((await ask()).status).toBe(200);
  await expect.poll(async () => (await ask()).status, { timeout: 20_000, interval: 500 }).toBe(401);
  const [rejected] = await records.find(`event.action:oidc.token.rejected and oidc.session.id:${sid}`);
  expect(rejected).toMatchObject({
    event: { outcome: 'failure', reason: 'expired' },
    user: { id: dave },
    oidc: { issuer: realm.issuer, session: { id: sid } },
  });
  const [call] = await records.find(
    `http.route:"/orders" and oidc.session.id:${sid} and event.outcome:success`,
  );
  expect(call?.audit.session.id).toBe(rejected?.audit.session.id);
});

test('a refresh token that is used a second time', async () => {
  const erin = await realm.addPerson('erin');
  await using app = new ScriptProcess(
    fileURLToPath(new URL('refresh-reuse.mjs', import.meta.url)),
    directory,
    {
      execArgv: [REGISTER, AUTO_INSTRUMENTATIONS].flatMap((name) => ['--import', import.meta.resolve(name)]),
      env: {
        ISSUER: realm.issuer,
        CLIENT_ID: 'first-shop',
        CLIENT_SECRET: secretOf('first-shop'),
        USERNAME: 'erin',
        PASSWORD: realm.password,
        OTEL_SERVICE_NAME: 'thief',
        OTEL_TRACES_EXPORTER: 'none',
        SPANLEDGER_ENDPOINT: `${service.url}/v1/traces`,
        SPANLEDGER_SPOOL_DIR: join(directory, '../thief'),
      },
    },
  );
  await app.line(/refused: invalid_grant/);
  await app.exited;
  const [refreshed] = await records.find('event.action:oidc.token.refreshed and service.name:thief');
  expect(refreshed).toMatchObject({ user: { id: erin } });
  const [refused] = await records.find(
    'event.outcome:failure and oidc.error:invalid_grant and service.name:thief',
  );
  expect(refused).toMatchObject({
    audit: { session: { id: refreshed?.audit.session.id } },
    oidc: { grant_type: 'refresh_token', session: { id: refreshed?.oidc.session.id } },
  });
});

test('all of it verifies, and nobody’s password is in any byte', async () => {
  expect((await verifyDirectory(directory)).failures).toEqual([]);
  for (const [path, bytes] of await readAllFiles(join(directory, '..'))) {
    for (const secret of [realm.password, secretOf('first-shop'), secretOf('second-shop')]) {
      expect(bytes.includes(secret), path).toBe(false);
    }
  }
});
