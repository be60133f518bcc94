import { homedir } from 'node:os';
import { join } from 'node:path';
import { readPropagationConfig, type PropagationConfig } from './propagation/propagation-config.ts';
import type { FsyncPolicy } from './spool/spool-writer.ts';

/** Where the audit exporter listens when nothing else is configured. */
export const DEFAULT_ENDPOINT = 'http://127.0.0.1:4319/v1/traces';

/** How much disk the spool may take, by default and at the least: 256 MiB and 1 MiB. */
export const DEFAULT_SPOOL_MAX_BYTES: number = 256 * 1024 * 1024;
export const MIN_SPOOL_MAX_BYTES: number = 1024 * 1024;

/** How long the application's thread may wait for room in a full spool, by default and at the most. */
export const DEFAULT_SPOOL_BLOCK_MS = 50;
export const MAX_SPOOL_BLOCK_MS = 10_000;

/** How long an application that has nothing left to do waits for the sender, by default and at the most. */
export const DEFAULT_EXIT_TIMEOUT_MS = 2_000;
export const MAX_EXIT_TIMEOUT_MS = 60_000;

/** How long what was recorded waits for the next request at the most, by default, at the least and at the most. */
export const DEFAULT_SEND_INTERVAL_MS = 1_000;
export const MIN_SEND_INTERVAL_MS = 50;
export const MAX_SEND_INTERVAL_MS = 60_000;

/** How many claims may be opted in. */
export const MAX_CLAIMS = 32;

/** What a span says about the person: `sub` itself, a keyed pseudonym of it, or nothing. */
export type IdentityMode = 'full' | 'pseudonym' | 'minimal';

/** Which spans of traces that the application does not sample are recorded. */
export type RecordMode = 'all' | 'roots' | 'sessions';

/** How the receiver knows this process, and this process the receiver. */
export interface CredentialConfig {
  /** `SPANLEDGER_TOKEN`: sent as a bearer token. */
  readonly token: string | undefined;
  /** `SPANLEDGER_TOKEN_FILE`: holds the token where the variable does not. */
  readonly tokenFile: string | undefined;
  /** `SPANLEDGER_CA_FILE`: authorities of the receiver's certificate, PEM, in place of the system's. */
  readonly caFile: string | undefined;
  /** `SPANLEDGER_CLIENT_CERT_FILE` and `SPANLEDGER_CLIENT_KEY_FILE`, PEM. */
  readonly clientCertFile: string | undefined;
  readonly clientKeyFile: string | undefined;
}

/** The settings of one process, read once at start. docs/configuration.md explains each variable. */
export interface InstrumentationConfig {
  /** `SPANLEDGER_DISABLED`: nothing is attached, hooked or written. */
  readonly disabled: boolean;
  /** `SPANLEDGER_ENDPOINT`: URL that takes OTLP/HTTP traces. */
  readonly endpoint: string;
  /** How the receiver knows this process, and this process the receiver. */
  readonly credentials: CredentialConfig;
  /** `SPANLEDGER_SPOOL_DIR`: holds one folder per process. */
  readonly spoolDirectory: string;
  /** `SPANLEDGER_SPOOL_KEY_FILE`: the base64 of 32 bytes, under which everything in the spool is sealed. */
  readonly spoolKeyFile: string | undefined;
  /** `SPANLEDGER_SPOOL_MAX_BYTES`. */
  readonly spoolMaxBytes: number;
  /** `SPANLEDGER_SPOOL_FSYNC`: when what was written has to be on the disk itself. */
  readonly spoolFsync: FsyncPolicy;
  /** `SPANLEDGER_SPOOL_FULL`, and `SPANLEDGER_SPOOL_BLOCK_MS` where it is `block`: how long to wait for room; 0: not at all. */
  readonly spoolBlockMs: number;
  /** `SPANLEDGER_SEND_INTERVAL_MS`: between two requests to the receiver. */
  readonly sendIntervalMs: number;
  /** `SPANLEDGER_CLAIMS`: names of claims that go on local roots and lifecycle events. */
  readonly claims: readonly string[];
  /** `SPANLEDGER_IDENTITY`. */
  readonly identity: IdentityMode;
  /** `SPANLEDGER_IDENTITY_KEY`: the key of the pseudonyms. */
  readonly identityKey: string | undefined;
  /** `SPANLEDGER_RECORD`: what is recorded of traces that the application does not sample. */
  readonly record: RecordMode;
  /** `SPANLEDGER_EXIT_TIMEOUT_MS`. */
  readonly exitTimeoutMs: number;
  /** `SPANLEDGER_PROPAGATE_TO` and `SPANLEDGER_PROPAGATION_*`. */
  readonly propagation: PropagationConfig;
}

