import { z } from 'zod';

import {
  DEFAULT_CLASS,
  MAX_CLASSES,
  parsePeriod,
  type RetentionClass,
  type RetentionConfig,
} from '../retention/index.ts';

const DEFAULT_GRACE_HOURS = 24;
const MAX_GRACE_HOURS = 8760;
const MS_PER_HOUR = 3_600_000;
const MAX_ITEMS = 100;
const MAX_TEXT_LENGTH = 256;

const NAME = /^[a-z][a-z0-9-]{0,31}$/;
const NAME_ADVICE =
  'must be a name of small letters, digits and hyphens, e.g. seven-years; what is kept beside the classes is retention.default';

/** `match` of a class as the file has it; each field one value or a list of them. */
interface MatchFields {
  policy_rule?: string | string[] | undefined;
  category?: string | string[] | undefined;
  outcome?: string | string[] | undefined;
  kind?: string | string[] | undefined;
  action?: string | string[] | undefined;
  service?: string | string[] | undefined;
}

/** `retention` as the file has it. */
export interface RetentionFields {
  default?: string | undefined;
  classes?: Record<string, { keep: string; match?: MatchFields | undefined }> | undefined;
  grace_hours?: number | undefined;
}

const period = z
  .string('must be a period, e.g. 90d, 36h or forever')
  .refine(
    (text) => parsePeriod(text) !== undefined,
    'must be a period: a number and d, h, m or s, e.g. 90d; or forever',
  );

function oneOrMore<T extends string>(item: z.ZodType<T>): z.ZodOptional<z.ZodType<T | T[]>> {
  return z
    .union([item, z.array(item).min(1).max(MAX_ITEMS)], 'must be one value or a list of them')
    .optional();
}

const text = z.string().min(1).max(MAX_TEXT_LENGTH);
const match: z.ZodType<MatchFields> = z
  .strictObject({
    policy_rule: oneOrMore(text),
    category: oneOrMore(text),
    outcome: oneOrMore(z.enum(['success', 'failure', 'unknown'])),
    kind: oneOrMore(z.enum(['event', 'state', 'alert'])),
    action: oneOrMore(text),
    service: oneOrMore(text),
    role: z
      .undefined(
        'is not in the clear: give the rule of the audit policy that matches the role this class (its retention)',
      )
      .optional(),
  })
  .refine((fields) => Object.keys(fields).length > 0, 'must name at least one field, or be left out');

/** `retention` of the configuration file. */
export const retentionSchema: z.ZodOptional<z.ZodType<RetentionFields>> = z
  .strictObject({
    default: period.optional(),
    classes: z
      .record(
        z.string().refine((name) => NAME.test(name) && name !== DEFAULT_CLASS),
        z.strictObject({ keep: period, match: match.optional() }),
        {
          error: (issue) =>
            issue.code === 'invalid_key' ? NAME_ADVICE : 'must be a mapping of names to { keep, match }',
        },
      )
      .refine(
        (classes) => Object.keys(classes).length < MAX_CLASSES,
        `must be at most ${MAX_CLASSES - 1} classes`,
      )
      .optional(),
    grace_hours: z
      .number('must be a number of hours')
      .min(0, 'must be at least 0')
      .max(MAX_GRACE_HOURS, `must be at most ${MAX_GRACE_HOURS}`)
      .optional(),
  })
  .optional();

/** Completes what the file says; undefined: everything is kept for ever. */
export function readRetention(fields: RetentionFields | undefined): RetentionConfig | undefined {
  if (fields === undefined) return undefined;
  const classes = Object.entries(fields.classes ?? {}).map(
    ([name, { keep, match: matched }]): RetentionClass => {
      return {
        name,
        keepMs: parsePeriod(keep) ?? Number.POSITIVE_INFINITY,
        ...(matched !== undefined && { match: readMatch(matched) }),
      };
    },
  );
  const keepMs = parsePeriod(fields.default ?? 'forever') ?? Number.POSITIVE_INFINITY;
  return {
    classes: [...classes, { name: DEFAULT_CLASS, keepMs }],
    graceMs: (fields.grace_hours ?? DEFAULT_GRACE_HOURS) * MS_PER_HOUR,
  };
}

function readMatch(fields: MatchFields): NonNullable<RetentionClass['match']> {
  const { policy_rule: policyRule, ...others } = fields;
  const lists = Object.entries({ ...others, policyRule }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, [value].flat()] as const],
  );
  return Object.fromEntries(lists);
}
