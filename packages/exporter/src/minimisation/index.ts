export { FIELD_ACTIONS, MAX_FIELD_RULES, MAX_RULE_NAME_LENGTH, MAX_RULE_NAMES } from './field-rule.ts';
export type { FieldAction } from './field-rule.ts';
export { refuseAction, selectFields } from './field-selection.ts';
export { Minimiser } from './minimiser.ts';
export type { MinimisationConfig, Quarantined } from './minimiser.ts';
export { quarantinedFields } from './quarantine.ts';
