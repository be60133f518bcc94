export type { CompletenessConfig } from './completeness.ts';
export { ENVIRONMENT_OVERRIDES } from './environment.ts';
export type { EnvironmentOverride } from './environment.ts';
export { NAMESPACE } from './elasticsearch.ts';
export type { ApiKeySource, ElasticsearchConfig } from './elasticsearch.ts';
export { CONFIG_FILE_NAME, DEFAULT_PORT, loadConfig } from './load.ts';
export { isLoopback } from './loopback.ts';
export type { ConfigSources } from './load.ts';
export type { Config, LogFormat, LogLevel } from './schema.ts';
