import { z } from 'zod';
import type { AlertSeverity } from '@spanledger/record';

import type { FieldTest } from './rule.ts';

const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** The longest time that a rule may look back. */
const MAX_DURATION_MS = 366 * 86_400_000;

/** The most records of one key that a rule may wait for. */
const MAX_THRESHOLD = 1_000_000_000_000;
const MAX_GROUP_FIELDS = 4;
const MAX_STEPS = 8;
const MAX_SAMPLES = 200;
const MAX_TEXT = 1024;

/** A rule as a file has it. */
export interface RuleFields {
  id: string;
  name: string;
  description?: string | undefined;
  version: number | string;
  severity: AlertSeverity;
  severity_field?: string | undefined;
  threat?: { tactic: ThreatName; technique: ThreatName } | undefined;
  select: Record<string, TestFields | TestFields[]>;
  when?: string | undefined;
  group_by: string[];
  /** Milliseconds, as are all times. */
  window?: number | undefined;
  suppress?: number | undefined;
  alert_if: DetectionFields;
  resolve_if?: ResolutionFields | undefined;
}

/** `resolve_if`: exactly one of them. */
interface ResolutionFields {
  each?: string | undefined;
  all?: string | undefined;
}

type TestFields = Record<string, FieldTest | FieldTest[]>;

interface ThreatName {
  id: string;
  name: string;
}

interface ThresholdFields {
  field: string;
  at_least: number;
}

interface BaselineFields {
  among?: string[] | undefined;
  deviations: number;
  at_least: number;
  samples?: number | undefined;
}

/** `alert_if`: exactly one of them. */
export interface DetectionFields {
  count?: number | undefined;
  sum?: (ThresholdFields & { or_count?: number | undefined }) | undefined;
  distinct?: ThresholdFields | undefined;
  changes?: ThresholdFields | undefined;
  sequence?: string[] | undefined;
  absence?: string | undefined;
  first?: { learning: number } | undefined;
  return?: { after: number } | undefined;
  rate?: (BaselineFields & { per: number }) | undefined;
  outliers?: (BaselineFields & { field: string; count: number }) | undefined;
}

/** The ways in which `alert_if` may be said. */
export const DETECTION_NAMES = [
  'absence',
  'changes',
  'count',
  'distinct',
  'first',
  'outliers',
  'rate',
  'return',
  'sequence',
  'sum',
] as const;

const duration: z.ZodType<number> = z
  .string('must be a time such as 90s, 10m, 2h or 30d')
  .regex(/^\d{1,6}[smhd]$/, 'must be a time such as 90s, 10m, 2h or 30d')
  .transform((text) => Number(text.slice(0, -1)) * (UNITS_MS[text.slice(-1)] ?? 0))
  .refine((ms) => ms > 0 && ms <= MAX_DURATION_MS, 'must be between 1s and 366d');

const field = z
  .string('must be the name of a field, e.g. client.address')
  .regex(/^[^\s|.]+(\.[^\s|.]+)*(\|network)?$/, 'must be the name of a field, e.g. client.address')
  .max(256);
const word = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be up to 64 small letters, digits and hyphens');
const text = z.string('must be a text').min(1, 'must not be empty').max(MAX_TEXT);
const selectionName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_-]{0,63}$/, 'must be a name of letters, digits, _ and -');
const whole = (min: number): z.ZodNumber =>
  z
    .number('must be a number')
    .int('must be a whole number')
    .min(min, `must be at least ${min}`)
    .max(MAX_THRESHOLD);
const test = z.union(
  [z.string(), z.number(), z.boolean(), z.null()],
  'must be a text, a number, true, false or null',
);
const tests = z
  .record(
    z.string().regex(/^[^\s|.]+(\.[^\s|.]+)*(\|[a-z]+)?$/, 'must be the name of a field'),
    z.union([test, z.array(test).min(1)], 'must be a value or a list of values'),
  )
  .refine((fields) => Object.keys(fields).length > 0, 'must name at least one field');
const threatName = z.strictObject({ id: text, name: text });
const atLeast = z.number('must be a number').positive('must be above 0').max(MAX_THRESHOLD);
const threshold = z.strictObject({ field, at_least: atLeast });
const baseline = {
  among: z.array(field, 'must be a list of fields').max(MAX_GROUP_FIELDS).optional(),
  deviations: z.number('must be a number').positive().max(1000),
  at_least: z.number('must be a number').min(0).max(MAX_THRESHOLD),
  samples: z.number().int().min(5).max(MAX_SAMPLES).optional(),
};

const detection: z.ZodType<DetectionFields> = z
  .strictObject({
    count: whole(1).optional(),
    sum: z.strictObject({ field, at_least: atLeast, or_count: whole(1).optional() }).optional(),
    distinct: threshold.optional(),
    changes: threshold.optional(),
    sequence: z.array(selectionName).min(2, 'must name at least two selections').max(MAX_STEPS).optional(),
    absence: selectionName.optional(),
    first: z.strictObject({ learning: duration }).optional(),
    return: z.strictObject({ after: duration }).optional(),
    rate: z.strictObject({ ...baseline, per: duration }).optional(),
    outliers: z.strictObject({ ...baseline, field, count: whole(1) }).optional(),
  })
  .refine(
    (fields) => Object.values(fields).filter((value) => value !== undefined).length === 1,
    `must have exactly one of ${DETECTION_NAMES.join(', ')}`,
  );

/** One rule of a file. */
export const ruleSchema: z.ZodType<RuleFields> = z.strictObject({
  id: word,
  name: text,
  description: text.optional(),
  version: z.union([z.number().int().min(1), text], 'must be a number or a text'),
  severity: z.enum(['low', 'medium', 'high', 'critical'], 'must be low, medium, high or critical'),
  severity_field: field.optional(),
  threat: z.strictObject({ tactic: threatName, technique: threatName }).optional(),
  select: z
    .record(
      selectionName,
      z.union([tests, z.array(tests).min(1)], 'must be fields with values, or a list of such'),
    )
    .refine((selections) => Object.keys(selections).length > 0, 'must have at least one selection'),
  when: text.optional(),
  group_by: z
    .array(field, 'must be a list of fields')
    .max(MAX_GROUP_FIELDS, `must be at most ${MAX_GROUP_FIELDS}`),
  window: duration.optional(),
  suppress: duration.optional(),
  alert_if: detection,
  resolve_if: z
    .strictObject({ each: selectionName.optional(), all: selectionName.optional() })
    .refine(
      ({ each, all }) => (each === undefined) !== (all === undefined),
      'must have exactly one of each, all',
    )
    .optional(),
});
