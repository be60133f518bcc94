import { DEFAULT_WITNESS_TIMEOUT_MS, MAX_WITNESSES, type WitnessingOptions } from '@spanledger/ledger';
import { parseVerificationKey } from '@spanledger/ledger/verify';
import { z } from 'zod';
import type { AnchorConfig } from '../anchor/index.ts';
import {
  elasticsearchSchema,
  type IndexConfig,
  indexSchema,
  type IndexSections,
  telemetrySchema,
} from './elasticsearch.ts';
import { type ProviderFields, providersSchema } from './providers.ts';
import { type PrivacyConfig, type PrivacyFields, privacySchema } from './privacy.ts';
import type { MinimisationConfig } from '../minimisation/index.ts';
import { type CompletenessConfig, type CompletenessFields, completenessSchema } from './completeness.ts';
import { type PolicyConfig, type PolicySection, policySectionSchema } from './policy.ts';
import { type ReconcileFields, reconcileSchema } from './reconcile.ts';
import type { TargetConfig } from '../notify/index.ts';
import { type AlertFields, type AlertsConfig, alertsSchema } from './alerts.ts';
import type { KeycloakConfig } from '../reconcile/index.ts';
import type { ProviderConfig } from '../signals/index.ts';
import { type RetentionFields, retentionSchema } from './retention.ts';
import type { RetentionConfig } from '../retention/index.ts';
import { type SessionsFields, sessionsSchema } from './sessions.ts';
import type { SessionsConfig } from '../sessions/index.ts';
import type { AccessConfig, TlsConfig } from '../doors/index.ts';
import { accessSchema, tlsSchema, type AccessFields, type TlsFields } from './door-fields.ts';

/** The largest delay of a checkpoint behind what is durable that the format's promise allows. */
export const MAX_PUBLISH_INTERVAL_MS = 1000;

/** Opened groups lie under the journal's short-lived keys for this long and a little more, never for a minute. */
export const MAX_SEGMENT_AGE_MS = 50_000;

/** Private keys of a log outside of its data directory: those of an overlap, and some to spare. */
export const MAX_KEY_FILES = 16;

/** Places that one log is anchored at. */
export const MAX_ANCHORS = 16;

/** How long an anchor's command may take, in seconds: at most, and if nothing is said. */
export const MAX_ANCHOR_TIMEOUT_S = 3_600;

/** A month. */
const MAX_VERIFY_EVERY_H = 720;

const MAX_ANCHOR_CHECKPOINTS = 1_000_000;
const MAX_ANCHOR_MINUTES = 10_080;

