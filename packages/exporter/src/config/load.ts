import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import envPaths from 'env-paths';
import { isJsonObject, type JsonObject } from '@spanledger/record';
import { parseDocument } from 'yaml';
import type { z } from 'zod';
import { parseKekCommand } from '../environment-kek.ts';
import { ExporterError } from '../errors.ts';
import { readIndexConfig } from './elasticsearch.ts';
import {
  applyEnvironment,
  CONFIG_VARIABLE,
  KEK_COMMAND_VARIABLE,
  KEK_VARIABLE,
  setField,
} from './environment.ts';
import type { AnchorConfig } from '../anchor/index.ts';
import { readAlerts } from './alerts.ts';
import { readDeliver } from './deliver.ts';
import { isLoopback } from './loopback.ts';
import { readProviders } from './providers.ts';
import { readPrivacy } from './privacy.ts';
import { readCompletenessConfig } from './completeness.ts';
import { readPolicyConfig } from './policy.ts';
import { readKeycloakConfig } from './reconcile.ts';
import { readRetention } from './retention.ts';
import { readSessions } from './sessions.ts';
import { readMinimisation } from './minimisation.ts';
import { readDoors } from './door-fields.ts';
import { type AnchorFields, type Config, configFileSchema, readWitnessing } from './schema.ts';

/** Looked for in the working directory when no file is named. */
export const CONFIG_FILE_NAME = 'spanledger.yaml';

/** Beside the collector's 4317 and 4318. */
export const DEFAULT_PORT = 4319;
const DEFAULT_VERIFY_EVERY_H = 24;
const MS_PER_HOUR = 3_600_000;

const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_PUBLISH_INTERVAL_MS = 500;
const DEFAULT_SEGMENT_MAX_AGE_MS = 20_000;
const DEFAULT_ANCHOR_CHECKPOINTS = 1_000;
const DEFAULT_ANCHOR_MINUTES = 10;
const DEFAULT_ANCHOR_TIMEOUT_S = 30;

/** Where a configuration comes from; later ones win: file, environment, command line. */
export interface ConfigSources {
  /** Path of the file; it must exist then. Without: `spanledger.yaml` in the working directory, if there is one. */
  file?: string;
  env: NodeJS.ProcessEnv;
  /** What the command line says. */
  flags?: { dataDirectory?: string; host?: string; port?: number; insecure?: boolean };
  /** The service itself asks, which may read the files of `tls`: what is wrong with them is told with the rest. */
  checkFiles?: boolean;
  /** The working directory; default: the process's. */
  directory?: string;
}

/**
 * Reads file, environment and flags, and checks them together. This is the only place that reads them.
 *
 * @throws ExporterError `config_invalid`, with every error of all sources in its message: file or variable, field and
 *   what to write instead
 */
export function loadConfig(sources: ConfigSources): Config {
  const directory = sources.directory ?? process.cwd();
  const problems: string[] = [];
  const origins = new Map<string, string>();
  const named = sources.file ?? nonEmpty(sources.env[CONFIG_VARIABLE]);
  const file = resolve(directory, named ?? CONFIG_FILE_NAME);
  const document = readFile(file, named !== undefined, problems);
  applyEnvironment(document, sources.env, origins);
  applyFlags(document, sources.flags ?? {}, origins);

  const parsed = configFileSchema.safeParse(document);
  if (!parsed.success) problems.push(...describeIssues(parsed.error.issues, file, origins));
  const kek = nonEmpty(sources.env[KEK_VARIABLE]);
  if (kek !== undefined && !isKek(kek)) {
    problems.push(
      `the environment variable ${KEK_VARIABLE}: must be the base64 of 32 bytes; make one with: openssl rand -base64 32`,
    );
  }
  const commandText = nonEmpty(sources.env[KEK_COMMAND_VARIABLE]);
  const kekCommand = commandText === undefined ? undefined : parseKekCommand(commandText);
  if (commandText !== undefined && (kekCommand === undefined || kek !== undefined)) {
    problems.push(
      kekCommand === undefined
        ? `the environment variable ${KEK_COMMAND_VARIABLE}: must be a JSON list, the program and its arguments`
        : `the environment variables ${KEK_VARIABLE} and ${KEK_COMMAND_VARIABLE}: only one of them can bring the key`,
    );
  }
  const values = parsed.data ?? {};
  const host = values.listen?.host ?? DEFAULT_HOST;
  const insecure = values.insecure ?? false;
  const crossed: string[] = [];
  const witnessing = readWitnessing(values.ledger, crossed);
  const keycloak = readKeycloakConfig(values.reconcile, directory, sources.env, insecure, crossed);
  const deliver = readDeliver(values.alerts?.deliver, directory, sources.env, insecure, crossed);
  const providers = readProviders(values.providers, directory, insecure, crossed);
  const indexing = readIndexConfig(values, directory, sources.env, insecure, crossed);
  const minimisation = readMinimisation(values.privacy, crossed);
  const doors = readDoors(
    { tls: values.tls, access: values.access, directory, checkFiles: sources.checkFiles ?? false },
    crossed,
  );
  const isExposed = parsed.success && !isLoopback(host) && !insecure;
  if (isExposed && (values.tls === undefined || doors.access.required === false)) {
    problems.push(
      `${origins.get('listen.host') ?? file}: listen.host: ${host} is reachable from other machines, and ` +
        `${values.tls === undefined ? 'there is no tls' : 'access.required is false'}; listen on 127.0.0.1, name a ` +
        'certificate (tls.cert_file, tls.key_file), or set insecure: true (--insecure) where a proxy protects it',
    );
  }
  problems.push(...crossed.map((problem) => `${file}: ${problem}`));
  if (problems.length > 0) {
    throw new ExporterError('config_invalid', `configuration: ${problems.join('\n  ')}`, {
      hint: 'docs/configuration.md lists every field and variable.',
    });
  }
  return Object.freeze({
    dataDirectory: resolve(directory, values.data_directory ?? envPaths('spanledger', { suffix: '' }).data),
    host,
    port: values.listen?.port ?? DEFAULT_PORT,
    insecure,
    tls: doors.tls,
    access: isExposed ? { ...doors.access, required: true } : doors.access,
    origin: values.ledger?.origin,
    keyFiles: (values.ledger?.key_files ?? []).map((name) => resolve(directory, name)),
    witnessing,
    verifyEveryMs: (values.ledger?.verify_every_hours ?? DEFAULT_VERIFY_EVERY_H) * MS_PER_HOUR,
    publishIntervalMs: values.ledger?.publish_interval_ms ?? DEFAULT_PUBLISH_INTERVAL_MS,
    segmentMaxAgeMs: values.journal?.segment_max_age_ms ?? DEFAULT_SEGMENT_MAX_AGE_MS,
    ...readPrivacy(values.privacy),
    minimisation,
    anchors: (values.anchors ?? []).map((anchor) => readAnchor(anchor, directory, sources.env)),
    policy: readPolicyConfig(values.policy, directory),
    keycloak,
    deliver,
    alerts: readAlerts(values.alerts, directory),
    providers,
    retention: readRetention(values.retention),
    sessions: readSessions(values.sessions),
    completeness: readCompletenessConfig(values.completeness),
    ...indexing,
    logLevel: values.log?.level ?? 'info',
    logFormat: values.log?.format ?? 'auto',
    kek,
    kekCommand,
  });
}

