export { readCapabilities } from './capabilities.ts';
export type { Capabilities, OptionalFieldType } from './capabilities.ts';
export { openElasticsearch, readApiKey } from './connection.ts';
export type { Credentials, ElasticsearchAccess } from './connection.ts';
export { describeFailure, isAnswer } from './failure.ts';
export { streamNames } from './stream-names.ts';
export type { StreamNames } from './stream-names.ts';
