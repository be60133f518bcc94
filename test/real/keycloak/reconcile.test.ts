import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dataDirectory, loadConfig, startService, type Service } from '@spanledger/audit-exporter';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand } from '../../support/cli/process.ts';
import {
  makeDataDirectory,
  readEntries,
  sendTraces,
  verifyDirectory,
  waitFor,
} from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf } from '../../support/exporter/spans.ts';
import { startChromium } from '../chromium/chromium.ts';
import { sharedKeycloak } from './shared.ts';
import { Outage } from './outage.ts';
import { RecordSearch } from './record-search.ts';
import { Shop } from './shop.ts';
import { READER_CLIENT, ShopRealm } from './shop-realm.ts';
import { Visitor } from './visitor.ts';

const START_TIMEOUT_MS = 600_000;
const EVERY_MINUTES = 0.01;
const SETTLE_MINUTES = 0.05;

const stack = new AsyncDisposableStack();
let directory: string;
let configFile: string;
let browser: Browser;
let realm: ShopRealm;
let outage: Outage;
let service: Service;
let shop: Shop;
let frank: string;
let grace: string;
/** When the first window began, in milliseconds since the epoch. */
let firstWindowMs: number;

function start(port = 0): Promise<Service> {
  return startService(
    loadConfig({
      file: configFile,
      env: { SPANLEDGER_LOG_LEVEL: 'silent', SPANLEDGER_KEYCLOAK_CLIENT_SECRET: realm.readerSecret },
      flags: { port },
    }),
  );
}

beforeAll(async () => {
  const data = await makeDataDirectory();
  stack.defer(() => data.remove());
  directory = join(data.path, 'data');
  configFile = join(data.path, 'spanledger.yaml');
  const keycloak = await sharedKeycloak();
  outage = stack.use(await Outage.before(keycloak.url));
  realm = await ShopRealm.create(keycloak);
  frank = await realm.addPerson('frank');
  grace = await realm.addPerson('grace');
  const keycloakConfig = {
    url: outage.url,
    realm: realm.name,
    issuer: realm.issuer,
    client_id: READER_CLIENT,
    every_minutes: EVERY_MINUTES,
    settle_minutes: SETTLE_MINUTES,
  };
  // JSON is YAML.
  await writeFile(
    configFile,
    JSON.stringify({ data_directory: directory, reconcile: { keycloak: keycloakConfig } }),
  );
  service = await start();
  stack.defer(() => service.close());
  shop = stack.use(
    await Shop.start(realm, {
      clientId: 'first-shop',
      host: '127.0.0.1',
      refreshMarginS: 1,
      auditUrl: service.url,
      spoolDirectory: join(data.path, 'spool'),
    }),
  );
  browser = await startChromium();
  stack.defer(() => browser.close());
}, START_TIMEOUT_MS);

afterAll(() => stack.disposeAsync());

/** What was found so far, but for what the setting up of the realm left. */
async function findings(least: number): Promise<string[]> {
  const records = await new RecordSearch(service.url).find(
    'event.action:reconciliation.missing_* and not event.code:ADMIN_*',
    least,
  );
  return records.map(
    ({ event, user }) => `${event.action.slice('reconciliation.'.length)} ${event.code} ${user?.id}`,
  );
}

async function readiness(): Promise<{ status: string; warnings?: { code: string; message: string }[] }> {
  return JSON.parse(await (await fetch(`${service.url}/readyz`)).text());
}

test('what one side has and the other has not becomes records, each once, and nothing else does', async () => {
  await using visitor = await Visitor.arrive(browser, 'frank');
  await visitor.tryWrongPassword(shop.url);
  await visitor.enter(realm.password);
  await visitor.visit(`${shop.url}/orders`);
  await visitor.logOut(shop.url);
  const { sid } = await realm.tokenOf('grace', 'first-shop', 'openid');
  // Somebody made a token up, or stole a key: the provider has never heard of it.
  const forged = createSender('forger').span({
    attributes: { ...sessionAttributes('mallory', 'sid of mallory'), 'oidc.issuer': realm.issuer },
    events: [
      {
        name: 'oidc.token.issued',
        time: [Math.floor(Date.now() / 1000), 0],
        attributes: { 'oidc.token.id': 'forged', 'oidc.token.type': 'access', 'oidc.issuer': realm.issuer },
      },
    ],
  });
  expect((await sendTraces(service.url, toProtobuf([forged]))).status).toBe(200);

  expect((await findings(4)).toSorted((a, b) => a.localeCompare(b))).toEqual([
    'missing_at_provider oidc.token.issued mallory',
    `missing_in_ledger LOGIN ${grace}`,
    `missing_in_ledger LOGIN_ERROR ${frank}`,
    // With the refresh token that the shop revoked first, Keycloak had ended the session.
    'missing_in_ledger LOGOUT_ERROR undefined',
  ]);
  const [failed] = await new RecordSearch(service.url).find(
    'event.category:authentication and event.outcome:failure and oidc.error:invalid_user_credentials',
  );
  expect(failed).toMatchObject({
    event: { code: 'LOGIN_ERROR', provider: 'keycloak' },
    user: { id: frank, name: 'frank' },
    oidc: { issuer: realm.issuer, client_id: 'first-shop' },
    client: { address: '127.0.0.1' },
  });
  const [direct] = await new RecordSearch(service.url).find(`oidc.session.id:${sid}`);
  expect(direct).toMatchObject({ event: { code: 'LOGIN' }, user: { id: grace } });
  // Who is who is the same as in the records of applications.
  const [own] = await new RecordSearch(service.url).find(
    `event.action:oidc.token.issued and user.id:${frank}`,
  );
  expect(failed?.audit.actor.id).toBe(own?.audit.actor.id);
});

