import type { JsonObject, JsonValue } from '@spanledger/record';

/** How the text of a variable becomes a value; what cannot be read is left as text for the schema to refuse. */
type Reading = 'text' | 'number' | 'boolean';

/** One environment variable that overrides a field of the file. */
export interface EnvironmentOverride {
  variable: string;
  /** Path of the field in `spanledger.yaml`. */
  field: readonly string[];
  reading: Reading;
}

/** All of them; docs/configuration.md holds the same table. An empty variable counts as not set. */
export const ENVIRONMENT_OVERRIDES: readonly EnvironmentOverride[] = [
  { variable: 'SPANLEDGER_DATA_DIRECTORY', field: ['data_directory'], reading: 'text' },
  { variable: 'SPANLEDGER_HOST', field: ['listen', 'host'], reading: 'text' },
  { variable: 'SPANLEDGER_PORT', field: ['listen', 'port'], reading: 'number' },
  { variable: 'SPANLEDGER_INSECURE', field: ['insecure'], reading: 'boolean' },
  { variable: 'SPANLEDGER_TLS_CERT_FILE', field: ['tls', 'cert_file'], reading: 'text' },
  { variable: 'SPANLEDGER_TLS_KEY_FILE', field: ['tls', 'key_file'], reading: 'text' },
  { variable: 'SPANLEDGER_TLS_CLIENT_CA_FILE', field: ['tls', 'client_ca_file'], reading: 'text' },
  { variable: 'SPANLEDGER_TLS_CLIENT_CERTIFICATE', field: ['tls', 'client_certificate'], reading: 'text' },
  { variable: 'SPANLEDGER_TLS_MIN_VERSION', field: ['tls', 'min_version'], reading: 'text' },
  { variable: 'SPANLEDGER_ACCESS_REQUIRED', field: ['access', 'required'], reading: 'boolean' },
  { variable: 'SPANLEDGER_PUBLIC_LOG', field: ['access', 'public_log'], reading: 'boolean' },
  { variable: 'SPANLEDGER_RECORD_READING', field: ['access', 'record_reading'], reading: 'boolean' },
  { variable: 'SPANLEDGER_ORIGIN', field: ['ledger', 'origin'], reading: 'text' },
  { variable: 'SPANLEDGER_PUBLISH_INTERVAL_MS', field: ['ledger', 'publish_interval_ms'], reading: 'number' },
  { variable: 'SPANLEDGER_VERIFY_EVERY_HOURS', field: ['ledger', 'verify_every_hours'], reading: 'number' },
  { variable: 'SPANLEDGER_WITNESS_QUORUM', field: ['ledger', 'witness_quorum'], reading: 'number' },
  { variable: 'SPANLEDGER_WITNESS_TIMEOUT_MS', field: ['ledger', 'witness_timeout_ms'], reading: 'number' },
  {
    variable: 'SPANLEDGER_WHEN_WITNESSES_MISSING',
    field: ['ledger', 'when_witnesses_missing'],
    reading: 'text',
  },
  {
    variable: 'SPANLEDGER_SEGMENT_MAX_AGE_MS',
    field: ['journal', 'segment_max_age_ms'],
    reading: 'number',
  },
  {
    variable: 'SPANLEDGER_ACCEPT_LOST_OPENINGS',
    field: ['privacy', 'accept_lost_openings'],
    reading: 'boolean',
  },
  { variable: 'SPANLEDGER_FOUR_EYES', field: ['privacy', 'four_eyes'], reading: 'boolean' },
  { variable: 'SPANLEDGER_INDEX_DRIVER', field: ['index', 'driver'], reading: 'text' },
  { variable: 'SPANLEDGER_ELASTICSEARCH_URL', field: ['elasticsearch', 'url'], reading: 'text' },
  { variable: 'SPANLEDGER_ELASTICSEARCH_NAMESPACE', field: ['elasticsearch', 'namespace'], reading: 'text' },
  {
    variable: 'SPANLEDGER_ELASTICSEARCH_API_KEY_FILE',
    field: ['elasticsearch', 'api_key_file'],
    reading: 'text',
  },
  {
    variable: 'SPANLEDGER_ELASTICSEARCH_ERASER_API_KEY_FILE',
    field: ['elasticsearch', 'eraser_api_key_file'],
    reading: 'text',
  },
  {
    variable: 'SPANLEDGER_ELASTICSEARCH_READER_API_KEY_FILE',
    field: ['elasticsearch', 'reader_api_key_file'],
    reading: 'text',
  },
  { variable: 'SPANLEDGER_ELASTICSEARCH_CA_FILE', field: ['elasticsearch', 'ca_file'], reading: 'text' },
  {
    variable: 'SPANLEDGER_ELASTICSEARCH_VERIFY_EVERY_MINUTES',
    field: ['elasticsearch', 'verify_every_minutes'],
    reading: 'number',
  },
  { variable: 'SPANLEDGER_POLICY_FILE', field: ['policy', 'file'], reading: 'text' },
  { variable: 'SPANLEDGER_TELEMETRY_INDEX', field: ['telemetry', 'index'], reading: 'boolean' },
  { variable: 'SPANLEDGER_LOG_LEVEL', field: ['log', 'level'], reading: 'text' },
  { variable: 'SPANLEDGER_LOG_FORMAT', field: ['log', 'format'], reading: 'text' },
];

/** Names the configuration file; `--config` has precedence. */
export const CONFIG_VARIABLE = 'SPANLEDGER_CONFIG';

/** The key-encryption key, base64; never in a file that is also read for other things. */
export const KEK_VARIABLE = 'SPANLEDGER_KEK';

/** A command that prints it, a JSON list: `["/usr/local/bin/unwrap-kek", "spanledger"]`. */
export const KEK_COMMAND_VARIABLE = 'SPANLEDGER_KEK_COMMAND';

/**
 * Lays the environment over what the file said.
 *
 * @param document - the parsed file; changed in place
 * @param sources - receives, by dotted field name, the variable that the value came from
 */
export function applyEnvironment(
  document: JsonObject,
  env: NodeJS.ProcessEnv,
  sources: Map<string, string>,
): void {
  for (const { variable, field, reading } of ENVIRONMENT_OVERRIDES) {
    const text = env[variable];
    if (text === undefined || text === '') continue;
    setField(document, field, readText(text, reading));
    sources.set(field.join('.'), `the environment variable ${variable}`);
  }
}

/** Sets a field by its path; an object is made where there is none, and a value that is in the way stays. */
export function setField(document: JsonObject, field: readonly string[], value: JsonValue): void {
  let object = document;
  for (const name of field.slice(0, -1)) {
    const inner = object[name] ?? (object[name] = {});
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return;
    object = inner;
  }
  const last = field.at(-1);
  if (last !== undefined) object[last] = value;
}

function readText(text: string, reading: Reading): JsonValue {
  if (reading === 'number' && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (reading === 'boolean' && /^(1|true)$/i.test(text)) return true;
  if (reading === 'boolean' && /^(0|false)$/i.test(text)) return false;
  return text;
}
