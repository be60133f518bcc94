export type {
  Archive,
  SearchOrder,
  SearchPage,
  SearchRequest,
  SessionDetail,
  SessionsPage,
  SessionsRequest,
  SessionSummary,
} from './archive-types.ts';
export {
  CONFIG_FILE_NAME,
  DEFAULT_PORT,
  ENVIRONMENT_OVERRIDES,
  isLoopback,
  loadConfig,
} from './config/index.ts';
export type { Config, ConfigSources, EnvironmentOverride, LogFormat, LogLevel } from './config/index.ts';
export { dataDirectory } from './data-directory.ts';
export type { DataDirectory } from './data-directory.ts';
export { ExporterError } from './errors.ts';
export type { ExporterErrorCode } from './errors.ts';
export { createLog } from './log.ts';
export type { LogOptions } from './log.ts';
export { startService } from './service.ts';
export type { Service, ServiceOptions } from './service.ts';
