export { checkAccess, openElasticsearch, readApiKey } from './connection.ts';
export type { ElasticsearchAccess } from './connection.ts';
export { describeFailure } from './failure.ts';
export { streamNames } from './stream-names.ts';
export { readStreamPeriods } from './stream-period.ts';
export type { StreamPeriod } from './stream-period.ts';
export { ElasticsearchSetup } from './setup/setup.ts';
export type { CreatedKey } from './setup/setup.ts';
export type { SetupChange } from './setup/plan.ts';
