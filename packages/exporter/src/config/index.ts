export { ENVIRONMENT_OVERRIDES } from './environment.ts';
export type { EnvironmentOverride } from './environment.ts';
export { CONFIG_FILE_NAME, DEFAULT_PORT, isLoopback, loadConfig } from './load.ts';
export type { ConfigSources } from './load.ts';
export type { Config, LogFormat, LogLevel } from './schema.ts';
