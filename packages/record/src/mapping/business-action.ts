import { ATTR_AUDIT_ACTION, ATTR_AUDIT_OUTCOME, ATTR_AUDIT_TARGET_TYPE } from '../attributes.ts';
import type { Outcome } from '../audit-record.ts';
import type { OtlpAttributes } from '../span.ts';

/** An action that the application named. */
export interface BusinessAction {
  /** As the application wrote it: `event.action`. */
  name: string;
  /** `audit.target.type`, where the application gave one. */
  targetType: string | undefined;
  /** `audit.outcome`, where the application said how it ended. */
  outcome: Outcome | undefined;
}

/** These names stand in the clear, so they must be names: no blanks, no addresses, no free text. */
const NAME = /^[A-Za-z][A-Za-z0-9_.:-]{0,127}$/;

/** Reads the action; undefined where there is none or its name is no name. */
export function businessAction(attributes: OtlpAttributes): BusinessAction | undefined {
  const name = readName(attributes, ATTR_AUDIT_ACTION);
  if (name === undefined) return undefined;
  const outcome = attributes.get(ATTR_AUDIT_OUTCOME);
  return {
    name,
    targetType: readName(attributes, ATTR_AUDIT_TARGET_TYPE),
    outcome: isOutcome(outcome) ? outcome : undefined,
  };
}

function isOutcome(value: unknown): value is Outcome {
  return value === 'success' || value === 'failure' || value === 'unknown';
}

function readName(attributes: OtlpAttributes, key: string): string | undefined {
  const value = attributes.get(key);
  return typeof value === 'string' && NAME.test(value) ? value : undefined;
}
