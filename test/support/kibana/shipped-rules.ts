import { z } from 'zod';
import { readLines } from './shipped-objects.ts';

const alertRule = z.strictObject({
  id: z.uuid(),
  rule: z.strictObject({
    name: z.string().min(1),
    rule_type_id: z.literal('.es-query'),
    consumer: z.literal('stackAlerts'),
    enabled: z.literal(false),
    schedule: z.strictObject({ interval: z.string().regex(/^\d+m$/) }),
    tags: z.array(z.string()),
    actions: z.tuple([]),
    params: z
      .strictObject({
        searchType: z.literal('searchSource'),
        searchConfiguration: z.strictObject({
          query: z.strictObject({ language: z.literal('kuery'), query: z.string() }),
          index: z.string(),
          filter: z.tuple([]),
        }),
        timeField: z.literal('@timestamp'),
        timeWindowSize: z.int().min(1),
        timeWindowUnit: z.literal('m'),
        thresholdComparator: z.enum(['>', '<']),
        threshold: z.tuple([z.int().min(0)]),
        size: z.int().min(1).max(10_000),
        aggType: z.literal('count'),
        excludeHitsFromPreviousRun: z.boolean(),
        groupBy: z.enum(['all', 'top']),
        termField: z.string().optional(),
        termSize: z.int().min(1).max(1000).optional(),
      })
      .refine(({ groupBy, termField, termSize }) => {
        const isGrouped = termField !== undefined && termSize !== undefined;
        return (groupBy === 'top') === isGrouped;
      }, 'a group needs a field'),
  }),
});

const named = { name: z.string().min(1), reference: z.url({ hostname: /^attack\.mitre\.org$/ }) };
const detectionBase = {
  from: z.string().regex(/^now-\d+m$/),
  interval: z.string().regex(/^\d+m$/),
  to: z.literal('now'),
  rule_id: z.string().regex(/^spanledger-[a-z-]+$/),
  name: z.string().min(1),
  description: z.string().min(1),
  severity: z.enum(['low', 'medium', 'high', 'critical']),
  risk_score: z.int().min(0).max(100),
  language: z.literal('kuery'),
  query: z.string().min(1),
  index: z.tuple([z.literal('logs-spanledger.audit-*')]),
  enabled: z.literal(false),
  version: z.int().min(1),
  max_signals: z.int().min(1).max(1000),
  author: z.array(z.string()),
  license: z.literal('Apache-2.0'),
  tags: z.array(z.string()),
  false_positives: z.array(z.string()).min(1),
  references: z.array(z.url()),
  threat: z.array(
    z.strictObject({
      framework: z.literal('MITRE ATT&CK'),
      tactic: z.strictObject({ id: z.string().regex(/^TA\d{4}$/), ...named }),
      technique: z
        .array(
          z.strictObject({
            id: z.string().regex(/^T\d{4}$/),
            ...named,
            subtechnique: z.array(z.strictObject({ id: z.string().regex(/^T\d{4}\.\d{3}$/), ...named })),
          }),
        )
        .min(1),
    }),
  ),
  exceptions_list: z.tuple([]),
  actions: z.tuple([]),
};

const detectionRule = z.discriminatedUnion('type', [
  z.strictObject({ ...detectionBase, type: z.literal('query') }),
  z.strictObject({
    ...detectionBase,
    type: z.literal('threshold'),
    threshold: z.strictObject({
      field: z.array(z.string()).min(1).max(5),
      value: z.int().min(1),
      cardinality: z.array(z.strictObject({ field: z.string(), value: z.int().min(2) })).max(1),
    }),
  }),
  z.strictObject({
    ...detectionBase,
    type: z.literal('new_terms'),
    new_terms_fields: z.array(z.string()).min(1).max(3),
    history_window_start: z.string().regex(/^now-\d+d$/),
  }),
]);

/** An es-query rule as the alerting API takes it in. */
export type ShippedAlertRule = z.infer<typeof alertRule>;
/** A rule of the detection engine as its import takes it in. */
export type ShippedDetectionRule = z.infer<typeof detectionRule>;

/** Takes one alert rule in: no member more, none less. */
export function parseAlertRule(value: unknown): ShippedAlertRule {
  return alertRule.parse(value);
}

/** Takes one detection rule in: no member more, none less. */
export function parseDetectionRule(value: unknown): ShippedDetectionRule {
  return detectionRule.parse(value);
}

/** The rules of `alert-rules.ndjson`. */
export function shippedAlertRules(): ShippedAlertRule[] {
  return readLines('alert-rules.ndjson').map(parseAlertRule);
}

/** The rules of `detection-rules.ndjson`. */
export function shippedDetectionRules(): ShippedDetectionRule[] {
  return readLines('detection-rules.ndjson').map(parseDetectionRule);
}
