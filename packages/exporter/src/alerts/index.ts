export { openAlertList, openAlerts } from './alert-store.ts';
export type { AlertList } from './alert-store.ts';
export type { AlertRow } from './alert-table.ts';
export { loadRules } from './built-in-rules.ts';
export { replayRules } from './replay.ts';
export { SEVERITY_SCORES } from './rule.ts';
export type { RuleChoice } from './built-in-rules.ts';