/** A configuration, and what was wrong with what was asked for. A wrong value falls back to the default. */
export interface ConfigResult {
  readonly config: InstrumentationConfig;
  /** One sentence per variable; values are not repeated, since one of them may be a secret. */
  readonly problems: readonly string[];
}

/**
 * Reads the `SPANLEDGER_*` variables.
 *
 * @param env - The environment.
 * @param platform - As `process.platform`.
 */
export function readConfig(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): ConfigResult {
  const problems: string[] = [];
  const identity = readIdentity(env['SPANLEDGER_IDENTITY'], problems);
  const config: InstrumentationConfig = Object.freeze({
    disabled: readFlag('SPANLEDGER_DISABLED', env, problems),
    endpoint: readEndpoint(env['SPANLEDGER_ENDPOINT'], problems),
    credentials: readCredentialConfig(env, problems),
    spoolDirectory: text(env['SPANLEDGER_SPOOL_DIR']) ?? defaultSpoolDirectory(env, platform),
    spoolKeyFile: text(env['SPANLEDGER_SPOOL_KEY_FILE']),
    spoolMaxBytes: readInteger(
      'SPANLEDGER_SPOOL_MAX_BYTES',
      env,
      { fallback: DEFAULT_SPOOL_MAX_BYTES, min: MIN_SPOOL_MAX_BYTES, max: Number.MAX_SAFE_INTEGER },
      problems,
    ),
    spoolFsync: readFsync(env['SPANLEDGER_SPOOL_FSYNC'], problems),
    spoolBlockMs: readBlockMs(env, problems),
    sendIntervalMs: readInteger(
      'SPANLEDGER_SEND_INTERVAL_MS',
      env,
      { fallback: DEFAULT_SEND_INTERVAL_MS, min: MIN_SEND_INTERVAL_MS, max: MAX_SEND_INTERVAL_MS },
      problems,
    ),
    claims: readList('SPANLEDGER_CLAIMS', env, problems),
    identity,
    identityKey: text(env['SPANLEDGER_IDENTITY_KEY']),
    record: readRecordMode(env['SPANLEDGER_RECORD'], problems),
    exitTimeoutMs: readInteger(
      'SPANLEDGER_EXIT_TIMEOUT_MS',
      env,
      { fallback: DEFAULT_EXIT_TIMEOUT_MS, min: 0, max: MAX_EXIT_TIMEOUT_MS },
      problems,
    ),
    propagation: readPropagationConfig(env, problems),
  });
  return { config, problems };
}

function text(value: string | undefined): string | undefined {
  const trimmed = value?.trim();
  return trimmed === '' ? undefined : trimmed;
}

function readFlag(name: string, env: NodeJS.ProcessEnv, problems: string[]): boolean {
  const value = text(env[name])?.toLowerCase();
  if (value === undefined || value === 'false' || value === '0') return false;
  if (value === 'true' || value === '1') return true;
  problems.push(`${name} must be true or false; false is used.`);
  return false;
}

function readEndpoint(value: string | undefined, problems: string[]): string {
  const wanted = text(value);
  if (wanted === undefined) return DEFAULT_ENDPOINT;
  const url = URL.canParse(wanted) ? new URL(wanted) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    problems.push(`SPANLEDGER_ENDPOINT must be an http or https URL; ${DEFAULT_ENDPOINT} is used.`);
    return DEFAULT_ENDPOINT;
  }
  // As OTEL_EXPORTER_OTLP_ENDPOINT does: a base URL without a path is where the signals' own paths begin.
  if (url.pathname === '/') url.pathname = '/v1/traces';
  return url.href;
}

