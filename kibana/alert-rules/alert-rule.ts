import { ids } from '../saved-objects/ids.ts';
import type { Json } from '../saved-objects/saved-object.ts';

/** A rule of Kibana's alerting that counts what a query finds. */
export interface AlertRule {
  /** A UUID, as Kibana asks of ids that it did not make; never changed. */
  readonly id: string;
  /** The body of `POST /api/alerting/rule/<id>`. */
  readonly rule: Readonly<Record<string, Json>>;
}

/** What makes a rule. */
export interface AlertRuleSketch {
  readonly id: string;
  readonly name: string;
  /** KQL. */
  readonly query: string;
  /** How far back each run looks, and how often it runs. */
  readonly minutes: number;
  /** By default: more than none. */
  readonly comparator?: '>' | '<';
  readonly threshold?: number;
  /** Counts for each value of a field by itself. */
  readonly groupBy?: string;
}

/** Makes a rule; it notifies nobody before a connector is added to it. */
export function alertRule(sketch: AlertRuleSketch): AlertRule {
  const { id, name, query, minutes, comparator = '>', threshold = 0, groupBy } = sketch;
  const group =
    groupBy === undefined ? { groupBy: 'all' } : { groupBy: 'top', termField: groupBy, termSize: MAX_GROUPS };
  return {
    id,
    rule: {
      name: `[Spanledger] ${name}`,
      rule_type_id: '.es-query',
      consumer: 'stackAlerts',
      enabled: false,
      schedule: { interval: `${minutes}m` },
      tags: ['spanledger'],
      actions: [],
      params: {
        searchType: 'searchSource',
        searchConfiguration: { query: { language: 'kuery', query }, index: ids.audit, filter: [] },
        timeField: '@timestamp',
        timeWindowSize: minutes,
        timeWindowUnit: 'm',
        thresholdComparator: comparator,
        threshold: [threshold],
        size: MAX_DOCUMENTS,
        aggType: 'count',
        excludeHitsFromPreviousRun: comparator === '>',
        ...group,
      },
    },
  };
}

/** Documents that a notification can tell of. */
const MAX_DOCUMENTS = 100;
/** Groups that are looked at: those with the most documents. */
const MAX_GROUPS = 100;
