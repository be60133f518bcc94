import { AUDIT_VIEW } from './data-views.ts';
import { QUERIES } from './searches.ts';

/** Something that somebody should be told of. */
export interface Watch {
  id: string;
  name: string;
  description: string;
  /** KQL. */
  query: string;
  /** Told once there are at least so many within the window, by value of the field. */
  least: number;
  field: string;
  minutes: number;
  severity: 'low' | 'medium' | 'high';
}

const RISK: Record<Watch['severity'], number> = { low: 21, medium: 47, high: 73 };

/** What is watched; each becomes an es-query rule and a detection rule. */
export const watches: readonly Watch[] = [
  {
    id: 'spanledger-failed-logins',
    name: 'Several failed logins at an application',
    description: 'Three or more refused authorizations of one client within a quarter of an hour.',
    query: QUERIES.failedLogins,
    least: 3,
    field: 'oidc.client_id',
    minutes: 15,
    severity: 'medium',
  },
  {
    id: 'spanledger-scope-mismatches',
    name: 'A session is refused again and again',
    description:
      'Two or more calls of one session whose scopes did not suffice, within a quarter of an hour.',
    query: QUERIES.scopeMismatches,
    least: 2,
    field: 'audit.session.id',
    minutes: 15,
    severity: 'medium',
  },
  {
    id: 'spanledger-use-after-logout',
    name: 'A session is used after it has ended',
    description: 'Two or more calls under a session that had ended, the one that ended it included.',
    query: QUERIES.afterLogout,
    least: 2,
    field: 'audit.session.id',
    minutes: 60,
    severity: 'high',
  },
  {
    id: 'spanledger-records-lost',
    name: 'Records were lost',
    description: 'A producer reports that it numbered records that it could not keep.',
    query: QUERIES.lost,
    least: 1,
    field: 'service.name',
    minutes: 60,
    severity: 'high',
  },
  {
    id: 'spanledger-key-changed',
    name: 'A key of the log was changed',
    description: 'A signing key of the log was added, retired or revoked.',
    query: QUERIES.keyChanges,
    least: 1,
    field: 'event.action',
    minutes: 60,
    severity: 'high',
  },
];

/** The body of `POST /api/alerting/rule/<id>`, which makes an es-query rule. */
export function renderAlertRule(watch: Watch): Record<string, unknown> {
  return {
    id: watch.id,
    name: `[Audit] ${watch.name}`,
    rule_type_id: '.es-query',
    consumer: 'alerts',
    schedule: { interval: '5m' },
    tags: ['spanledger'],
    actions: [],
    params: {
      searchType: 'searchSource',
      searchConfiguration: {
        query: { query: watch.query, language: 'kuery' },
        index: AUDIT_VIEW,
        filter: [],
      },
      timeField: '@timestamp',
      timeWindowSize: watch.minutes,
      timeWindowUnit: 'm',
      threshold: [watch.least],
      thresholdComparator: '>=',
      aggType: 'count',
      groupBy: 'top',
      termField: watch.field,
      termSize: 100,
      size: 100,
      excludeHitsFromPreviousRun: true,
    },
  };
}

/** A detection rule of the security application, a line of what it imports. Off until somebody turns it on. */
export function renderDetectionRule(watch: Watch): Record<string, unknown> {
  return {
    rule_id: watch.id,
    name: `[Audit] ${watch.name}`,
    description: watch.description,
    risk_score: RISK[watch.severity],
    severity: watch.severity,
    type: 'threshold',
    language: 'kuery',
    index: ['logs-spanledger.audit-*'],
    query: watch.query,
    threshold: { field: [watch.field], value: watch.least, cardinality: [] },
    from: `now-${watch.minutes + 5}m`,
    to: 'now',
    interval: '5m',
    enabled: false,
    version: 1,
    max_signals: 100,
    tags: ['Use Case: Identity and Access Audit'],
    author: [],
    false_positives: [],
    references: [],
    threat: [],
    exceptions_list: [],
    actions: [],
    related_integrations: [],
    required_fields: [],
    setup: '',
    risk_score_mapping: [],
    severity_mapping: [],
  };
}
