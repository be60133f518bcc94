/** What of an Elasticsearch is ours, in one namespace. */
export interface StreamNames {
  /** Data stream of the audit records. */
  readonly audit: string;
  /** Data stream of the alerts. */
  readonly alerts: string;
  /** Index of the sessions, one document each, which changes. */
  readonly sessions: string;
  /** Data stream of the spans themselves, as the collector's exporter names it. */
  readonly traces: string;
}

/**
 * The names of everything that we write to.
 *
 * @param namespace - `elasticsearch.namespace` of the configuration
 */
export function streamNames(namespace: string): StreamNames {
  return {
    audit: `logs-spanledger.audit-${namespace}`,
    alerts: `logs-spanledger.alerts-${namespace}`,
    sessions: `spanledger.sessions-${namespace}`,
    traces: `traces-generic.otel-${namespace}`,
  };
}