test('an administrator’s doings are records too, and what they may hold is not told', async () => {
  const [created] = await new RecordSearch(service.url).find('event.code:ADMIN_CREATE_CLIENT');
  expect(created).toMatchObject({ event: { category: ['iam'], outcome: 'success' } });
  expect(JSON.stringify(created)).not.toContain('backchannel');
});

test('a provider that is down is waited for, and said to be; no window is lost, none counted twice', async () => {
  const before = (await findings(4)).length;
  outage.begin();
  await waitFor(
    'the warning',
    async () => /does not answer/.test((await readiness()).warnings?.[0]?.message ?? ''),
    20_000,
  );
  expect(await readiness()).toMatchObject({ status: 'ready', warnings: [{ code: 'reconciliation_behind' }] });
  expect(await (await fetch(`${service.url}/metrics`)).text()).toMatch(/^spanledger_reconciliation_up 0$/m);
  await using visitor = await Visitor.arrive(browser, 'frank');
  await visitor.tryWrongPassword(shop.url);
  // The service is replaced meanwhile.
  const port = Number(new URL(service.url).port);
  await service.close();
  service = await start(port);
  outage.end();
  expect(await findings(before + 1)).toHaveLength(before + 1);
  await waitFor('the warning to go', async () => (await readiness()).warnings === undefined, 20_000);

  const records = await new RecordSearch(service.url).find('event.action:reconciliation.completed', 2);
  const windows = records.map(({ audit }) => audit.reconciliation);
  firstWindowMs = Date.parse(windows[0]?.from ?? '');
  for (const [i, window] of windows.entries()) if (i > 0) expect(window?.from).toBe(windows[i - 1]?.to);
});

test('the command finds the same, and ends with 1', async () => {
  const args = ['reconcile', 'keycloak', '--config', configFile, '--url', service.url];
  const env = { SPANLEDGER_KEYCLOAK_CLIENT_SECRET: realm.readerSecret };
  const found = await runCommand([...args, '--since', '1h', '--until', '3s', '--json'], env);
  expect(found.status, found.stderr).toBe(1);
  const report = JSON.parse(found.stdout);
  expect(report.missing_at_provider).toMatchObject([
    { action: 'oidc.token.issued', user_id: 'mallory', token_id: 'forged' },
  ]);
  const own: string[] = report.missing_in_ledger.map(({ type }: { type: string }) => type);
  expect(own.filter((type) => !type.startsWith('ADMIN_')).toSorted((x, y) => x.localeCompare(y))).toEqual([
    'LOGIN',
    'LOGIN_ERROR',
    'LOGIN_ERROR',
    'LOGOUT_ERROR',
  ]);

  const text = await runCommand([...args, '--since', '1h', '--until', '3s'], env);
  expect(text.stdout).toMatch(/LOGIN_ERROR +first-shop +frank/);
  const refused = await runCommand(args, { SPANLEDGER_KEYCLOAK_CLIENT_SECRET: 'not it' });
  expect(refused.status).toBe(3);
  expect(refused.stderr).toMatch(/view-events/);
});

test('all of it verifies, and nothing is in it twice', async () => {
  await service.close();
  // A crash may lose the note of what is done; the ledger itself knows it.
  const stateFile = dataDirectory(directory).reconcilerFile;
  const noted = JSON.parse(await readFile(stateFile, 'utf8'));
  await writeFile(stateFile, JSON.stringify({ ...noted, through_ms: firstWindowMs }));
  service = await start();
  const throughMs = (): number =>
    Date.parse(String(Object(Object(service.status()['reconciliation'])['keycloak'])['through']));
  await waitFor('what is done to be known', () => throughMs() >= noted.through_ms);
  await service.close();
  expect((await verifyDirectory(directory)).failures).toEqual([]);
  const ids = (await readEntries(directory)).map(({ audit }) => Object(Object(audit)['record'])['id']);
  expect(new Set(ids).size).toBe(ids.length);
  service = await start();
});
