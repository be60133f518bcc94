import { z } from 'zod';
import type { ProviderConfig } from '../signals/index.ts';
import { isLoopback } from './loopback.ts';
import { readSharedSignals, type SharedSignalsFields, sharedSignalsSchema } from './shared-signals.ts';

/** Providers whose signals one service takes in. */
export const MAX_PROVIDERS = 32;

/** Clients, or other names of ours, that a provider's tokens may be for. */
const MAX_AUDIENCES = 256;

const MAX_NAME_LENGTH = 255;
const MAX_SKEW_S = 600;
const DEFAULT_SKEW_S = 60;
const MAX_MINUTES = 10_080;
const MAX_AGE_HOURS = 8_760;
const DEFAULT_REFRESH_MINUTES = 10;
const DEFAULT_STALE_MINUTES = 60;
const DEFAULT_MAX_AGE_HOURS = 168;
const MS_PER_MINUTE = 60_000;
const MS_PER_HOUR = 3_600_000;

/** A provider as the file has it. */
export interface ProviderFields {
  issuer: string;
  audience: string[];
  jwks_uri?: string | undefined;
  clock_skew_seconds?: number | undefined;
  keys?:
    | {
        refresh_minutes?: number | undefined;
        stale_after_minutes?: number | undefined;
        max_age_hours?: number | undefined;
      }
    | undefined;
  backchannel_logout?: boolean | undefined;
  ssf?: SharedSignalsFields | undefined;
}

const url = z.url({ protocol: /^https?$/, error: 'must be a URL, e.g. https://sso.example.com' });

function upTo(max: number, unit: string): z.ZodOptional<z.ZodNumber> {
  return z
    .number(`must be a number of ${unit}`)
    .positive('must be above 0')
    .max(max, `must be at most ${max}`)
    .optional();
}

/** `providers` of the configuration file. */
export const providersSchema: z.ZodOptional<z.ZodType<ProviderFields[]>> = z
  .array(
    z.strictObject({
      issuer: url,
      audience: z
        .array(
          z
            .string()
            .min(1, 'must not be empty')
            .max(MAX_NAME_LENGTH, `must have at most ${MAX_NAME_LENGTH} characters`),
          'must be a list of client ids, e.g. [shop]',
        )
        .min(1, 'must name at least one client')
        .max(MAX_AUDIENCES, `must name at most ${MAX_AUDIENCES} clients`),
      jwks_uri: url.optional(),
      clock_skew_seconds: z
        .number('must be a number of seconds')
        .min(0, 'must be at least 0')
        .max(MAX_SKEW_S, `must be at most ${MAX_SKEW_S}`)
        .optional(),
      keys: z
        .strictObject({
          refresh_minutes: upTo(MAX_MINUTES, 'minutes'),
          stale_after_minutes: upTo(MAX_MINUTES, 'minutes'),
          max_age_hours: upTo(MAX_AGE_HOURS, 'hours'),
        })
        .optional(),
      backchannel_logout: z.boolean('must be true or false').optional(),
      ssf: sharedSignalsSchema,
    }),
    'must be a list of providers',
  )
  .max(MAX_PROVIDERS, `must be at most ${MAX_PROVIDERS}`)
  .optional();

/**
 * Completes what the file says of providers.
 *
 * @param directory the working directory, at which relative paths begin
 * @param insecure whether keys and events may cross the network in the clear
 * @param problems receives what does not fit together
 */
export function readProviders(
  providers: readonly ProviderFields[] = [],
  directory: string,
  insecure: boolean,
  problems: string[],
): ProviderConfig[] {
  const issuers = new Set<string>();
  return providers.map((fields, index) => {
    const place = `providers.${index}`;
    const { issuer, keys = {} } = fields;
    if (issuers.has(issuer))
      problems.push(`${place}.issuer: ${issuer} stands here twice; name all its clients at once`);
    issuers.add(issuer);
    for (const [field, address] of [
      ['issuer', issuer],
      ['jwks_uri', fields.jwks_uri],
    ] as const) {
      demandSecrecy(`${place}.${field}`, address, insecure, problems);
    }
    const refreshMs = (keys.refresh_minutes ?? DEFAULT_REFRESH_MINUTES) * MS_PER_MINUTE;
    const staleMs = (keys.stale_after_minutes ?? DEFAULT_STALE_MINUTES) * MS_PER_MINUTE;
    const maxAgeMs = (keys.max_age_hours ?? DEFAULT_MAX_AGE_HOURS) * MS_PER_HOUR;
    if (staleMs <= refreshMs) {
      problems.push(
        `${place}.keys.stale_after_minutes: must be more than refresh_minutes (${refreshMs / MS_PER_MINUTE})`,
      );
    }
    if (maxAgeMs < staleMs) {
      problems.push(
        `${place}.keys.max_age_hours: must be at least stale_after_minutes (${staleMs / MS_PER_HOUR} h)`,
      );
    }
    return {
      issuer,
      audience: fields.audience,
      jwksUri: fields.jwks_uri,
      insecure,
      clockSkewMs: (fields.clock_skew_seconds ?? DEFAULT_SKEW_S) * 1000,
      keys: { refreshMs, staleMs, maxAgeMs },
      backchannelLogout: fields.backchannel_logout ?? true,
      sharedSignals: readSharedSignals(fields.ssf, directory, (field, address) => {
        demandSecrecy(`${place}.${field}`, address, insecure, problems);
      }),
    };
  });
}

/** Keys that come in the clear are anybody's. */
function demandSecrecy(
  field: string,
  address: string | undefined,
  insecure: boolean,
  problems: string[],
): void {
  if (address === undefined) return;
  const { protocol, hostname } = new URL(address);
  if (protocol === 'http:' && !isLoopback(hostname.replace(/^\[|\]$/g, '')) && !insecure) {
    problems.push(
      `${field}: what ${hostname} answers could be changed on its way; write https://, or set insecure: true where the network protects it`,
    );
  }
}
