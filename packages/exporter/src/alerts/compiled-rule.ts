import { fieldReader, type FieldReader } from './record-field.ts';
import type { AlertRule } from './rule.ts';
import { compileCondition, compileSelection, type Predicate } from './selection.ts';

/** A rule with what its fields and conditions are read by. */
export interface CompiledRule {
  rule: AlertRule;
  matches: Predicate;
  selections: ReadonlyMap<string, Predicate>;
  groupBy: readonly FieldReader[];
  /** What must follow. */
  absent?: Predicate;
  /** The field that is summed up, told apart or compared. */
  value?: FieldReader;
  /** What makes values comparable. */
  among: readonly FieldReader[];
  severity?: FieldReader;
  /** True where of records with the same value the first and the last tell everything. */
  hasRuns: boolean;
}

/** Prepares a rule. */
export function compileRule(rule: AlertRule): CompiledRule {
  const { detection, severityField } = rule;
  const selections = new Map(
    [...rule.selections].map(([name, selection]) => [name, compileSelection(selection)]),
  );
  const absent = detection.type === 'absence' ? selections.get(detection.of) : undefined;
  return {
    rule,
    matches: compileCondition(rule.condition, selections),
    selections,
    hasRuns: ['changes', 'distinct', 'sequence'].includes(detection.type),
    groupBy: rule.groupBy.map(fieldReader),
    among: 'baseline' in detection ? detection.baseline.among.map(fieldReader) : [],
    ...(absent !== undefined && { absent }),
    ...('field' in detection && { value: fieldReader(detection.field) }),
    ...(severityField !== undefined && { severity: fieldReader(severityField) }),
  };
}
