/** A realm to be reconciled with. */
export interface KeycloakConfig {
  /** Where Keycloak is, without a slash at the end, e.g. `https://sso.example.com`. */
  readonly url: string;
  readonly realm: string;
  /** The realm's `iss`, which may name another address than the one that is asked. */
  readonly issuer: string;
  /** A confidential client whose service account may read events. */
  readonly clientId: string;
  /** Its secret: the value wins over the file (absolute path), which is read each time. */
  readonly secret: { readonly value: string | undefined; readonly file: string | undefined };
  /** How often, in milliseconds. */
  readonly everyMs: number;
  /** How long records may take to arrive before they count as missing, in milliseconds. */
  readonly settleMs: number;
}