function readAnchor(fields: AnchorFields, workingDirectory: string, env: NodeJS.ProcessEnv): AnchorConfig {
  const { name, command = [], directory } = fields;
  const [program, ...args] = command;
  return {
    name,
    // What this program is told may be secret, and is none of the command's business.
    ...(program !== undefined && {
      command: [program, ...args] as const,
      env: Object.fromEntries(
        Object.entries(env).filter(([variable]) => !variable.startsWith('SPANLEDGER_')),
      ),
    }),
    ...(directory !== undefined && { directory: resolve(workingDirectory, directory) }),
    afterCheckpoints: fields.after_checkpoints ?? DEFAULT_ANCHOR_CHECKPOINTS,
    afterMs: (fields.after_minutes ?? DEFAULT_ANCHOR_MINUTES) * 60_000,
    timeoutMs: (fields.timeout_seconds ?? DEFAULT_ANCHOR_TIMEOUT_S) * 1_000,
  };
}

function readFile(file: string, mustExist: boolean, problems: string[]): JsonObject {
  if (!mustExist && !existsSync(file)) return {};
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    problems.push(`${file}: cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`);
    return {};
  }
  const document = parseDocument(text, { version: '1.2', uniqueKeys: true });
  for (const error of document.errors) problems.push(`${file}: ${error.message}`);
  if (document.errors.length > 0) return {};
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  if (value === null || value === undefined) return {};
  if (!isJsonObject(value)) {
    problems.push(`${file}: must be a mapping of fields, e.g. "data_directory: /var/lib/spanledger"`);
    return {};
  }
  return value;
}

function applyFlags(
  document: JsonObject,
  flags: NonNullable<ConfigSources['flags']>,
  origins: Map<string, string>,
): void {
  const given: [string[], string | number | boolean | undefined, string][] = [
    [['data_directory'], flags.dataDirectory, '--data'],
    [['listen', 'host'], flags.host, '--host'],
    [['listen', 'port'], flags.port, '--port'],
    [['insecure'], flags.insecure, '--insecure'],
  ];
  for (const [field, value, flag] of given) {
    if (value === undefined) continue;
    setField(document, field, value);
    origins.set(field.join('.'), `the option ${flag}`);
  }
}

function describeIssues(
  issues: readonly z.core.$ZodIssue[],
  file: string,
  origins: ReadonlyMap<string, string>,
): string[] {
  return issues.flatMap((issue) => {
    const field = issue.path.join('.');
    const place = origins.get(field) ?? file;
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => {
        const full = field === '' ? key : `${field}.${key}`;
        return `${place}: ${full}: there is no such field; check the spelling`;
      });
    }
    return [`${place}: ${field === '' ? 'the file' : field}: ${issue.message}`];
  });
}

function isKek(text: string): boolean {
  return /^[A-Za-z0-9+/]{43}=?$/.test(text);
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text;
}