function readCredentialConfig(env: NodeJS.ProcessEnv, problems: string[]): CredentialConfig {
  const clientCertFile = text(env['SPANLEDGER_CLIENT_CERT_FILE']);
  const clientKeyFile = text(env['SPANLEDGER_CLIENT_KEY_FILE']);
  if ((clientCertFile === undefined) !== (clientKeyFile === undefined)) {
    problems.push(
      'SPANLEDGER_CLIENT_CERT_FILE and SPANLEDGER_CLIENT_KEY_FILE belong together; no client certificate is shown.',
    );
  }
  return {
    token: readToken(env['SPANLEDGER_TOKEN'], problems),
    tokenFile: text(env['SPANLEDGER_TOKEN_FILE']),
    caFile: text(env['SPANLEDGER_CA_FILE']),
    clientCertFile,
    clientKeyFile,
  };
}

function readToken(value: string | undefined, problems: string[]): string | undefined {
  const token = text(value);
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return token;
  problems.push('SPANLEDGER_TOKEN holds a character that an HTTP header cannot carry; no token is sent.');
  return undefined;
}

function readIdentity(value: string | undefined, problems: string[]): IdentityMode {
  const wanted = text(value) ?? 'full';
  if (wanted === 'full' || wanted === 'pseudonym' || wanted === 'minimal') return wanted;
  // The one fall-back that is not the default: who misspells a privacy setting did not mean less privacy.
  problems.push('SPANLEDGER_IDENTITY must be full, pseudonym or minimal; minimal is used.');
  return 'minimal';
}

function readFsync(value: string | undefined, problems: string[]): FsyncPolicy {
  const wanted = text(value) ?? 'interval';
  if (wanted === 'always' || wanted === 'interval' || wanted === 'off') return wanted;
  problems.push('SPANLEDGER_SPOOL_FSYNC must be always, interval or off; interval is used.');
  return 'interval';
}

function readBlockMs(env: NodeJS.ProcessEnv, problems: string[]): number {
  const wanted = text(env['SPANLEDGER_SPOOL_FULL']) ?? 'count';
  const bounds = { fallback: DEFAULT_SPOOL_BLOCK_MS, min: 1, max: MAX_SPOOL_BLOCK_MS };
  const blockMs = readInteger('SPANLEDGER_SPOOL_BLOCK_MS', env, bounds, problems);
  if (wanted === 'block') return blockMs;
  if (wanted !== 'count') problems.push('SPANLEDGER_SPOOL_FULL must be count or block; count is used.');
  return 0;
}

function readRecordMode(value: string | undefined, problems: string[]): RecordMode {
  const wanted = text(value) ?? 'all';
  if (wanted === 'all' || wanted === 'roots' || wanted === 'sessions') return wanted;
  problems.push('SPANLEDGER_RECORD must be all, roots or sessions; all is used.');
  return 'all';
}

function readInteger(
  name: string,
  env: NodeJS.ProcessEnv,
  bounds: { fallback: number; min: number; max: number },
  problems: string[],
): number {
  const wanted = text(env[name]);
  if (wanted === undefined) return bounds.fallback;
  const number = /^\d+$/.test(wanted) ? Number(wanted) : Number.NaN;
  if (Number.isSafeInteger(number) && number >= bounds.min && number <= bounds.max) return number;
  problems.push(
    `${name} must be a whole number from ${bounds.min} to ${bounds.max}; ${bounds.fallback} is used.`,
  );
  return bounds.fallback;
}

function readList(name: string, env: NodeJS.ProcessEnv, problems: string[]): string[] {
  const names = (env[name] ?? '')
    .split(',')
    .map((claim) => claim.trim())
    .filter((claim) => claim !== '');
  if (names.length <= MAX_CLAIMS) return names;
  problems.push(`${name} names more than ${MAX_CLAIMS} claims; the rest is left out.`);
  return names.slice(0, MAX_CLAIMS);
}

function defaultSpoolDirectory(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  return join(stateDirectory(env, platform), 'spanledger', 'spool', serviceName(env));
}

function stateDirectory(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  if (platform === 'win32') return text(env['LOCALAPPDATA']) ?? join(homedir(), 'AppData', 'Local');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support');
  return text(env['XDG_STATE_HOME']) ?? join(homedir(), '.local', 'state');
}

/** The service's name as a folder name: nothing in it can climb out of the state folder. */
function serviceName(env: NodeJS.ProcessEnv): string {
  const fromResource = /(?:^|,)\s*service\.name=([^,]*)/.exec(env['OTEL_RESOURCE_ATTRIBUTES'] ?? '')?.[1];
  const name = text(env['OTEL_SERVICE_NAME']) ?? text(fromResource) ?? 'unknown_service';
  return name.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 100);
}
