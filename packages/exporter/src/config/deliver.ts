import { resolve } from 'node:path';
import { COMMITMENT_GROUPS, type CommitmentGroup } from '@spanledger/record';
import { z } from 'zod';
import {
  ALERT_ACTIONS,
  type AlertAction,
  type SecretSource,
  SEVERITIES,
  type Severity,
  type TargetConfig,
} from '../notify/index.ts';
import { isLoopback } from './loopback.ts';

/** Places that alerts are sent to. */
const MAX_TARGETS = 32;
const MAX_RULES = 256;
const MAX_RECIPIENTS = 64;
const MAX_SECRET_FILES = 4;
const MAX_TIMEOUT_S = 120;
const DEFAULT_TIMEOUT_S = 15;
const MAX_GIVE_UP_HOURS = 720;
const DEFAULT_GIVE_UP_HOURS = 72;
const MAX_ACTIVE_HOURS = 720;
const DEFAULT_ACTIVE_HOURS = 24;
const DEFAULT_ACTIONS: readonly AlertAction[] = ['raised', 'resolved'];
const SYSLOG_TLS_PORT = 6514;
const MS_PER_HOUR = 3_600_000;

const SMTP_PORTS = { starttls: 587, implicit: 465, none: 25 } as const;

/** What all targets of the file may have. */
interface CommonFields {
  name: string;
  min_severity?: Severity | undefined;
  rules?: string[] | undefined;
  send?: AlertAction[] | undefined;
  include?: CommitmentGroup[] | undefined;
  secret_files?: string[] | undefined;
  ca_file?: string | undefined;
  timeout_seconds?: number | undefined;
  give_up_hours?: number | undefined;
}

/** A target as the file has it. */
export type DeliverFields = CommonFields &
  (
    | { kind: 'webhook'; url: string }
    | { kind: 'slack' }
    | {
        kind: 'syslog';
        host: string;
        port?: number | undefined;
        cert_file?: string | undefined;
        key_file?: string | undefined;
      }
    | {
        kind: 'email';
        host: string;
        port?: number | undefined;
        tls?: 'starttls' | 'implicit' | 'none' | undefined;
        user?: string | undefined;
        from: string;
        to: string[];
      }
    | { kind: 'alertmanager'; url: string; active_hours?: number | undefined }
  );

const file = z.string().min(1, 'must name a file').optional();
const text = z.string().min(1, 'must not be empty').max(255, 'must have at most 255 characters');
const host = text.regex(/^[A-Za-z0-9.:_-]+$/, 'must be a host name or an address');
const port = z
  .number('must be a port number')
  .int('must be a whole number')
  .min(1, 'must be at least 1')
  .max(65_535, 'must be at most 65535')
  .optional();
const url = z
  .url({ protocol: /^https?$/, error: 'must be a URL, e.g. https://alerts.example.com/hook' })
  .refine(hasNoUser, 'must hold no user and no password; secrets belong into secret_files');
// A mailbox alone: no list and no line break gets through it into a header.
const mailbox = text.regex(
  /^[^\s<>,;:"\\]+@[^\s<>,;:"\\@]+$/,
  'must be a mail address, e.g. soc@example.com',
);

function number(max: number, unit: string): z.ZodOptional<z.ZodNumber> {
  return z
    .number(`must be a number of ${unit}`)
    .positive('must be above 0')
    .max(max, `must be at most ${max}`)
    .optional();
}

function listOf<Value extends string>(values: readonly Value[]): z.ZodOptional<z.ZodArray<z.ZodType<Value>>> {
  return z
    .array(z.enum(values, `must be one of ${values.join(', ')}`), 'must be a list')
    .max(values.length, `must be at most ${values.length}`)
    .optional();
}

const common = {
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be up to 32 small letters, digits and hyphens'),
  min_severity: z.enum(SEVERITIES, `must be one of ${SEVERITIES.join(', ')}`).optional(),
  rules: z
    .array(text, 'must be a list of rule ids')
    .min(1, 'must name a rule')
    .max(MAX_RULES, `must be at most ${MAX_RULES}`)
    .optional(),
  send: listOf(ALERT_ACTIONS),
  include: listOf(COMMITMENT_GROUPS),
  secret_files: z
    .array(z.string().min(1, 'must name a file'), 'must be a list of files')
    .max(MAX_SECRET_FILES, `must be at most ${MAX_SECRET_FILES}`)
    .optional(),
  ca_file: file,
  timeout_seconds: number(MAX_TIMEOUT_S, 'seconds'),
  give_up_hours: number(MAX_GIVE_UP_HOURS, 'hours'),
};

/** `alerts.deliver` of the configuration file. */
export const deliverSchema: z.ZodOptional<z.ZodType<DeliverFields[]>> = z
  .array(
    z.discriminatedUnion(
      'kind',
      [
        z.strictObject({ ...common, kind: z.literal('webhook'), url }),
        z.strictObject({ ...common, kind: z.literal('slack') }),
        z.strictObject({ ...common, kind: z.literal('syslog'), host, port, cert_file: file, key_file: file }),
        z.strictObject({
          ...common,
          kind: z.literal('email'),
          host,
          port,
          tls: z.enum(['starttls', 'implicit', 'none'], 'must be one of starttls, implicit, none').optional(),
          user: text.optional(),
          from: mailbox,
          to: z
            .array(mailbox, 'must be a list of mail addresses')
            .min(1, 'must name a mail address')
            .max(MAX_RECIPIENTS, `must be at most ${MAX_RECIPIENTS}`),
        }),
        z.strictObject({
          ...common,
          kind: z.literal('alertmanager'),
          url,
          active_hours: number(MAX_ACTIVE_HOURS, 'hours'),
        }),
      ],
      'must be one of webhook, slack, syslog, email, alertmanager',
    ),
    'must be a list of targets',
  )
  .max(MAX_TARGETS, `must be at most ${MAX_TARGETS}`)
  .refine(
    (targets) => new Set(targets.map((target) => target.name)).size === targets.length,
    'must have different names',
  )
  .optional();

