import { resolve } from 'node:path';
import { z } from 'zod';
import type { KeycloakConfig } from '../reconcile/index.ts';
import { isLoopback } from './loopback.ts';

const MAX_EVERY_MINUTES = 1_440;
const DEFAULT_EVERY_MINUTES = 5;
const MAX_SETTLE_MINUTES = 1_440;
const DEFAULT_SETTLE_MINUTES = 5;
const MS_PER_MINUTE = 60_000;

/** The secret of the client that reads events; the file `reconcile.keycloak.client_secret_file` is the other way. */
export const KEYCLOAK_SECRET_VARIABLE = 'SPANLEDGER_KEYCLOAK_CLIENT_SECRET';

/** What the file may say of providers that the ledger is compared with. */
export interface ReconcileFields {
  keycloak?:
    | {
        url: string;
        realm: string;
        issuer?: string | undefined;
        client_id: string;
        client_secret_file?: string | undefined;
        every_minutes?: number | undefined;
        settle_minutes?: number | undefined;
      }
    | undefined;
}

const name = z.string().min(1, 'must not be empty').max(255, 'must have at most 255 characters');

/** `reconcile` of the configuration file. */
export const reconcileSchema: z.ZodOptional<z.ZodType<ReconcileFields>> = z
  .strictObject({
    keycloak: z
      .strictObject({
        url: z.url({ protocol: /^https?$/, error: 'must be a URL, e.g. https://sso.example.com' }),
        realm: name,
        issuer: z.url('must be the iss claim of the realm’s tokens, a URL').optional(),
        client_id: name,
        client_secret_file: z.string().min(1, 'must name a file').optional(),
        every_minutes: z
          .number('must be a number of minutes')
          .positive('must be above 0')
          .max(MAX_EVERY_MINUTES, `must be at most ${MAX_EVERY_MINUTES}`)
          .optional(),
        settle_minutes: z
          .number('must be a number of minutes')
          .min(0, 'must be at least 0')
          .max(MAX_SETTLE_MINUTES, `must be at most ${MAX_SETTLE_MINUTES}`)
          .optional(),
      })
      .optional(),
  })
  .optional();

/**
 * Completes what file and environment say of the provider.
 *
 * @param directory the working directory, at which relative paths begin
 * @param insecure whether the secret may cross the network in the clear
 * @param problems receives what does not fit together
 */
export function readKeycloakConfig(
  { keycloak }: ReconcileFields = {},
  directory: string,
  env: NodeJS.ProcessEnv,
  insecure: boolean,
  problems: string[],
): KeycloakConfig | undefined {
  if (keycloak === undefined) return undefined;
  const value = env[KEYCLOAK_SECRET_VARIABLE];
  const secret = {
    value: value === '' ? undefined : value,
    file:
      keycloak.client_secret_file === undefined ? undefined : resolve(directory, keycloak.client_secret_file),
  };
  if (secret.value === undefined && secret.file === undefined) {
    problems.push(
      `reconcile.keycloak: the client's secret is missing; name a file in client_secret_file, or set ${KEYCLOAK_SECRET_VARIABLE}`,
    );
  }
  const { protocol, hostname } = new URL(keycloak.url);
  if (protocol === 'http:' && !isLoopback(hostname.replace(/^\[|\]$/g, '')) && !insecure) {
    problems.push(
      `reconcile.keycloak.url: the client's secret would go to ${hostname} in the clear; write https://, or set insecure: true where the network protects it`,
    );
  }
  const url = keycloak.url.replace(/\/+$/, '');
  return {
    url,
    realm: keycloak.realm,
    issuer: keycloak.issuer ?? `${url}/realms/${keycloak.realm}`,
    clientId: keycloak.client_id,
    secret,
    everyMs: (keycloak.every_minutes ?? DEFAULT_EVERY_MINUTES) * MS_PER_MINUTE,
    settleMs: (keycloak.settle_minutes ?? DEFAULT_SETTLE_MINUTES) * MS_PER_MINUTE,
  };
}