/** An anchor as the file has it. */
export interface AnchorFields {
  name: string;
  command?: string[] | undefined;
  directory?: string | undefined;
  after_checkpoints?: number | undefined;
  after_minutes?: number | undefined;
  timeout_seconds?: number | undefined;
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** A schema-less URL, as tlog-checkpoint wants an origin to be: no space, no plus sign. */
const ORIGIN = /^[a-z0-9.-]+(\/[A-Za-z0-9._~-]+)*$/;

/** Publishing must not wait for witnesses longer than for anything else. */
export const MAX_WITNESS_TIMEOUT_MS = 10_000;

/** What `spanledger.yaml` may say, after the environment and the command line were laid over it. */
export interface ConfigFile extends IndexSections {
  data_directory?: string | undefined;
  listen?: { host?: string | undefined; port?: number | undefined } | undefined;
  insecure?: boolean | undefined;
  tls?: TlsFields | undefined;
  access?: AccessFields | undefined;
  ledger?:
    | {
        origin?: string | undefined;
        publish_interval_ms?: number | undefined;
        verify_every_hours?: number | undefined;
        key_files?: string[] | undefined;
        witnesses?: { url: string; vkey: string }[] | undefined;
        witness_quorum?: number | undefined;
        witness_timeout_ms?: number | undefined;
        when_witnesses_missing?: 'publish' | 'hold' | undefined;
      }
    | undefined;
  journal?: { segment_max_age_ms?: number | undefined } | undefined;
  privacy?: PrivacyFields | undefined;
  anchors?: AnchorFields[] | undefined;
  policy?: PolicySection | undefined;
  reconcile?: ReconcileFields | undefined;
  alerts?: AlertFields | undefined;
  providers?: ProviderFields[] | undefined;
  retention?: RetentionFields | undefined;
  sessions?: SessionsFields | undefined;
  completeness?: CompletenessFields | undefined;
  log?: { level?: LogLevel | undefined; format?: LogFormat | undefined } | undefined;
}

/** How much is logged. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** `json`: one object a line; `line`: for people; `auto`: `line` on a terminal, `json` elsewhere. */
export type LogFormat = 'auto' | 'json' | 'line';

function whole(min: number, max: number, unit: string): z.ZodOptional<z.ZodNumber> {
  return z
    .number(`must be a number of ${unit}`)
    .int(`must be a whole number of ${unit}`)
    .min(min, `must be at least ${min}`)
    .max(max, `must be at most ${max}`)
    .optional();
}

/** Strict everywhere: a misspelt field is an error, not a default. */
export const configFileSchema: z.ZodType<ConfigFile> = z.strictObject({
  data_directory: z.string().min(1, 'must name a folder').optional(),
  listen: z
    .strictObject({
      host: z.string().min(1, 'must be an address or a host name, e.g. 127.0.0.1').optional(),
      port: z
        .number('must be a port number, 0 to 65535; 0 takes any free one')
        .int()
        .min(0, 'must be at least 0; 0 takes any free port')
        .max(65_535, 'must be at most 65535')
        .optional(),
    })
    .optional(),
  insecure: z.boolean('must be true or false').optional(),
  tls: tlsSchema.optional(),
  access: accessSchema.optional(),
  ledger: z
    .strictObject({
      origin: z
        .string()
        .regex(ORIGIN, 'must look like a URL without its scheme, e.g. audit.example.com/shop')
        .max(255, 'must have at most 255 characters')
        .optional(),
      key_files: z
        .array(
          z.string().min(1, 'must name a file'),
          'must be a list of files, e.g. [/etc/spanledger/ledger.pem]',
        )
        .max(MAX_KEY_FILES, `must name at most ${MAX_KEY_FILES} files`)
        .optional(),
      verify_every_hours: whole(0, MAX_VERIFY_EVERY_H, 'hours, or 0 for never'),
      publish_interval_ms: z
        .number('must be a number of milliseconds')
        .int('must be whole milliseconds')
        .min(10, 'must be at least 10')
        .max(MAX_PUBLISH_INTERVAL_MS, `must be at most ${MAX_PUBLISH_INTERVAL_MS}`)
        .optional(),
      witnesses: z
        .array(
          z.strictObject({
            url: z.url({ protocol: /^https?$/, error: 'must be a URL, e.g. https://witness.example' }),
            vkey: z
              .string()
              .refine(
                (text) => parseVerificationKey(text, 'cosignature').ok,
                'must be the verification key of a witness, as spanledger witness --init prints it',
              ),
          }),
        )
        .max(MAX_WITNESSES, `must be at most ${MAX_WITNESSES} witnesses`)
        .refine(haveOwnKeys, 'must each have a key of their own')
        .optional(),
      witness_quorum: z
        .number('must be a number of witnesses')
        .int('must be a whole number')
        .min(1, 'must be at least 1')
        .optional(),
      witness_timeout_ms: z
        .number('must be a number of milliseconds')
        .int('must be whole milliseconds')
        .min(10, 'must be at least 10')
        .max(MAX_WITNESS_TIMEOUT_MS, `must be at most ${MAX_WITNESS_TIMEOUT_MS}`)
        .optional(),
      when_witnesses_missing: z
        .enum(['publish', 'hold'], 'must be publish (without them) or hold (back)')
        .optional(),
    })
    .optional(),
  journal: z
    .strictObject({
      segment_max_age_ms: z
        .number('must be a number of milliseconds')
        .int('must be whole milliseconds')
        .min(100, 'must be at least 100')
        .max(MAX_SEGMENT_AGE_MS, `must be at most ${MAX_SEGMENT_AGE_MS}`)
        .optional(),
    })
    .optional(),
  privacy: privacySchema.optional(),
  anchors: z
    .array(
      z
        .strictObject({
          name: z
            .string()
            .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be up to 32 small letters, digits and hyphens'),
          command: z
            .array(z.string(), 'must be a list: the program and its arguments')
            .min(1, 'must name a program')
            .refine(([program]) => program !== '', 'must name a program')
            .optional(),
          directory: z.string().min(1, 'must name a folder').optional(),
          after_checkpoints: whole(1, MAX_ANCHOR_CHECKPOINTS, 'checkpoints'),
          after_minutes: z
            .number('must be a number of minutes')
            .positive('must be above 0')
            .max(MAX_ANCHOR_MINUTES, `must be at most ${MAX_ANCHOR_MINUTES}`)
            .optional(),
          timeout_seconds: whole(1, MAX_ANCHOR_TIMEOUT_S, 'seconds'),
        })
        .refine(
          ({ command, directory }) => (command === undefined) !== (directory === undefined),
          'must have either a command or a directory',
        ),
      'must be a list of anchors',
    )
    .max(MAX_ANCHORS, `must be at most ${MAX_ANCHORS}`)
    .refine(
      (anchors) => new Set(anchors.map(({ name }) => name)).size === anchors.length,
      'must have different names',
    )
    .optional(),
  index: indexSchema,
  elasticsearch: elasticsearchSchema,
  telemetry: telemetrySchema,
  policy: policySectionSchema,
  reconcile: reconcileSchema,
  alerts: alertsSchema,
  providers: providersSchema,
  retention: retentionSchema,
  sessions: sessionsSchema,
  completeness: completenessSchema,
  log: z
    .strictObject({
      level: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).optional(),
      format: z.enum(['auto', 'json', 'line'], 'must be one of auto, json, line').optional(),
    })
    .optional(),
});

