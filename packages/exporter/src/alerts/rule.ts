import type { AlertSeverity } from '@spanledger/record';

/** What a field is held against: a text (with `*` for anything), a number, true or false; null: it has no value. */
export type FieldTest = string | number | boolean | null;

/** Fields with what they are held against; all of them must fit, and of a list one. */
export type FieldTests = Readonly<Record<string, FieldTest | readonly FieldTest[]>>;

/** Fields of which all must fit, or several such groups of which one must. */
export type Selection = FieldTests | readonly FieldTests[];

/** A rule's condition: names of selections, joined. */
export type Condition =
  | { type: 'selection'; name: string }
  | { type: 'not'; operand: Condition }
  | { type: 'and' | 'or'; operands: readonly Condition[] };

/** Which stretches a value is compared with, and from where on it is too much. */
export interface Baseline {
  /** Fields whose values must agree for values to be comparable. */
  readonly among: readonly string[];
  /** So many robust deviations (1.4826 times the median absolute deviation) above the median. */
  readonly deviations: number;
  /** Never below this. */
  readonly atLeast: number;
  /** No judgement before so many values. */
  readonly samples: number;
}

/** What makes records that match an alert. All numbers of records are per key, within the rule's window. */
export type Detection =
  /** So many records. */
  | { readonly type: 'count'; readonly atLeast: number }
  /** The values of a field add up to so much, or there are so many records. */
  | { readonly type: 'sum'; readonly field: string; readonly atLeast: number; readonly orCount: number }
  /** A field has so many different values. */
  | { readonly type: 'distinct'; readonly field: string; readonly atLeast: number }
  /** The value of a field changes so often from one record to the next. */
  | { readonly type: 'changes'; readonly field: string; readonly atLeast: number }
  /** One record of each selection, in this order. */
  | { readonly type: 'sequence'; readonly steps: readonly string[] }
  /** After a record that matches, none of this selection within the window. */
  | { readonly type: 'absence'; readonly of: string }
  /** The key was never seen before, and the rule knows the log for so long. */
  | { readonly type: 'first'; readonly learningMs: number }
  /** The key was not seen for so long, and was seen before. */
  | { readonly type: 'return'; readonly afterMs: number }
  /** So many records in a stretch of time as is unusual. */
  | { readonly type: 'rate'; readonly perMs: number; readonly baseline: Baseline }
  /** So many records whose field has an unusually high value. */
  | {
      readonly type: 'outliers';
      readonly field: string;
      readonly count: number;
      readonly baseline: Baseline;
    };

/** What shows that the cause of an alert is over. */
export interface Resolution {
  /** The selection of records that show it. */
  readonly by: string;
  /** Whether such a record ends what it names as evidence, and not everything of its group. */
  readonly isOfEach: boolean;
}

/** What a rule's alerts may be a sign of, in the words of MITRE ATT&CK. */
export interface Threat {
  readonly tactic: { readonly id: string; readonly name: string };
  readonly technique: { readonly id: string; readonly name: string };
}

/** A rule: data alone. docs/alerts.md explains each part. */
export interface AlertRule {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly version: string;
  readonly severity: AlertSeverity;
  /** A field of the record that names the severity instead, where it has one. */
  readonly severityField: string | undefined;
  readonly threat: Threat | undefined;
  readonly selections: ReadonlyMap<string, Selection>;
  readonly condition: Condition;
  /** What of a record makes the key: records of different keys have nothing to do with one another. */
  readonly groupBy: readonly string[];
  readonly windowMs: number;
  /** For so long after an alert, its key raises no other. */
  readonly suppressMs: number;
  readonly detection: Detection;
  /** What ends its alerts; undefined: somebody resolves them. */
  readonly resolution: Resolution | undefined;
}

/** `event.severity` of each severity, as Elastic's detection rules have it. */
export const SEVERITY_SCORES: Readonly<Record<AlertSeverity, number>> = {
  low: 21,
  medium: 47,
  high: 73,
  critical: 99,
};

/** True for the name of a severity. */
export function isSeverity(value: unknown): value is AlertSeverity {
  return typeof value === 'string' && Object.hasOwn(SEVERITY_SCORES, value);
}
