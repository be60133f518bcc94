import { join, resolve } from 'node:path';

/** The paths inside a data directory. Nothing is read or created by asking for them. */
export interface DataDirectory {
  /** Absolute path of the data directory itself; the ledger package owns `ledger/`, `journal/` and the lock in `state/`. */
  root: string;
  /** tlog-tiles layout, servable as static files. */
  ledger: string;
  /** The log's newest verification key: one signed-note vkey line. */
  vkeyFile: string;
  journal: string;
  vaultFile: string;
  indexFile: string;
  sessionsFile: string;
  completenessFile: string;
  alertsFile: string;
  /** When each record was recorded, its class, and what was purged. */
  retentionFile: string;
  /** Private keys, mode 0700. */
  keys: string;
  /** The log's first Ed25519 signing key, PKCS8 PEM, 0600; later ones are `ledger-<key ID>.key` beside it. */
  ledgerKeyFile: string;
  /** The key-encryption key, 32 random bytes, 0600; absent where the environment brings it. */
  kekFile: string;
  /** While another key-encryption key takes the place of the one before: says so. */
  kekRotationFile: string;
  /** Changes of the key-encryption key that are no records yet: a file each. */
  kekRotations: string;
  /** The key of the blind index, wrapped by the key-encryption key. */
  indexKeyFile: string;
  /** The key under which references are found again, wrapped by the key-encryption key. */
  referenceKeyFile: string;
  /** One wrapped key per journal segment. */
  epochKeys: string;
  state: string;
  /** How far an anchor is. */
  anchorFile: (name: string) => string;
  /** How far the provider's events are compared with the ledger. */
  reconcilerFile: string;
  /** A wish to change the log's keys, for the service to take up. */
  keyRequestFile: string;
  /** Why the last one was refused. */
  keyRefusalFile: string;
  /** How many key statements are records of the log. */
  keyStatementsFile: string;
  /** Which records of which producer were already taken in. */
  producersFile: string;
  /** How far the index in Elasticsearch is, and what it refused. */
  elasticsearchFile: string;
  /** The same of the stream of alerts. */
  elasticsearchAlertsFile: string;
  /** How far the sessions are copied there. */
  elasticsearchSessionsFile: string;
  /** Which alerts wait for which target, and what none took. */
  deliveryFile: string;
  /** Erasures and legal holds. */
  privacyFile: string;
  /** The hash of the first audit policy that was in force; empty once there was none any more. */
  policyFile: string;
  /** Spans that the audit policy left out and no record accounts for yet: a file each window. */
  policySkips: string;
  /** The log's origin, drawn once. */
  originFile: string;
  /** What is kept of each token: a file each, without the token. */
  tokens: string;
  /** What of them is in the ledger. */
  tokenChronicleFile: string;
  /** The keys of providers, and which of their signals were recorded. */
  signals: string;
}

/**
 * Names the files of a data directory.
 *
 * @param directory - the data directory, absolute or relative to the working directory
 */
export function dataDirectory(directory: string): DataDirectory {
  const root = resolve(directory);
  const keys = join(root, 'keys');
  const state = join(root, 'state');
  return {
    root,
    ledger: join(root, 'ledger'),
    vkeyFile: join(root, 'ledger.vkey'),
    journal: join(root, 'journal'),
    vaultFile: join(root, 'vault', 'vault.db'),
    indexFile: join(root, 'index', 'index.db'),
    sessionsFile: join(root, 'sessions', 'sessions.db'),
    completenessFile: join(root, 'completeness', 'producers.db'),
    alertsFile: join(root, 'alerts', 'alerts.db'),
    retentionFile: join(root, 'retention', 'retention.db'),
    keys,
    ledgerKeyFile: join(keys, 'ledger.key'),
    kekFile: join(keys, 'kek'),
    kekRotationFile: join(keys, 'kek-rotation.json'),
    kekRotations: join(state, 'kek-rotations'),
    indexKeyFile: join(keys, 'index.key'),
    referenceKeyFile: join(keys, 'references.key'),
    epochKeys: join(keys, 'epochs'),
    state,
    anchorFile: (name) => join(state, 'anchors', `${name}.json`),
    reconcilerFile: join(state, 'reconciler.json'),
    keyRequestFile: join(state, 'key-request.json'),
    keyRefusalFile: join(state, 'key-request.refused.json'),
    keyStatementsFile: join(state, 'key-statements'),
    producersFile: join(state, 'producers.json'),
    elasticsearchFile: join(state, 'elasticsearch.db'),
    elasticsearchAlertsFile: join(state, 'elasticsearch-alerts.db'),
    elasticsearchSessionsFile: join(state, 'elasticsearch-sessions.json'),
    deliveryFile: join(state, 'delivery.db'),
    privacyFile: join(state, 'privacy.db'),
    policyFile: join(state, 'policy'),
    policySkips: join(state, 'policy-skips'),
    originFile: join(state, 'origin'),
    tokens: join(state, 'tokens'),
    tokenChronicleFile: join(state, 'token-chronicle.json'),
    signals: join(state, 'signals'),
  };
}