/** The configuration of a service: complete, checked, frozen. */
export interface Config extends IndexConfig, PrivacyConfig {
  /** Absolute path. */
  readonly dataDirectory: string;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Listening beyond loopback without TLS and tokens was asked for by name. */
  readonly insecure: boolean;
  /** Undefined: connections are not encrypted. */
  readonly tls: TlsConfig | undefined;
  /** Who may come in. */
  readonly access: AccessConfig;
  /** Undefined: drawn at the first start and kept in the data directory. */
  readonly origin: string | undefined;
  /** Private keys of the log outside of the data directory, absolute paths, in the order in which they came. */
  readonly keyFiles: readonly string[];
  readonly publishIntervalMs: number;
  /** How often the ledger is verified, in milliseconds; 0: never. */
  readonly verifyEveryMs: number;
  /** Who cosigns the checkpoints; undefined: nobody. */
  readonly witnessing: WitnessingOptions | undefined;
  /** How long opened groups may lie in the journal before they are re-sealed, each person's under a key of their own. */
  readonly segmentMaxAgeMs: number;
  /** What of the fields that senders send is kept. */
  readonly minimisation: MinimisationConfig;
  /** Where published checkpoints are handed to. */
  readonly anchors: readonly AnchorConfig[];
  /** How closely which calls are watched; undefined: everything is recorded whole. */
  readonly policy: PolicyConfig | undefined;
  /** The realm whose events are compared with the ledger; undefined: none. */
  readonly keycloak: KeycloakConfig | undefined;
  /** Where alerts are sent. */
  readonly deliver: readonly TargetConfig[];
  /** Whether records are held against rules, and which. */
  readonly alerts: AlertsConfig;
  /** Whose signals are taken in. */
  readonly providers: readonly ProviderConfig[];
  /** How long records are kept; undefined: for ever. */
  readonly retention: RetentionConfig | undefined;
  /** How long sessions last. */
  readonly sessions: SessionsConfig;
  /** When something that is not there counts as missing. */
  readonly completeness: CompletenessConfig;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  /** The environment's key-encryption key, base64; undefined: a file in the data directory. */
  readonly kek: string | undefined;
  /** Program and arguments that print it; undefined: none. */
  readonly kekCommand: readonly string[] | undefined;
}

/**
 * Who cosigns the checkpoints.
 *
 * @param problems - receives what does not fit together
 */
export function readWitnessing(
  ledger: ConfigFile['ledger'] = {},
  problems: string[],
): WitnessingOptions | undefined {
  const { witnesses = [], witness_quorum: quorum = Math.floor(witnesses.length / 2) + 1 } = ledger;
  if (witnesses.length === 0) {
    if (ledger.witness_quorum !== undefined)
      problems.push('ledger.witness_quorum: there are no ledger.witnesses');
    return undefined;
  }
  if (quorum > witnesses.length) {
    problems.push(
      `ledger.witness_quorum: must be at most ${witnesses.length}, as many as there are witnesses`,
    );
  }
  return {
    witnesses,
    quorum,
    timeoutMs: ledger.witness_timeout_ms ?? DEFAULT_WITNESS_TIMEOUT_MS,
    whenMissing: ledger.when_witnesses_missing ?? 'publish',
  };
}

function haveOwnKeys(witnesses: readonly { vkey: string }[]): boolean {
  const keys = witnesses.map(({ vkey }) => vkey.split('+').slice(2).join('+'));
  return new Set(keys).size === keys.length;
}
