import { randomBytes } from 'node:crypto';
import { decodeJwt } from 'jose';
import type { KeycloakAdmin } from './admin.ts';

/** The identifier of the shops' API: the audience of access tokens. */
export const SHOP_RESOURCE = 'urn:shop:api';

/** The client by which the audit exporter reads events. */
export const READER_CLIENT = 'audit-reader';

const SHOP_SCOPES = ['orders:read', 'orders:write', 'admin:export'];
const EVENTS_LIFE_S = 86_400;
const SESSION_LIFE_S = 36_000;

/** The secret of a shop's client. */
export function secretOf(clientId: string): string {
  return `not-to-be-seen-${clientId}`;
}

/** A realm of its own with people and an API; shops are added as they come. */
export class ShopRealm {
  readonly #keycloak: KeycloakAdmin;
  readonly name: string;
  readonly issuer: string;
  readonly readerSecret: string = randomBytes(16).toString('hex');
  /** Everybody's password. */
  readonly password: string = randomBytes(8).toString('hex');

  private constructor(keycloak: KeycloakAdmin, name: string) {
    this.#keycloak = keycloak;
    this.name = name;
    this.issuer = `${keycloak.url}/realms/${name}`;
  }

  /** @param settings of the realm, beyond what every one has */
  static async create(keycloak: KeycloakAdmin, settings: object = {}): Promise<ShopRealm> {
    const realm = new ShopRealm(keycloak, `shop-${randomBytes(4).toString('hex')}`);
    await keycloak.ask('POST', '', {
      realm: realm.name,
      enabled: true,
      sslRequired: 'none',
      ssoSessionMaxLifespan: SESSION_LIFE_S,
      eventsEnabled: true,
      eventsExpiration: EVENTS_LIFE_S,
      // An empty list stands for all of them.
      enabledEventTypes: [],
      adminEventsEnabled: true,
      adminEventsDetailsEnabled: true,
      roles: { realm: [{ name: 'manager' }, { name: 'customer' }] },
      ...settings,
    });
    for (const name of SHOP_SCOPES) {
      await realm.admin('POST', '/client-scopes', {
        name,
        protocol: 'openid-connect',
        attributes: { 'include.in.token.scope': 'true', 'display.on.consent.screen': 'false' },
      });
    }
    await realm.#addReader();
    return realm;
  }

  /** Asks the admin API about this realm. */
  async admin(method: string, path: string, body?: object): Promise<unknown> {
    return await this.#keycloak.ask(method, `/${this.name}${path}`, body);
  }

  /** @returns the id of the person, which is the `sub` of their tokens */
  async addPerson(username: string, roles: readonly string[] = []): Promise<string> {
    await this.admin('POST', '/users', {
      username,
      enabled: true,
      email: `${username}@example.test`,
      emailVerified: true,
      firstName: username,
      lastName: 'Example',
      credentials: [{ type: 'password', value: this.password, temporary: false }],
    });
    const id = await this.#idOf(`/users?exact=true&username=${username}`);
    for (const role of roles) {
      const found = await this.admin('GET', `/roles/${role}`);
      await this.admin('POST', `/users/${id}/role-mappings/realm`, [Object(found)]);
    }
    return id;
  }

  /**
   * Registers a client with the authorization code flow.
   *
   * @param url where the shop listens
   * @param logoutUrl where logout tokens for it go
   */
  async addShop(
    clientId: string,
    url: string,
    logoutUrl: string = `${url}/backchannel-logout`,
  ): Promise<void> {
    await this.admin('POST', '/clients', {
      clientId,
      secret: secretOf(clientId),
      protocol: 'openid-connect',
      publicClient: false,
      standardFlowEnabled: true,
      directAccessGrantsEnabled: true,
      redirectUris: [`${url}/*`],
      defaultClientScopes: ['basic', 'acr', 'profile', 'email', 'roles', 'web-origins'],
      optionalClientScopes: SHOP_SCOPES,
      attributes: {
        'pkce.code.challenge.method': 'S256',
        'backchannel.logout.url': logoutUrl,
        'backchannel.logout.session.required': 'true',
        'post.logout.redirect.uris': `${url}/*`,
        'access.token.header.type.rfc9068': 'true',
      },
      protocolMappers: [
        mapper('audience', 'oidc-audience-mapper', {
          'included.custom.audience': SHOP_RESOURCE,
          'access.token.claim': 'true',
        }),
        mapper('roles', 'oidc-usermodel-realm-role-mapper', {
          'claim.name': 'roles',
          'jsonType.label': 'String',
          multivalued: 'true',
          'access.token.claim': 'true',
          'id.token.claim': 'true',
        }),
      ],
    });
  }

  /**
   * Gets a token by somebody's password, with no application in between.
   *
   * @returns the access token and its `sid`
   */
  async tokenOf(username: string, clientId: string, scope: string): Promise<{ token: string; sid: string }> {
    const response = await fetch(`${this.issuer}/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'password',
        client_id: clientId,
        client_secret: secretOf(clientId),
        username,
        password: this.password,
        scope,
      }),
    });
    const { access_token: token }: { access_token: string } = JSON.parse(await response.text());
    return { token, sid: String(decodeJwt(token)['sid']) };
  }

  async #addReader(): Promise<void> {
    await this.admin('POST', '/clients', {
      clientId: READER_CLIENT,
      secret: this.readerSecret,
      protocol: 'openid-connect',
      publicClient: false,
      standardFlowEnabled: false,
      serviceAccountsEnabled: true,
    });
    const account = await this.#idOf(`/users?exact=true&username=service-account-${READER_CLIENT}`);
    const management = await this.#idOf('/clients?clientId=realm-management');
    const role = await this.admin('GET', `/clients/${management}/roles/view-events`);
    await this.admin('POST', `/users/${account}/role-mappings/clients/${management}`, [Object(role)]);
  }

  async #idOf(path: string): Promise<string> {
    const [first] = Object.values(Object(await this.admin('GET', path)));
    return String(Object(first)['id']);
  }
}

function mapper(name: string, protocolMapper: string, config: object): object {
  return { name, protocol: 'openid-connect', protocolMapper, consentRequired: false, config };
}