/** The environment variable that brings the secret of a target, or several divided by spaces. */
export function deliverySecretVariable(target: string): string {
  return `SPANLEDGER_ALERTS_${target.toUpperCase().replaceAll('-', '_')}_SECRET`;
}

/**
 * Completes what file and environment say of where alerts are sent.
 *
 * @param directory the working directory, at which relative paths begin
 * @param insecure whether alerts and secrets may cross the network in the clear
 * @param problems receives what does not fit together
 */
export function readDeliver(
  targets: readonly DeliverFields[] = [],
  directory: string,
  env: NodeJS.ProcessEnv,
  insecure: boolean,
  problems: string[],
): TargetConfig[] {
  const variables = new Set<string>();
  return targets.map((fields, i) => {
    const field = `alerts.deliver.${i}`;
    const variable = deliverySecretVariable(fields.name);
    if (variables.has(variable)) {
      problems.push(
        `${field}.name: ${fields.name}: another target's secret has the same variable, ${variable}`,
      );
    }
    variables.add(variable);
    const target = readTarget(fields, directory, env, insecure);
    checkTarget(target, field, problems);
    return target;
  });
}

function readTarget(
  fields: DeliverFields,
  directory: string,
  env: NodeJS.ProcessEnv,
  insecure: boolean,
): TargetConfig {
  const path = (name: string | undefined): string | undefined => name && resolve(directory, name);
  const value = env[deliverySecretVariable(fields.name)];
  const secret: SecretSource = {
    value: value === '' ? undefined : value,
    files: (fields.secret_files ?? []).map((name) => resolve(directory, name)),
  };
  const shared = {
    name: fields.name,
    minSeverity: fields.min_severity ?? 'low',
    rules: fields.rules,
    actions: fields.send ?? DEFAULT_ACTIONS,
    include: fields.include ?? [],
    timeoutMs: (fields.timeout_seconds ?? DEFAULT_TIMEOUT_S) * 1_000,
    giveUpMs: (fields.give_up_hours ?? DEFAULT_GIVE_UP_HOURS) * MS_PER_HOUR,
    secret,
    caFile: path(fields.ca_file),
    insecure,
  };
  switch (fields.kind) {
    case 'webhook':
      return { ...shared, kind: 'webhook', url: fields.url };
    case 'slack':
      return { ...shared, kind: 'slack' };
    case 'syslog':
      return {
        ...shared,
        kind: 'syslog',
        host: fields.host,
        port: fields.port ?? SYSLOG_TLS_PORT,
        certFile: path(fields.cert_file),
        keyFile: path(fields.key_file),
      };
    case 'email': {
      const tls = fields.tls ?? 'starttls';
      const { user, from, to } = fields;
      return {
        ...shared,
        kind: 'email',
        host: fields.host,
        port: fields.port ?? SMTP_PORTS[tls],
        tls,
        user,
        from,
        to,
      };
    }
    case 'alertmanager': {
      const activeMs = (fields.active_hours ?? DEFAULT_ACTIVE_HOURS) * MS_PER_HOUR;
      return { ...shared, kind: 'alertmanager', url: fields.url, activeMs };
    }
  }
}

function checkTarget(target: TargetConfig, field: string, problems: string[]): void {
  const { name, secret, kind } = target;
  const hasSecret = secret.value !== undefined || secret.files.length > 0;
  const missing = (what: string): void => {
    problems.push(
      `${field}: ${name}: ${what} is missing; name a file in secret_files, or set ${deliverySecretVariable(name)}`,
    );
  };
  if (kind === 'webhook' && !hasSecret) missing('the secret that its alerts are signed with');
  if (kind === 'slack' && !hasSecret) missing('the URL of the incoming webhook');
  if (kind === 'email' && target.user !== undefined && !hasSecret) missing('the password');
  if (kind === 'syslog' && (target.certFile === undefined) !== (target.keyFile === undefined)) {
    problems.push(`${field}: ${name}: cert_file and key_file come together`);
  }
  const clear = clearHost(target);
  if (clear !== undefined && !isLoopback(clear) && !target.insecure) {
    problems.push(
      `${field}: ${name}: alerts would go to ${clear} in the clear; use TLS, or set insecure: true where the network protects it`,
    );
  }
}

/** The host that a target is reached at without encryption; undefined where there is encryption. */
function clearHost(target: TargetConfig): string | undefined {
  if (target.kind === 'email') return target.tls === 'none' ? target.host : undefined;
  if (target.kind !== 'webhook' && target.kind !== 'alertmanager') return undefined;
  const { protocol, hostname } = new URL(target.url);
  return protocol === 'http:' ? hostname.replace(/^\[|\]$/g, '') : undefined;
}

function hasNoUser(given: string): boolean {
  if (!URL.canParse(given)) return true;
  const { username, password } = new URL(given);
  return username === '' && password === '';
}
