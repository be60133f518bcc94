export { formatPeriod, parsePeriod } from './period.ts';
export { DEFAULT_CLASS, MAX_CLASSES } from './retention-class.ts';
export type { RetentionClass, RetentionConfig } from './retention-class.ts';
export { openRetentionDatabase, RetentionTable } from './retention-table.ts';
export { RetentionKeeper } from './retention-keeper.ts';
export { pruneRecord, RETENTION_KIND } from './purge-record.ts';
export { Purger } from './purger.ts';
export type { HoldInForce, RetentionPlan } from './purger.ts';
