import type { Service } from '@spanledger/audit-exporter';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeDataDirectory, waitFor } from '../../support/exporter/service.ts';
import { findDocuments, startSignalService } from '../../support/signals/signal-service.ts';
import { Outage } from './outage.ts';
import { sharedKeycloak } from './shared.ts';
import { ShopRealm } from './shop-realm.ts';

const START_TIMEOUT_MS = 600_000;
const CLIENT = 'back-office';

const stack = new AsyncDisposableStack();
let folder: string;
let realm: ShopRealm;
let outage: Outage;
let service: Service;
let frank: string;

/** Keycloak is told one address: a service that starts anew must listen there again. */
function start(port = 0): Promise<Service> {
  const keys = `${realm.issuer.replace(new URL(realm.issuer).origin, outage.url)}/protocol/openid-connect/certs`;
  return startSignalService(folder, [{ issuer: realm.issuer, audience: [CLIENT], jwks_uri: keys }], port);
}

beforeAll(async () => {
  const data = await makeDataDirectory();
  stack.defer(() => data.remove());
  folder = data.path;
  const keycloak = await sharedKeycloak();
  outage = stack.use(await Outage.before(keycloak.url));
  realm = await ShopRealm.create(keycloak);
  frank = await realm.addPerson('frank');
  service = await start();
  stack.defer(() => service.close());
  const url = `${service.url}/sessions/backchannel-logout`;
  await realm.addShop(CLIENT, 'http://127.0.0.1:1', url);
  await waitFor('its keys', async () =>
    (await (await fetch(`${service.url}/metrics`)).text()).includes(
      `spanledger_provider_keys_usable{issuer="${realm.issuer}"} 1`,
    ),
  );
}, START_TIMEOUT_MS);

afterAll(() => stack.disposeAsync());

test('an administrator logs somebody out: the end of the session is in the ledger, and no application saw it', async () => {
  const { sid } = await realm.tokenOf('frank', CLIENT, 'openid');
  await realm.admin('POST', `/users/${frank}/logout`);
  const [ended] = await findDocuments(service.url, `oidc.session.id:"${sid}"`);
  expect(ended).toMatchObject({
    event: { action: 'oidc.session.ended', reason: 'backchannel_logout', provider: realm.issuer },
    audit: { signal: { delivery: 'backchannel', keys_stale: false } },
    oidc: { client_id: CLIENT, issuer: realm.issuer },
    user: { id: frank },
  });
});

test('a single session is ended after the realm’s key was rotated: the new key is fetched', async () => {
  const { sid } = await realm.tokenOf('frank', CLIENT, 'openid');
  await realm.admin('POST', '/components', {
    name: 'newer',
    providerId: 'rsa-generated',
    providerType: 'org.keycloak.keys.KeyProvider',
    config: { priority: ['1000'], enabled: ['true'], active: ['true'], algorithm: ['RS256'] },
  });
  await realm.admin('DELETE', `/sessions/${sid}?isOffline=false`);
  const [ended] = await findDocuments(service.url, `oidc.session.id:"${sid}"`);
  const [before] = await findDocuments(service.url, 'event.action:oidc.session.ended');
  expect(ended?.audit.signal['key_id']).not.toBe(before?.audit.signal['key_id']);
  expect(ended?.audit.actor.id).toBe(before?.audit.actor.id);
});

test('a service that starts while the keys cannot be fetched goes by those that it has', async () => {
  const port = Number(new URL(service.url).port);
  outage.begin();
  await service.close();
  service = await start(port);
  const { sid } = await realm.tokenOf('frank', CLIENT, 'openid');
  await realm.admin('POST', `/users/${frank}/logout`);
  const [ended] = await findDocuments(service.url, `oidc.session.id:"${sid}"`);
  expect(ended?.event).toMatchObject({ action: 'oidc.session.ended', reason: 'backchannel_logout' });
});
