export { formatPeriod, parsePeriod } from './period.ts';
export { DEFAULT_CLASS, MAX_CLASSES } from './retention-class.ts';
export type { RetentionClass, RetentionConfig, RetentionMatch } from './retention-class.ts';
export { RetentionKeeper } from './retention-keeper.ts';
export { Purger } from './purger.ts';
export type { ClassForecast, HoldInForce, RetentionPlan } from './purger.ts';
