export { ALERT_ACTIONS, SEVERITIES } from './alert.ts';
export type { AlertAction, Severity } from './alert.ts';
export { DeliveryState } from './delivery-state.ts';
export type { AlertDeadLetter } from './delivery-state.ts';
export { Notifier } from './notifier.ts';
export type { SecretSource, TargetConfig } from './target-config.ts';
export { tryTarget } from './test-alert.ts';
export type { TargetTrial } from './test-alert.ts';
export type { TargetStatus } from './target-delivery.ts';
